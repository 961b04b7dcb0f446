/**
 * Instants as SigV4 writes them (`20150830T123600Z`, ISO 8601 basic format), and the HTTP date that
 * some signers put into `Date` instead. Strict: whatever does not name an existing second is refused.
 */

export interface SigningTime {
  /** `YYYYMMDDTHHMMSSZ`: what the string to sign holds. */
  readonly text: string;
  /** Milliseconds since the Unix epoch. */
  readonly ms: number;
}

/** Reads the basic format, or `undefined`. */
export function parseBasicTime(text: string): SigningTime | undefined {
  if (text.length !== 16 || text.charCodeAt(8) !== 0x54 /* T */ || text.charCodeAt(15) !== 0x5a /* Z */) {
    return undefined;
  }
  const year = digits(text, 0) * 100 + digits(text, 2);
  const month = digits(text, 4);
  const day = digits(text, 6);
  const hour = digits(text, 9);
  const minute = digits(text, 11);
  const second = digits(text, 13);
  // Each comparison is false for the NaN that a character other than a digit makes.
  if (
    !(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59)
  ) {
    return undefined;
  }
  if (!(day <= daysInMonth(year, month))) return undefined;
  return { text, ms: Date.UTC(year, month - 1, day, hour, minute, second) };
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const httpDate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) (?:GMT|[+-]0000)$/;

/** Reads an HTTP date (RFC 9110 §5.6.7, and RFC 5322's zone `-0000`), or the basic format. */
export function parseDateHeader(text: string): SigningTime | undefined {
  const match = httpDate.exec(text);
  if (match === null) return parseBasicTime(text);
  const [, day, monthName = '', year, hour, minute, second] = match;
  const month = String(monthNames.indexOf(monthName) + 1).padStart(2, '0');
  return parseBasicTime(`${year}${month}${day}T${hour}${minute}${second}Z`);
}

export const basicTime = (ms: number): string =>
  `${new Date(ms).toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`;

/** The two-digit number at `at`, NaN when either character is not a digit. */
function digits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const ones = text.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
