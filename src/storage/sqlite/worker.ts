/**
 * The thread that owns the database. It does what it is told in order, one message at a time, and
 * after the first failure it does nothing more: what a failed write or flush left in the file is known
 * only to the next open.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { changeApplier } from './apply-change.ts';
import { DatabaseRefused, openDatabase, reason, resultCode } from './database.ts';
import type { StorageFault } from './faults.ts';
import type { FromWorker, OpenRequest, Outcome, ToWorker } from './messages.ts';
import { readState } from './read-state.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

function serve(port: MessagePort, request: OpenRequest): void {
  const tell = (message: FromWorker) => port.postMessage(message);
  try {
    const { database, migratedFrom } = openDatabase(request);
    const applier = changeApplier(database);
    const log = new WriteAheadLog(database);
    port.on('message', (message: ToWorker) => {
      try {
        switch (message.do) {
          case 'load':
            for (const chunk of readState(database)) {
              port.postMessage({ is: 'rows', chunk } satisfies FromWorker, [chunk.blobs.buffer]);
            }
            tell({ is: 'loaded' });
            return;
          case 'commit':
            // Answered before the checkpoint: the change is durable in the log already.
            tell({ is: 'committed', outcomes: commit(message) });
            log.afterCommit(message.changes);
            return;
          case 'close':
            if (message.forget.length > 0) commit({ changes: [], forget: message.forget });
            log.empty();
            database.close();
            tell({ is: 'closed' });
            port.close();
            return;
          default:
            message satisfies never;
        }
      } catch (error) {
        // Closing the port ends the thread, and with it the connection: an open transaction is undone,
        // and only commits that were flushed before can still be copied from the log.
        tell({ is: 'failed', message: explain(error, request.databasePath) });
        port.close();
      }
    });
    tell({ is: 'opened', ...(migratedFrom === undefined ? {} : { migratedFrom }) });

    function commit(given: Omit<Extract<ToWorker, { do: 'commit' }>, 'do'>): Outcome[] {
      const { changes, forget, fault } = given;
      // IMMEDIATE takes the write lock at once: a transaction never fails half-way for want of it.
      database.exec('BEGIN IMMEDIATE');
      for (const eventId of forget) applier.forget(eventId);
      const outcomes = changes.map((change) => applier.apply(change));
      if (fault !== undefined) beforeCommit(fault);
      // A crash before the log's flush within COMMIT leaves nothing of this; after it, all of it, the
      // outbox rows included: the log of events is made to agree on the next start.
      database.exec('COMMIT');
      if (fault === 'killedAfterCommit') process.kill(process.pid, 'SIGKILL');
      if (fault === 'doneButReportedLost') throw new Error('injected: COMMIT was done but reported lost');
      return outcomes;
    }

    function beforeCommit(fault: StorageFault): void {
      if (fault === 'lost') throw new Error('injected: COMMIT failed');
      if (fault === 'killedBeforeCommit') process.kill(process.pid, 'SIGKILL');
      if (fault === 'killedDuringCommit') tell({ is: 'committing' });
      if (fault === 'diskFull') log.fillDisk();
    }
  } catch (error) {
    tell({ is: 'failed', message: explain(error, request.databasePath) });
    port.close();
  }
}

const sqliteFull = 13;

function explain(error: unknown, path: string): string {
  if (error instanceof DatabaseRefused) return error.message;
  if (resultCode(error) === sqliteFull) return `there is no room to write \`${path}\`: free some and restart`;
  return `\`${path}\` could not be written or read (${reason(error)}): look for the cause and restart`;
}

if (parentPort !== null) serve(parentPort, workerData);
