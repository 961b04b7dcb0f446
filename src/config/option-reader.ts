/** Turns the texts given for options into values; what does not fit becomes a problem and the default. */
import { ConfigRefused } from './config-refused.ts';
import type { GivenOption } from './given-options.ts';
import type { Option } from './option.ts';

export class OptionReader {
  readonly #given: ReadonlyMap<string, GivenOption>;
  readonly #options: ReadonlyMap<string, Option>;
  readonly #problems: string[];

  constructor(given: ReadonlyMap<string, GivenOption>, options: readonly Option[], problems: string[]) {
    this.#given = given;
    this.#options = new Map(options.map((option) => [option.name, option]));
    this.#problems = problems;
  }

  /** What to call the option in a message: as it was given, or as an argument. */
  source(name: string): string {
    const source = this.#given.get(name)?.source ?? `--${name}`;
    return source.startsWith('-') ? `\`${source}\`` : source;
  }

  /** Throws `ConfigRefused` when anything read so far did not fit. */
  refuseProblems(): void {
    if (this.#problems.length > 0) throw new ConfigRefused(this.#problems);
  }

  flag(name: string): boolean {
    return this.#given.has(name);
  }

  /**
   * Which of two options that exclude each other holds: an argument beats a variable, and two of a kind are
   * a problem. Undefined when neither was given.
   */
  either<A extends string, B extends string>(a: A, b: B): A | B | undefined {
    if (!this.flag(a) || !this.flag(b)) return this.flag(a) ? a : this.flag(b) ? b : undefined;
    const [ofA, ofB] = [this.source(a), this.source(b)];
    if (ofA.startsWith('`') === ofB.startsWith('`')) {
      this.#problems.push(`${ofA} and ${ofB} exclude each other: give one`);
    }
    return ofA.startsWith('`') ? a : b;
  }

  texts(name: string): readonly string[] {
    return this.#given.get(name)?.texts ?? [];
  }

  optional(name: string): string | undefined {
    return this.#given.get(name)?.texts[0];
  }

  /** `{ [field]: text }` when the option was given, else nothing: for a field that is absent by default. */
  maybe<F extends string>(field: F, name: string): { readonly [field in F]?: string } {
    const text = this.optional(name);
    // Minted: the object has this one field or none.
    return (text === undefined ? {} : { [field]: text }) as { readonly [field in F]?: string };
  }

  text(name: string, fits: (text: string) => boolean = () => true, must = ''): string {
    const text = this.optional(name) ?? this.#fallback(name);
    if (fits(text)) return text;
    this.#problems.push(`${this.source(name)} ${must}`);
    return this.#fallback(name);
  }

  /** A whole number within the bounds that the table gives. */
  number(name: string): number {
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = this.#options.get(name) ?? {};
    const text = this.optional(name) ?? this.#fallback(name);
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    // Container platforms set `<SERVICE>_PORT=tcp://...` for a service of that name.
    const linked = text.startsWith('tcp://')
      ? ' (the platform sets it for a service named `holdfast`: rename the service or turn service links off)'
      : '';
    this.#problems.push(`${this.source(name)} must be a whole number from ${min} to ${max}${linked}`);
    return Number(this.#fallback(name));
  }

  /** One number for each row, by the field of the row. */
  numbers<F extends PropertyKey>(
    rows: readonly (Option & { readonly field: F })[],
  ): Readonly<Record<F, number>> {
    // Minted: the tables that come here have one row for each field of `F`.
    return Object.fromEntries(rows.map(({ name, field }) => [field, this.number(name)])) as Record<F, number>;
  }

  #fallback(name: string): string {
    return this.#options.get(name)?.fallback ?? '';
  }
}
