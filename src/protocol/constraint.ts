/** The constraints of a shape: what must hold, and the service's words for it. */
import type { StringTable } from '../base/api-model.ts';

export interface Constraint<T> {
  readonly wording: string;
  holds(value: T): boolean;
}

export interface Sized {
  readonly length: number;
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** In the order in which the service lists them: greatest, least, then pattern or enum. */
export function stringConstraints(shape: StringTable): readonly Constraint<string>[] {
  const constraints: Constraint<string>[] = [...lengthConstraints(shape)];
  if (shape.pattern !== undefined) {
    const pattern = compilePattern(shape.pattern);
    constraints.push({
      wording: `Member must satisfy regular expression pattern: ${shape.pattern}`,
      holds: (value) => pattern.test(value),
    });
  }
  if (shape.enum !== undefined) {
    const values: ReadonlySet<string> = new Set(shape.enum);
    constraints.push({
      wording: `Member must satisfy enum value set: [${shape.enum.join(', ')}]`,
      holds: (value) => values.has(value),
    });
  }
  return constraints;
}

export function lengthConstraints({ min, max }: Bounds): readonly Constraint<Sized>[] {
  const constraints: Constraint<Sized>[] = [];
  if (max !== undefined) {
    constraints.push({
      wording: `Member must have length less than or equal to ${max}`,
      holds: ({ length }) => length <= max,
    });
  }
  if (min !== undefined) {
    constraints.push({
      wording: `Member must have length greater than or equal to ${min}`,
      holds: ({ length }) => length >= min,
    });
  }
  return constraints;
}

export function rangeConstraints({ min, max }: Bounds): readonly Constraint<number>[] {
  const constraints: Constraint<number>[] = [];
  if (max !== undefined) {
    constraints.push({
      wording: `Member must have value less than or equal to ${max}`,
      holds: (value) => value <= max,
    });
  }
  if (min !== undefined) {
    constraints.push({
      wording: `Member must have value greater than or equal to ${min}`,
      holds: (value) => value >= min,
    });
  }
  return constraints;
}

/**
 * A pattern of the model is Java's and must match the whole value. Where the two languages read a
 * token differently, Java's meaning is written out: `\s` is ASCII, and `.` also excludes U+0085.
 */
export function compilePattern(pattern: string): RegExp {
  let translated = '';
  let inClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const token = pattern[at] ?? '';
    if (token === '\\') {
      at += 1;
      const escaped = pattern[at] ?? '';
      translated += escaped === 's' ? (inClass ? javaSpace : `[${javaSpace}]`) : `\\${escaped}`;
    } else if (token === '.' && !inClass) {
      translated += '[^\\n\\r\\u0085\\u2028\\u2029]';
    } else {
      if (token === '[') inClass = true;
      if (token === ']') inClass = false;
      translated += token;
    }
  }
  return new RegExp(`^(?:${translated})$`, 'u');
}

const javaSpace = ' \\t\\n\\v\\f\\r';
