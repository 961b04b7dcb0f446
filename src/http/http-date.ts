/**
 * The Date header, from the server's own clock: SDKs correct their signing time by it, so it must follow
 * the clock that judges signatures, also when that clock was set. Formatted once a second.
 */
import type { Clock } from '../base/clock.ts';

export class HttpDate {
  readonly #clock: Clock;
  #second = Number.NaN;
  #text = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** IMF-fixdate, RFC 9110 section 5.6.7. */
  now(): string {
    const second = Math.floor(this.#clock.nowMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
