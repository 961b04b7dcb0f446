/**
 * Requests that change one thing at once: all but one find that what they had read was changed meanwhile,
 * and read it again. Who has lost waits for those that lost before, or a thousand of them would make half
 * a million attempts.
 */
import { PreconditionFailed } from '../storage/interface.ts';

/** Against whoever comes for the first time. Nobody loses so often by chance: then it is a bug. */
const attemptsMax = 1000;

/** Whether the attempt failed only because what it had read was changed meanwhile. */
export const lostRace = (error: unknown, attempt: number): boolean =>
  error instanceof PreconditionFailed && attempt < attemptsMax;

/** Queues by name: one at a time has the turn, in the order of asking. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Resolves when it is the caller's turn, with the function that ends it. */
  async take(name: string): Promise<() => void> {
    const before = this.#last.get(name);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#last.set(name, ended);
    await before;
    return () => {
      if (this.#last.get(name) === ended) this.#last.delete(name);
      end();
    };
  }
}
