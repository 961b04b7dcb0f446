/**
 * Version 1: domain keys, keys with their material and aliases, access keys, named values and the
 * outbox. The constraints are the one definition of what a stored row looks like: they refuse a bad
 * write, and the check at open proves every stored row against them.
 *
 * `length` stops at a NUL and `octet_length` does not, so their equality says: ASCII without NUL.
 */
export const keysAndOutbox = `
CREATE TABLE domain_key (
  region TEXT NOT NULL
    CONSTRAINT region_format CHECK (octet_length(region) <= 32 AND length(region) = octet_length(region) AND region NOT GLOB '*[^a-z0-9-]*'),
  version INTEGER NOT NULL
    CONSTRAINT version_range CHECK (version BETWEEN 1 AND 9007199254740991),
  root_key_id TEXT NOT NULL
    CONSTRAINT root_key_id_format CHECK (octet_length(root_key_id) BETWEEN 1 AND 256 AND length(root_key_id) = octet_length(root_key_id) AND root_key_id NOT GLOB '*[^!-~]*'),
  sealed BLOB NOT NULL
    CONSTRAINT sealed_size CHECK (octet_length(sealed) BETWEEN 1 AND 65536),
  created_ms INTEGER NOT NULL
    CONSTRAINT created_ms_range CHECK (created_ms BETWEEN 0 AND 9007199254740991),
  UNIQUE (region, version)
) STRICT;

CREATE TABLE kms_key (
  account_id TEXT NOT NULL
    CONSTRAINT account_id_format CHECK (octet_length(account_id) = 12 AND length(account_id) = 12 AND account_id NOT GLOB '*[^0-9]*'),
  region TEXT NOT NULL
    CONSTRAINT region_format CHECK (octet_length(region) BETWEEN 1 AND 32 AND length(region) = octet_length(region) AND region NOT GLOB '*[^a-z0-9-]*'),
  key_id TEXT NOT NULL
    CONSTRAINT key_id_format CHECK (octet_length(key_id) BETWEEN 1 AND 128 AND length(key_id) = octet_length(key_id) AND key_id NOT GLOB '*[^a-zA-Z0-9_-]*'),
  version INTEGER NOT NULL
    CONSTRAINT version_range CHECK (version BETWEEN 1 AND 9007199254740991),
  manager TEXT NOT NULL
    CONSTRAINT manager_known CHECK (manager IN ('CUSTOMER', 'AWS')),
  body TEXT NOT NULL
    CONSTRAINT body_json CHECK (octet_length(body) <= 262144 AND json_valid(body)),
  UNIQUE (account_id, region, key_id)
) STRICT;

-- The quota is checked in every CreateKey: counting the keys themselves would cost more with each.
CREATE TABLE key_count (
  account_id TEXT NOT NULL,
  region TEXT NOT NULL,
  customer_keys INTEGER NOT NULL
    CONSTRAINT customer_keys_range CHECK (customer_keys BETWEEN 0 AND 9007199254740991),
  PRIMARY KEY (account_id, region)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER kms_key_inserted AFTER INSERT ON kms_key WHEN new.manager = 'CUSTOMER' BEGIN
  INSERT INTO key_count (account_id, region, customer_keys) VALUES (new.account_id, new.region, 1)
    ON CONFLICT (account_id, region) DO UPDATE SET customer_keys = customer_keys + 1;
END;

CREATE TRIGGER kms_key_deleted AFTER DELETE ON kms_key WHEN old.manager = 'CUSTOMER' BEGIN
  UPDATE key_count SET customer_keys = customer_keys - 1 WHERE account_id = old.account_id AND region = old.region;
END;

-- A domain key that still seals something cannot be deleted, and nothing can be stored under one
-- that is gone: either would be the loss of keys.
CREATE TABLE key_material (
  account_id TEXT NOT NULL,
  region TEXT NOT NULL,
  key_id TEXT NOT NULL,
  material_id TEXT NOT NULL
    CONSTRAINT material_id_format CHECK (octet_length(material_id) = 64 AND length(material_id) = 64 AND material_id NOT GLOB '*[^0-9a-f]*'),
  domain_key_version INTEGER NOT NULL,
  sealed BLOB NOT NULL
    CONSTRAINT sealed_size CHECK (octet_length(sealed) BETWEEN 1 AND 65536),
  body TEXT NOT NULL
    CONSTRAINT body_json CHECK (octet_length(body) <= 262144 AND json_valid(body)),
  UNIQUE (account_id, region, key_id, material_id),
  FOREIGN KEY (account_id, region, key_id) REFERENCES kms_key (account_id, region, key_id) ON DELETE CASCADE,
  FOREIGN KEY (region, domain_key_version) REFERENCES domain_key (region, version)
) STRICT;

CREATE INDEX key_material_by_domain_key ON key_material (region, domain_key_version);

CREATE TABLE alias (
  account_id TEXT NOT NULL,
  region TEXT NOT NULL,
  alias_name TEXT NOT NULL
    CONSTRAINT alias_name_format CHECK (octet_length(alias_name) BETWEEN 7 AND 256 AND length(alias_name) = octet_length(alias_name) AND alias_name GLOB 'alias/*' AND alias_name NOT GLOB '*[^a-zA-Z0-9/_-]*'),
  version INTEGER NOT NULL
    CONSTRAINT version_range CHECK (version BETWEEN 1 AND 9007199254740991),
  target_key_id TEXT NOT NULL,
  body TEXT NOT NULL
    CONSTRAINT body_json CHECK (octet_length(body) <= 262144 AND json_valid(body)),
  UNIQUE (account_id, region, alias_name),
  FOREIGN KEY (account_id, region, target_key_id) REFERENCES kms_key (account_id, region, key_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX alias_by_target ON alias (account_id, region, target_key_id);

CREATE TABLE access_key (
  access_key_id TEXT NOT NULL UNIQUE
    CONSTRAINT access_key_id_format CHECK (octet_length(access_key_id) BETWEEN 1 AND 128 AND length(access_key_id) = octet_length(access_key_id) AND access_key_id NOT GLOB '*[^!-~]*' AND instr(access_key_id, '/') = 0),
  account_id TEXT NOT NULL
    CONSTRAINT account_id_format CHECK (octet_length(account_id) = 12 AND length(account_id) = 12 AND account_id NOT GLOB '*[^0-9]*'),
  version INTEGER NOT NULL
    CONSTRAINT version_range CHECK (version BETWEEN 1 AND 9007199254740991),
  sealed_secret BLOB NOT NULL
    CONSTRAINT sealed_secret_size CHECK (octet_length(sealed_secret) BETWEEN 1 AND 65536),
  body TEXT NOT NULL
    CONSTRAINT body_json CHECK (octet_length(body) <= 262144 AND json_valid(body))
) STRICT;

CREATE TABLE meta (
  name TEXT NOT NULL UNIQUE
    CONSTRAINT name_format CHECK (octet_length(name) BETWEEN 1 AND 128 AND length(name) = octet_length(name) AND name NOT GLOB '*[^!-~]*'),
  value BLOB NOT NULL
    CONSTRAINT value_size CHECK (octet_length(value) <= 1048576)
) STRICT;

-- In the order of commit: the log receives what a crash left here in the same order. No number is
-- given twice, so the last one tells how many events were ever committed.
CREATE TABLE outbox (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE
    CONSTRAINT event_id_format CHECK (octet_length(event_id) BETWEEN 1 AND 128 AND length(event_id) = octet_length(event_id) AND event_id NOT GLOB '*[^!-~]*'),
  log_size_before INTEGER NOT NULL
    CONSTRAINT log_size_before_range CHECK (log_size_before BETWEEN 0 AND 9007199254740991),
  record BLOB NOT NULL
    CONSTRAINT record_size CHECK (octet_length(record) BETWEEN 1 AND 1048576)
) STRICT;
`;
