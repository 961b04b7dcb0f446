/** Numbers, dates, booleans and bytes as condition values. Each reader answers undefined to what is not one. */

/** Beyond 2^53 two different numbers can be equal, so there is no comparing them. */
const magnitudeMax = Number.MAX_SAFE_INTEGER;

export function readNumber(text: string): number | undefined {
  if (text.length > 40 || !isDecimal(text)) return undefined;
  const value = Number(text);
  return Math.abs(value) <= magnitudeMax ? value : undefined;
}

export function readBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

/** The canonical form of base64 text. */
export function readBase64(text: string): string | undefined {
  const canonical = Buffer.from(text, 'base64').toString('base64');
  return canonical === text ? canonical : undefined;
}

/**
 * Milliseconds since the epoch, from the W3C forms of ISO 8601 (`2026-01-31`, `2026-01-31T09:30Z`,
 * `2026-01-31T09:30:00.5+02:00`) or from seconds since the epoch. A time without a zone is UTC. A bare
 * year is refused: as epoch seconds it would mean something else entirely.
 */
export function readDate(text: string): number | undefined {
  if (text.length > 40) return undefined;
  if (text[4] !== '-') {
    const seconds = readDigits(text, 4) === undefined ? readNumber(text) : undefined;
    return seconds === undefined ? undefined : seconds * 1000;
  }
  const separator = text.search(/[Tt]/);
  const date = separator < 0 ? text : text.slice(0, separator);
  const day = readDay(date);
  if (day === undefined) return undefined;
  if (separator < 0) return day;
  const time = date.length === 10 ? readTime(text.slice(separator + 1)) : undefined;
  return time === undefined ? undefined : day + time;
}

/** `YYYY-MM` or `YYYY-MM-DD`. */
function readDay(text: string): number | undefined {
  const year = readDigits(text.slice(0, 4), 4);
  const month = readDigits(text.slice(5, 7), 2);
  const day = text.length === 7 ? 1 : text[7] === '-' ? readDigits(text.slice(8), 2) : undefined;
  if (year === undefined || month === undefined || day === undefined || year < 1000) return undefined;
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
}

/** `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff`, then nothing, `Z`, or `+hh:mm`: milliseconds after midnight UTC. */
function readTime(text: string): number | undefined {
  const zoneAt = text.search(/[Zz+-]/);
  const clock = zoneAt < 0 ? text : text.slice(0, zoneAt);
  const offset = zoneAt < 0 ? 0 : readZone(text.slice(zoneAt));
  const hour = readDigits(clock.slice(0, 2), 2);
  const minute = readDigits(clock.slice(3, 5), 2);
  const second = clock.length === 5 ? 0 : readSeconds(clock.slice(5));
  if (hour === undefined || minute === undefined || second === undefined || offset === undefined)
    return undefined;
  if (clock[2] !== ':' || hour > 23 || minute > 59 || second >= 60) return undefined;
  return ((hour * 60 + minute) * 60 + second) * 1000 - offset;
}

/** `:ss` or `:ss.fff`. */
function readSeconds(text: string): number | undefined {
  const whole = readDigits(text.slice(1, 3), 2);
  if (text[0] !== ':' || whole === undefined) return undefined;
  if (text.length === 3) return whole;
  const fraction = text.slice(4);
  return text[3] === '.' && readDigits(fraction, fraction.length) !== undefined
    ? whole + Number(`0.${fraction}`)
    : undefined;
}

function readZone(text: string): number | undefined {
  if (text === 'Z' || text === 'z') return 0;
  const hours = readDigits(text.slice(1, 3), 2);
  const minutes = readDigits(text.slice(4), 2);
  if (text[3] !== ':' || hours === undefined || minutes === undefined || hours > 23 || minutes > 59)
    return undefined;
  return (text[0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** Exactly `count` decimal digits, at least one. */
function readDigits(text: string, count: number): number | undefined {
  if (text.length !== count || count === 0) return undefined;
  for (let at = 0; at < count; at++) if (!isDigit(text, at)) return undefined;
  return Number(text);
}

/** A sign if any, digits with at most one point among or before them, an exponent if any. */
function isDecimal(text: string): boolean {
  let at = text[0] === '-' || text[0] === '+' ? 1 : 0;
  const integerEnd = skipDigits(text, at);
  let digits = integerEnd - at;
  at = integerEnd;
  if (text[at] === '.') {
    const fractionEnd = skipDigits(text, at + 1);
    digits += fractionEnd - at - 1;
    at = fractionEnd;
  }
  if (digits === 0) return false;
  if (text[at] === 'e' || text[at] === 'E') {
    const start = text[at + 1] === '-' || text[at + 1] === '+' ? at + 2 : at + 1;
    at = skipDigits(text, start);
    if (at === start) return false;
  }
  return at === text.length;
}

function skipDigits(text: string, start: number): number {
  let at = start;
  while (isDigit(text, at)) at++;
  return at;
}

const isDigit = (text: string, at: number): boolean => {
  const unit = text.charCodeAt(at);
  return unit >= 48 && unit <= 57;
};
