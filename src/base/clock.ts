/**
 * The one door to the time of day. Everything that asks what time it is takes a `Clock`,
 * so a test can replay a run and `holdfast dev` can move the date.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };

/** A clock that runs at normal speed from wherever it was last set. */
export class SettableClock implements Clock {
  #offsetMs = 0;
  readonly #base: Clock;

  constructor(base: Clock = systemClock) {
    this.#base = base;
  }

  nowMs(): number {
    return this.#base.nowMs() + this.#offsetMs;
  }

  setMs(timeMs: number): void {
    this.#offsetMs = timeMs - this.#base.nowMs();
  }
}
