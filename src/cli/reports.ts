/** What a running server tells its operator: one JSON line on the error output each, and never a secret. */
import { systemClock } from '../base/clock.ts';
import { type CommandIo, say } from './io.ts';

export interface Reports {
  /** A sentence. */
  notice(message: string): void;
  /** A store has failed: nothing more is served. */
  failed(failure: Error): void;
  /** A bug or an outage. */
  failure(error: unknown, where: string): void;
}

export function reportsTo(io: CommandIo): Reports {
  const line = (level: string, message: string, detail: object = {}): void =>
    say(
      io.stderr,
      JSON.stringify({ time: new Date(systemClock.nowMs()).toISOString(), level, message, ...detail }),
    );
  return {
    notice: (message) => line('notice', message),
    failed: (failure) => line('fatal', failure.message),
    failure: (error, where) =>
      line('error', error instanceof Error ? error.message : String(error), {
        where,
        stack: error instanceof Error ? error.stack : undefined,
      }),
  };
}
