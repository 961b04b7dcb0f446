/**
 * Opening the database file: identity, version, integrity and schema are proven before anything is
 * read from it or written to it; then it is brought to this program's version.
 */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Migration } from '../migrations/migration.ts';
import type { OpenRequest } from './messages.ts';

/** `HLDF`: says in the file's header whose database this is. */
export const applicationId = 0x484c4446;

/** Why a database is not opened, in words for the operator. */
export class DatabaseRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseRefused';
  }
}

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** The version it had, when it was migrated: a copy of that state is at the path asked for. */
  readonly migratedFrom?: number;
}

/** The file exists, if only empty: its mode was set by whoever made it. Throws `DatabaseRefused`. */
export function openDatabase({ databasePath, migrations, copyPath }: OpenRequest): OpenedDatabase {
  const latest = migrations.length;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(databasePath, { timeout: 0, enableForeignKeyConstraints: false });
    database.exec(connectionPragmas);
    const version = requireOwnDatabase(database, databasePath, latest);
    if (version > 0) {
      requireSound(database, databasePath);
      requireSchema(database, databasePath, migrations.slice(0, version));
      requireReferences(database, databasePath);
    }
    database.exec(walPragmas);
    // What a crash left in the write-ahead log may be key material that was to be destroyed.
    if (version > 0) database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const stored = version > 0 && version < latest;
    if (stored) keepCopy(database, copyPath);
    migrate(database, migrations.slice(version), stored ? ` A copy from before is \`${copyPath}\`.` : '');
    database.exec('PRAGMA foreign_keys = ON');
    return stored ? { database, migratedFrom: version } : { database };
  } catch (cause) {
    database?.close();
    throw cause instanceof DatabaseRefused ? cause : unusable(databasePath, cause);
  }
}

/**
 * The version of the database, 0 for an empty file; throws when it is another program's or made by a
 * later version of this one.
 */
export function requireOwnDatabase(database: DatabaseSync, path: string, latest: number): number {
  const id = pragmaNumber(database, 'application_id');
  const version = pragmaNumber(database, 'user_version');
  if (id === 0 && version === 0 && readSchema(database).length === 0) return 0;
  if (id !== applicationId || version < 1) {
    throw new DatabaseRefused(`\`${path}\` is not a Holdfast database: give another data directory`);
  }
  if (version > latest) {
    throw new DatabaseRefused(
      `\`${path}\` has schema version ${version} and this program knows ${latest}: run the newer program, or restore the copy that was kept before it migrated`,
    );
  }
  return version;
}

/** Structure and constraints of every row, but not that indexes agree with tables (the doctor checks that too). */
function requireSound(database: DatabaseSync, path: string): void {
  const found = checkLines(database, 'PRAGMA quick_check(3)');
  if (found.length > 0) throw damaged(path, found.join('; '));
}

/** Every key material and alias has its key: only an editor that was held by no rule leaves one without. */
function requireReferences(database: DatabaseSync, path: string): void {
  const [found] = checkLines(database, 'PRAGMA foreign_key_check');
  if (found !== undefined) throw damaged(path, `a row refers to one that is missing: ${found}`);
}

/**
 * The schema must be, word for word, what the migrations make: a removed constraint would let a bad
 * row pass, and an added trigger would change what a commit does.
 */
export function requireSchema(database: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  const reference = new DatabaseSync(':memory:', { enableForeignKeyConstraints: false });
  try {
    for (const { sql } of migrations) reference.exec(sql);
    const expected = readSchema(reference);
    const actual = readSchema(database);
    const differs = [
      ...actual.filter((line) => !expected.includes(line)),
      ...expected.filter((line) => !actual.includes(line)),
    ];
    if (differs.length > 0) {
      throw damaged(path, `its schema was changed: ${differs[0]?.slice(0, 100).replaceAll(/\s+/g, ' ')}`);
    }
  } finally {
    reference.close();
  }
}

