/**
 * What `holdfast doctor` can say of a database that no server has open. It reads
 * everything and changes nothing. Synchronous work in bulk: for a command, not for a server.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { databaseFile, directoryMode, fileMode, lockFile } from '../data-directory.ts';
import { holdUnchanged } from '../directory-lock.ts';
import { migrations } from '../migrations/migration.ts';
import { checkLines, DatabaseRefused, reason, requireOwnDatabase, requireSchema } from './database.ts';

export interface Inspection {
  readonly databasePath: string;
  readonly databaseBytes: number;
  /** Of the database, 0 when it is empty, undefined when it could not be read. */
  readonly schemaVersion: number | undefined;
  readonly programSchemaVersion: number;
  /** Undefined when the database could not be read. */
  readonly rows: Readonly<Record<CountedTable, number>> | undefined;
  /** Not empty after a crash: the next start copies it into the database. */
  readonly writeAheadLogBytes: number;
  /** File names of what was kept before migrations. */
  readonly migrationCopies: readonly string[];
  /** What is wrong, a sentence each; empty when all is well. */
  readonly problems: readonly string[];
}

type CountedTable = keyof typeof countStatements;

const countStatements = {
  domainKeys: 'SELECT count(*) AS rows FROM domain_key',
  keys: 'SELECT count(*) AS rows FROM kms_key',
  keyMaterials: 'SELECT count(*) AS rows FROM key_material',
  aliases: 'SELECT count(*) AS rows FROM alias',
  accessKeys: 'SELECT count(*) AS rows FROM access_key',
  meta: 'SELECT count(*) AS rows FROM meta',
  outbox: 'SELECT count(*) AS rows FROM outbox',
};

/**
 * Undefined when the directory holds no database. Rejects with `DirectoryInUse` while a server has it
 * open, and with the file system's error when it cannot be read at all.
 */
export async function inspect(directory: string): Promise<Inspection | undefined> {
  // Without a lock file no server ever ran here, and what a reader leaves behind is left.
  if (!(await readdir(directory)).includes(lockFile)) return inspectUnused(directory, false);
  const release = await holdUnchanged(directory);
  try {
    return await inspectUnused(directory, true);
  } finally {
    release();
  }
}

async function inspectUnused(directory: string, isHeld: boolean): Promise<Inspection | undefined> {
  const names = await readdir(directory);
  if (!names.includes(databaseFile)) return undefined;
  const path = join(directory, databaseFile);
  const found = readDatabase(path);
  // A reader leaves an empty write-ahead log and its index behind. While the directory is held they are its own.
  for (const made of ['-shm', '-wal']) {
    if (isHeld && !names.includes(`${databaseFile}${made}`)) await rm(`${path}${made}`, { force: true });
  }
  return {
    databasePath: path,
    databaseBytes: (await stat(path)).size,
    programSchemaVersion: migrations.length,
    writeAheadLogBytes: await sizeOrZero(`${path}-wal`),
    migrationCopies: names.filter((name) => name.startsWith(`${databaseFile}.before-migration-`)),
    ...found,
    problems: [...(await modeProblems(directory, names)), ...found.problems],
  };
}

function readDatabase(path: string): Pick<Inspection, 'schemaVersion' | 'rows' | 'problems'> {
  const problems: string[] = [];
  let keeper: DatabaseSync | undefined;
  let database: DatabaseSync | undefined;
  let schemaVersion: number | undefined;
  let rows: Inspection['rows'];
  try {
    // SQLite checks no CHECK constraint on a read-only connection. The other one may write, and must not:
    // the last connection to close would copy the write-ahead log into the database, so it is not the last.
    keeper = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    keeper.exec('SELECT count(*) FROM sqlite_schema');
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
    schemaVersion = requireOwnDatabase(database, path, migrations.length);
    problems.push(...checkLines(database, 'PRAGMA integrity_check(20)').map((line) => `integrity: ${line}`));
    if (schemaVersion > 0) {
      requireSchema(database, path, migrations.slice(0, schemaVersion));
      problems.push(...danglingRows(database));
    }
    if (schemaVersion === migrations.length) {
      rows = countRows(database);
      problems.push(...miscounted(database), ...eventsUncounted(database));
    }
  } catch (error) {
    problems.push(
      error instanceof DatabaseRefused ? error.message : `\`${path}\` cannot be read: ${reason(error)}`,
    );
  } finally {
    database?.close();
    keeper?.close();
  }
  return { schemaVersion, rows, problems };
}

function countRows(database: DatabaseSync): Readonly<Record<CountedTable, number>> {
  const count = (table: CountedTable): number => Number(database.prepare(countStatements[table]).get()?.rows);
  return {
    domainKeys: count('domainKeys'),
    keys: count('keys'),
    keyMaterials: count('keyMaterials'),
    aliases: count('aliases'),
    accessKeys: count('accessKeys'),
    meta: count('meta'),
    outbox: count('outbox'),
  };
}

const danglingRows = (database: DatabaseSync): string[] =>
  checkLines(database, 'PRAGMA foreign_key_check')
    .slice(0, 20)
    .map((line) => `a row refers to one that is missing: ${line}`);

/** The quota's counter against what it counts. */
const miscounted = (database: DatabaseSync): string[] =>
  database
    .prepare(
      `SELECT account_id, region, sum(counted) AS counted, sum(stored) AS stored FROM (
         SELECT account_id, region, customer_keys AS counted, 0 AS stored FROM key_count
         UNION ALL
         SELECT account_id, region, 0, count(*) FROM kms_key WHERE manager = 'CUSTOMER' GROUP BY account_id, region
       ) GROUP BY account_id, region HAVING sum(counted) <> sum(stored) LIMIT 20`,
    )
    .all()
    .map(
      ({ account_id, region, counted, stored }) =>
        `account ${account_id} has ${stored} customer keys in ${region} and its quota counts ${counted}`,
    );

/** SQLite's own table of the last number given has no constraints that the integrity check could prove. */
const eventsUncounted = (database: DatabaseSync): string[] =>
  database
    .prepare(`SELECT 1 FROM sqlite_sequence WHERE name = 'outbox' AND typeof(seq) <> 'integer'`)
    .all()
    .map(() => 'the count of committed events is no number');

async function modeProblems(directory: string, names: readonly string[]): Promise<string[]> {
  const problems: string[] = [];
  const require = async (path: string, mode: number): Promise<void> => {
    const actual = (await stat(path)).mode & 0o777;
    if (actual !== mode) {
      problems.push(`\`${path}\` has mode ${actual.toString(8)}: run \`chmod ${mode.toString(8)} ${path}\``);
    }
  };
  await require(directory, directoryMode);
  for (const name of names) {
    if (name.startsWith(databaseFile) || name === lockFile) await require(join(directory, name), fileMode);
  }
  return problems;
}

async function sizeOrZero(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
