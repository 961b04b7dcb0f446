/** IPv4 and IPv6 addresses and CIDR ranges (RFC 4632, RFC 4291 §2.2 and §2.3). */

/** The address as 16-bit groups: two for IPv4, eight for IPv6. */
export type Address = readonly number[];

export interface IpRange {
  readonly address: Address;
  readonly prefixLength: number;
}

/** An IPv6 address that embeds an IPv4 one (`::ffff:192.0.2.1`) is that IPv4 address, as a dual-stack socket reports it. */
export function readAddress(text: string): Address | undefined {
  if (text.length > 45) return undefined;
  if (!text.includes(':')) return readIpv4(text);
  const groups = readIpv6(text);
  return groups !== undefined && isMapped(groups) ? groups.slice(6) : groups;
}

/** An address alone is the range of that one address. */
export function readRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const base = slash < 0 ? text : text.slice(0, slash);
  const groups = base.includes(':') ? readIpv6(base) : readIpv4(base);
  if (groups === undefined) return undefined;
  const bits = groups.length * 16;
  const prefixLength = slash < 0 ? bits : readSmall(text.slice(slash + 1), bits);
  if (prefixLength === undefined) return undefined;
  if (isMapped(groups) && prefixLength >= 96)
    return { address: groups.slice(6), prefixLength: prefixLength - 96 };
  return { address: groups, prefixLength };
}

export function contains(range: IpRange, address: Address): boolean {
  if (range.address.length !== address.length) return false;
  for (let index = 0, bits = range.prefixLength; bits > 0; index++, bits -= 16) {
    const ignored = bits >= 16 ? 0 : 16 - bits;
    if ((range.address[index] ?? 0) >>> ignored !== (address[index] ?? 0) >>> ignored) return false;
  }
  return true;
}

const isMapped = (groups: Address): boolean =>
  groups.length === 8 && groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);

function readIpv4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  for (const part of parts) {
    const byte = readSmall(part, 255);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return [a * 256 + b, c * 256 + d];
}

function readIpv6(text: string): Address | undefined {
  const gap = text.indexOf('::');
  if (gap < 0) {
    const groups = readGroups(text);
    return groups?.length === 8 ? groups : undefined;
  }
  const before = gap === 0 ? [] : readGroups(text.slice(0, gap));
  const after = gap + 2 === text.length ? [] : readGroups(text.slice(gap + 2));
  if (before === undefined || after === undefined || before.length + after.length > 7) return undefined;
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** Groups between colons; the last may be written as an IPv4 address. */
function readGroups(text: string): number[] | undefined {
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes('.')) {
      const tail = readIpv4(part);
      if (tail === undefined) return undefined;
      groups.push(...tail);
      continue;
    }
    const group = readHex(part);
    if (group === undefined) return undefined;
    groups.push(group);
  }
  return groups;
}

function readHex(text: string): number | undefined {
  if (text.length === 0 || text.length > 4) return undefined;
  let value = 0;
  for (const char of text) {
    const digit = '0123456789abcdef'.indexOf(char.toLowerCase());
    if (digit < 0) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

/** A decimal number without leading zeros, of at most `max`. */
function readSmall(text: string, max: number): number | undefined {
  const value = Number(text);
  return text.length <= 3 && String(value) === text && value >= 0 && value <= max ? value : undefined;
}
