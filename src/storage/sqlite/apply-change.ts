/** One change within the open transaction: all of its writes and events, or none. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Change, OutboxRow, Write } from '../interface.ts';
import type { Outcome } from './messages.ts';

export interface ChangeApplier {
  /** Applies the change within its own savepoint. Throws when the transaction itself cannot go on. */
  apply(change: Change): Outcome;
  forget(eventId: string): void;
}

export function changeApplier(database: DatabaseSync): ChangeApplier {
  const statements = prepareStatements(database);
  return {
    apply: (change) => {
      statements.savepoint.run();
      const outcome = attempt(statements, change);
      if (outcome !== null) statements.rollback.run();
      statements.release.run();
      return outcome;
    },
    forget: (eventId) => {
      statements.forget.run(eventId);
    },
  };
}

function attempt(statements: Statements, { writes, events }: Change): Outcome {
  for (const [index, write] of writes.entries()) {
    try {
      if (!holds(statements, write)) return index;
    } catch (error) {
      if (isPrecondition(error)) return index;
      if (isInvalidRow(error)) return `write ${index} (${write.do}) is not valid: ${error.message}`;
      throw error;
    }
  }
  for (const [index, event] of events.entries()) {
    try {
      insertEvent(statements, event);
    } catch (error) {
      if (isPrecondition(error) || isInvalidRow(error))
        return `event ${index} is not valid: ${error.message}`;
      throw error;
    }
  }
  return null;
}

/** Does the write; false when what it presumes is not so. */
function holds(statements: Statements, write: Write): boolean {
  switch (write.do) {
    case 'insertKey': {
      const { accountId, region, keyId, version, manager, body } = write.row;
      return changed(statements.insertKey, accountId, region, keyId, version, manager, body);
    }
    case 'updateKey': {
      const { accountId, region, keyId, version, manager, body } = write.row;
      return changed(statements.updateKey, version, body, accountId, region, keyId, version - 1, manager);
    }
    case 'deleteKey':
      return changed(statements.deleteKey, write.accountId, write.region, write.keyId, write.version);
    case 'insertKeyMaterial': {
      const { accountId, region, keyId, materialId, domainKeyVersion, sealed, body } = write.row;
      return changed(
        statements.insertKeyMaterial,
        accountId,
        region,
        keyId,
        materialId,
        domainKeyVersion,
        sealed,
        body,
      );
    }
    case 'updateKeyMaterial': {
      const { accountId, region, keyId, materialId, domainKeyVersion, sealed, body } = write.row;
      return changed(
        statements.updateKeyMaterial,
        domainKeyVersion,
        sealed,
        body,
        accountId,
        region,
        keyId,
        materialId,
      );
    }
    case 'insertAlias': {
      const { accountId, region, aliasName, version, targetKeyId, body } = write.row;
      return changed(statements.insertAlias, accountId, region, aliasName, version, targetKeyId, body);
    }
    case 'updateAlias': {
      const { accountId, region, aliasName, version, targetKeyId, body } = write.row;
      return changed(
        statements.updateAlias,
        version,
        targetKeyId,
        body,
        accountId,
        region,
        aliasName,
        version - 1,
      );
    }
    case 'deleteAlias':
      return changed(statements.deleteAlias, write.accountId, write.region, write.aliasName, write.version);
    case 'insertDomainKey': {
      const { region, version, rootKeyId, sealed, createdMs } = write.row;
      return changed(statements.insertDomainKey, region, version, rootKeyId, sealed, createdMs);
    }
    case 'updateDomainKey': {
      const { region, version, rootKeyId, sealed, createdMs } = write.row;
      return changed(statements.updateDomainKey, rootKeyId, sealed, createdMs, region, version);
    }
    case 'deleteDomainKey':
      return changed(statements.deleteDomainKey, write.region, write.version);
    case 'insertAccessKey': {
      const { accessKeyId, accountId, version, sealedSecret, body } = write.row;
      return changed(statements.insertAccessKey, accessKeyId, accountId, version, sealedSecret, body);
    }
    case 'updateAccessKey': {
      const { accessKeyId, accountId, version, sealedSecret, body } = write.row;
      return changed(
        statements.updateAccessKey,
        version,
        sealedSecret,
        body,
        accessKeyId,
        accountId,
        version - 1,
      );
    }
    case 'putMeta':
      return changed(statements.putMeta, write.row.name, write.row.value);
    case 'requireKeysBelow':
      return statements.keysBelow.get(write.accountId, write.region, write.max) !== undefined;
    case 'requireAliasesBelow':
      return statements.aliasesBelow.get(write.accountId, write.region, write.keyId, write.max) !== undefined;
    default:
      return write satisfies never;
  }
}

