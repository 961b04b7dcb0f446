/**
 * A secret that came in as text. It does not print, serialise or inspect itself: whoever needs the
 * characters asks for them by a name that shows in review.
 */
import { inspect } from 'node:util';

const shown = '[secret]';

export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  exposeSecret(): string {
    return this.#text;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}
