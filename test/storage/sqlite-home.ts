/** A data directory of its own for one test. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Storage } from '../../src/storage/interface.ts';
import type { StorageFaults } from '../../src/storage/sqlite/faults.ts';
import { openSqliteStorage, type SqliteStorageOptions } from '../../src/storage/sqlite/sqlite-storage.ts';

export class SqliteHome {
  readonly directory = mkdtempSync(join(tmpdir(), 'holdfast-storage-'));
  readonly databasePath = join(this.directory, 'state.db');

  static async make(): Promise<SqliteHome> {
    return new SqliteHome();
  }

  open(faults?: StorageFaults, options: Omit<SqliteStorageOptions, 'directory'> = {}): Promise<Storage> {
    return openSqliteStorage({
      directory: this.directory,
      ...(faults === undefined ? {} : { faults }),
      ...options,
    });
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
