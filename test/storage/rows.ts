/** Well-formed rows to vary. */
import type {
  AccessKeyRow,
  AliasRow,
  Change,
  DomainKeyRow,
  KeyMaterialRow,
  KeyRow,
  OutboxRow,
  Write,
} from '../../src/storage/interface.ts';

export const accountId = '111122223333';
export const region = 'eu-central-1';

export const keyRow = (keyId: string, given: Partial<KeyRow> = {}): KeyRow => ({
  accountId,
  region,
  keyId,
  version: 1,
  manager: 'CUSTOMER',
  body: `{"description":"key ${keyId}"}`,
  ...given,
});

export const materialRow = (keyId: string, given: Partial<KeyMaterialRow> = {}): KeyMaterialRow => ({
  accountId,
  region,
  keyId,
  materialId: 'a'.repeat(64),
  domainKeyVersion: 1,
  sealed: bytes(`material of ${keyId}`),
  body: '{"order":0}',
  ...given,
});

export const aliasRow = (name: string, targetKeyId: string, given: Partial<AliasRow> = {}): AliasRow => ({
  accountId,
  region,
  aliasName: `alias/${name}`,
  version: 1,
  targetKeyId,
  body: '{"createdMs":0}',
  ...given,
});

export const domainKeyRow = (version: number, given: Partial<DomainKeyRow> = {}): DomainKeyRow => ({
  region,
  version,
  rootKeyId: 'root-1',
  sealed: bytes(`domain key ${version}`),
  createdMs: 1_700_000_000_000,
  ...given,
});

export const accessKeyRow = (accessKeyId: string, given: Partial<AccessKeyRow> = {}): AccessKeyRow => ({
  accessKeyId,
  accountId,
  version: 1,
  sealedSecret: bytes('secret'),
  body: '{}',
  ...given,
});

export const event = (eventId: string, given: Partial<OutboxRow> = {}): OutboxRow => ({
  eventId,
  logSizeBefore: 7,
  record: bytes(`{"eventID":"${eventId}"}`),
  ...given,
});

export const change = (writes: readonly Write[], events: readonly OutboxRow[] = []): Change => ({
  writes,
  events,
});

export const insertKey = (keyId: string, given: Partial<KeyRow> = {}): Write => ({
  do: 'insertKey',
  row: keyRow(keyId, given),
});

export const updateKey = (keyId: string, version: number, given: Partial<KeyRow> = {}): Write => ({
  do: 'updateKey',
  row: keyRow(keyId, { version, ...given }),
});

export const insertAlias = (name: string, targetKeyId: string): Write => ({
  do: 'insertAlias',
  row: aliasRow(name, targetKeyId),
});

export const insertDomainKey = (version: number): Write => ({
  do: 'insertDomainKey',
  row: domainKeyRow(version),
});

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
