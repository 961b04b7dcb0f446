/**
 * The steps that bring a database of any earlier version to this program's, oldest first. Forward
 * only: a step that has been released is never edited, and its undo is the copy kept before it ran.
 */
import { keysAndOutbox } from './001-keys-and-outbox.ts';

/** Plain SQL, so that a step can be handed to the thread that owns the database. Runs in one transaction with its number. */
export interface Migration {
  /** Its place in the list, from 1; a database's `user_version` is that of the last step it has run. */
  readonly version: number;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [{ version: 1, sql: keysAndOutbox }];
