/** What the storage and the thread that owns the database say to each other. */
import type { Change, StoredState } from '../interface.ts';
import type { Migration } from '../migrations/migration.ts';
import type { StorageFault } from './faults.ts';

/** Given to the thread when it starts. */
export interface OpenRequest {
  readonly databasePath: string;
  readonly migrations: readonly Migration[];
  /** An empty file name to copy the database to before it is migrated. */
  readonly copyPath: string;
}

export type ToWorker =
  | { readonly do: 'load' }
  | {
      /** One transaction. */
      readonly do: 'commit';
      readonly changes: readonly Change[];
      /** Event ids to delete from the outbox first. */
      readonly forget: readonly string[];
      readonly fault?: StorageFault;
    }
  | { readonly do: 'close'; readonly forget: readonly string[] };

/** What became of one change: kept, the index of the write whose precondition failed, or why it is no valid change. */
export type Outcome = null | number | string;

/** Rows of one table by column, which copies between threads faster than rows do. */
export interface RowChunk {
  readonly table: keyof StoredState;
  readonly columns: readonly (readonly unknown[])[];
  /** All blobs of the chunk in one buffer, one after the other; `blobBytes` are their lengths. */
  readonly blobs: Uint8Array<ArrayBuffer>;
  readonly blobBytes: readonly number[];
}

export type FromWorker =
  | { readonly is: 'opened'; readonly migratedFrom?: number }
  | { readonly is: 'rows'; readonly chunk: RowChunk }
  | { readonly is: 'loaded' }
  | { readonly is: 'committed'; readonly outcomes: readonly Outcome[] }
  /** Sent only under the fault that kills the process while COMMIT runs. */
  | { readonly is: 'committing' }
  | { readonly is: 'closed' }
  /** The thread has stopped. */
  | { readonly is: 'failed'; readonly message: string };
