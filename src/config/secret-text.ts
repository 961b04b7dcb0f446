/**
 * A secret that came in as text. It does not print, serialise or inspect itself, and is kept as bytes that
 * can be wiped, which a string cannot: whoever needs it asks by a name that shows in review.
 */
import { inspect } from 'node:util';

const shown = '[secret]';

export class SecretText {
  readonly #bytes: Buffer;

  /** Takes the bytes over. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** As a string, to be shown: it stays in memory until that is used for something else. */
  exposeSecret(): string {
    return this.#bytes.toString('utf8');
  }

  /** A copy, which the caller wipes. */
  exposeSecretBytes(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.#bytes.length);
    this.#bytes.copy(copy);
    return copy;
  }

  /** From now on it is so many zeros. */
  wipe(): void {
    this.#bytes.fill(0);
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