/** What `quick_check`, `integrity_check` or `foreign_key_check` found, one problem a line. */
export function checkLines(database: DatabaseSync, check: string): string[] {
  return database
    .prepare(check)
    .all()
    .map((row) => Object.values(row).join(' ').replaceAll(/\s+/g, ' '))
    .filter((line) => line !== 'ok');
}

/** Reads a whole-number setting of the database. The names are this program's own. */
export function pragmaNumber(
  database: DatabaseSync,
  name: 'application_id' | 'user_version' | 'page_count' | 'freelist_count' | 'page_size',
): number {
  const value = Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  if (typeof value !== 'number') throw new DatabaseRefused(`the database has no ${name}`);
  return value;
}

const connectionPragmas = `
-- A second line behind the directory lock: the file itself is held until the connection closes.
-- It also keeps the index of the write-ahead log in memory, so there is no -shm file.
PRAGMA locking_mode = EXCLUSIVE;
-- What is in the file was not necessarily put there by this program.
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA mmap_size = 0;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8192;
`;

const walPragmas = `
PRAGMA journal_mode = WAL;
-- Each COMMIT flushes the log before it returns; on macOS through the drive's own cache.
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
-- Checkpoints are run by hand: SQLite's own would hide their failure.
PRAGMA wal_autocheckpoint = 0;
-- Deleted key material is overwritten in the file.
PRAGMA secure_delete = ON;
-- A file that was not in WAL mode (a kept copy, restored) is left locked to checkpoints by the change of
-- mode; a first transaction ends that, and shows at once whether the file can be written.
BEGIN IMMEDIATE;
COMMIT;
`;

/** A copy of the database as it is, readable by its owner alone and durable before anything changes. */
function keepCopy(database: DatabaseSync, copyPath: string): void {
  closeSync(openSync(copyPath, 'wx', 0o600));
  database.prepare('VACUUM INTO ?').run(copyPath);
  syncPath(copyPath);
  syncPath(dirname(copyPath));
}

function migrate(database: DatabaseSync, pending: readonly Migration[], copyNotice: string): void {
  for (const { version, sql } of pending) {
    try {
      // A crash before COMMIT leaves the previous version, whole; the next start runs this step again.
      database.exec('BEGIN EXCLUSIVE');
      database.exec(sql);
      const broken = checkLines(database, 'PRAGMA foreign_key_check');
      if (broken.length > 0)
        throw new DatabaseRefused(`it leaves rows without what they refer to: ${broken[0]}`);
      // A pragma takes no bound value; both are numbers of this program.
      database.exec(`PRAGMA application_id = ${applicationId}`);
      database.exec(`PRAGMA user_version = ${version}`);
      database.exec('COMMIT');
    } catch (cause) {
      throw new DatabaseRefused(
        `the migration to schema version ${version} failed and was undone: ${reason(cause)}.${copyNotice}`,
        { cause },
      );
    }
  }
}

function readSchema(database: DatabaseSync): string[] {
  return database
    .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name')
    .all()
    .map(({ type, name, tbl_name, sql }) => `${type} ${name} ${tbl_name} ${sql ?? ''}`);
}

const sqliteBusy = 5;
const sqliteFull = 13;

function unusable(path: string, error: unknown): DatabaseRefused {
  const code = resultCode(error);
  if (code === sqliteBusy) {
    return new DatabaseRefused(`\`${path}\` is in use by another process: stop it first`, { cause: error });
  }
  if (code === sqliteFull) {
    return new DatabaseRefused(`there is no room on the disk of \`${path}\`: free some and start again`, {
      cause: error,
    });
  }
  return damaged(path, reason(error), error);
}

const damaged = (path: string, found: string, cause?: unknown): DatabaseRefused =>
  new DatabaseRefused(
    `\`${path}\` is damaged or was altered (${found}): nothing was changed. Run \`holdfast doctor\`, or restore a backup`,
    { cause },
  );

/** SQLite's primary result code of an error, or undefined for an error that is not SQLite's. */
export function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;
}

export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
