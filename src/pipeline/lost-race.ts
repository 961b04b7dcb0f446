import { PreconditionFailed } from '../storage/interface.ts';

/** Requests that change one thing at once win one after the other; this many in a row is more than any queue holds. */
const attemptsMax = 1000;

/** Whether the attempt failed only because what it had read was changed meanwhile. */
export const lostRace = (error: unknown, attempt: number): boolean =>
  error instanceof PreconditionFailed && attempt < attemptsMax;