function insertEvent(statements: Statements, { eventId, logSizeBefore, record }: OutboxRow): void {
  statements.insertEvent.run(eventId, logSizeBefore, record);
}

const changed = (statement: StatementSync, ...values: (string | number | Uint8Array)[]): boolean =>
  statement.run(...values).changes === 1;

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  const key = 'account_id = ? AND region = ? AND key_id = ?';
  const alias = 'account_id = ? AND region = ? AND alias_name = ?';
  return {
    savepoint: database.prepare('SAVEPOINT change'),
    rollback: database.prepare('ROLLBACK TO change'),
    release: database.prepare('RELEASE change'),
    insertKey: database.prepare(
      'INSERT INTO kms_key (account_id, region, key_id, version, manager, body) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    updateKey: database.prepare(
      `UPDATE kms_key SET version = ?, body = ? WHERE ${key} AND version = ? AND manager = ?`,
    ),
    deleteKey: database.prepare(`DELETE FROM kms_key WHERE ${key} AND version = ?`),
    insertKeyMaterial: database.prepare(
      'INSERT INTO key_material (account_id, region, key_id, material_id, domain_key_version, sealed, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    updateKeyMaterial: database.prepare(
      `UPDATE key_material SET domain_key_version = ?, sealed = ?, body = ? WHERE ${key} AND material_id = ?`,
    ),
    insertAlias: database.prepare(
      'INSERT INTO alias (account_id, region, alias_name, version, target_key_id, body) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    updateAlias: database.prepare(
      `UPDATE alias SET version = ?, target_key_id = ?, body = ? WHERE ${alias} AND version = ?`,
    ),
    deleteAlias: database.prepare(`DELETE FROM alias WHERE ${alias} AND version = ?`),
    insertDomainKey: database.prepare(
      'INSERT INTO domain_key (region, version, root_key_id, sealed, created_ms) VALUES (?, ?, ?, ?, ?)',
    ),
    updateDomainKey: database.prepare(
      'UPDATE domain_key SET root_key_id = ?, sealed = ?, created_ms = ? WHERE region = ? AND version = ?',
    ),
    deleteDomainKey: database.prepare('DELETE FROM domain_key WHERE region = ? AND version = ?'),
    insertAccessKey: database.prepare(
      'INSERT INTO access_key (access_key_id, account_id, version, sealed_secret, body) VALUES (?, ?, ?, ?, ?)',
    ),
    updateAccessKey: database.prepare(
      'UPDATE access_key SET version = ?, sealed_secret = ?, body = ? WHERE access_key_id = ? AND account_id = ? AND version = ?',
    ),
    putMeta: database.prepare(
      'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    ),
    keysBelow: database.prepare(
      'SELECT 1 WHERE coalesce((SELECT customer_keys FROM key_count WHERE account_id = ? AND region = ?), 0) < ?',
    ),
    aliasesBelow: database.prepare(
      'SELECT 1 WHERE (SELECT count(*) FROM alias WHERE account_id = ? AND region = ? AND target_key_id = ?) < ?',
    ),
    insertEvent: database.prepare('INSERT INTO outbox (event_id, log_size_before, record) VALUES (?, ?, ?)'),
    forget: database.prepare('DELETE FROM outbox WHERE event_id = ?'),
  };
}

// SQLite's extended result codes.
const constraintForeignKey = 787;
const constraintPrimaryKey = 1555;
const constraintUnique = 2067;
const constraintCheck = 275;
const constraintNotNull = 1299;
const constraintDatatype = 3091;

const isPrecondition = (error: unknown): error is Error =>
  hasCode(error, [constraintForeignKey, constraintPrimaryKey, constraintUnique]);

/** A row that the caller should never have made: only its change is refused. */
const isInvalidRow = (error: unknown): error is Error =>
  hasCode(error, [constraintCheck, constraintNotNull, constraintDatatype]) ||
  (error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_ARG_TYPE');

const hasCode = (error: unknown, codes: readonly number[]): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  codes.includes(error.errcode);
