/**
 * Which tile holds what (c2sp.org/tlog-tiles). A tile is up to 256 hashes side by side: leaf hashes
 * at level 0, and above it the roots of full tiles of the level below.
 */
export const tileHeight = 8;
export const tileWidth = 256;

export interface Tile {
  /** 0 to 63, or `entries` for a bundle of records, which is addressed like a tile of level 0. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256; less than 256 makes it a partial tile. */
  readonly width: number;
}

/** `tile/L/N[.p/W]`, with N in groups of three digits: `x001/x234/067`. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const n = groups.map((group, i) => (i === groups.length - 1 ? group : `x${group}`)).join('/');
  return `tile/${level}/${n}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** The tile that a path names; undefined when it names none. Only the one right spelling is accepted. */
export function parseTilePath(path: string): Tile | undefined {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(
    path,
  );
  if (match === null) return undefined;
  const [, levelText = '', indexText = '', widthText] = match;
  const tile: Tile = {
    level: levelText === 'entries' ? 'entries' : Number(levelText),
    index: Number(indexText.replaceAll(/[x/]/g, '')),
    width: widthText === undefined ? tileWidth : Number(widthText),
  };
  const valid =
    (tile.level === 'entries' || tile.level <= 63) && tile.width >= 1 && Number.isSafeInteger(tile.index);
  return valid && tilePath(tile) === path ? tile : undefined;
}

/** The tile that holds the root of the perfect subtree `index` of `level`, and where: hashes `start` to `end` of it. */
export function tileOfSubtree(
  level: number,
  index: number,
  size: number,
): { readonly tile: Tile; readonly start: number; readonly end: number } {
  const tileLevel = Math.floor(level / tileHeight);
  // A subtree between two tile levels is made of 2^(level mod 8) hashes of the tile level below it.
  const span = 2 ** (level % tileHeight);
  const first = index * span;
  const tileIndex = Math.floor(first / tileWidth);
  const tile = { level: tileLevel, index: tileIndex, width: widthAt(tileLevel, tileIndex, size) };
  const start = first % tileWidth;
  if (start + span > tile.width)
    throw new RangeError(`subtree ${level}/${index} is not in a tree of ${size} leaves`);
  return { tile, start, end: start + span };
}

/** All the tiles of a tree of `size` leaves that hold hashes, level by level, from left to right. */
export function* tilesOf(size: number): Generator<Tile> {
  for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / tileWidth)) {
    for (let index = 0; index * tileWidth < hashes; index += 1) {
      yield { level, index, width: Math.min(tileWidth, hashes - index * tileWidth) };
    }
  }
}

function widthAt(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / tileWidth ** level);
  return Math.max(0, Math.min(tileWidth, hashes - index * tileWidth));
}

/** A length prefix of an entry bundle is an unsigned 16-bit number. */
export const bundledRecordBytesMax = 0xffff;

/** The records of an entry bundle, each after its length. Throws `RangeError` for one that is too long for the format. */
export function encodeEntryBundle(records: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const record of records) {
    if (record.length > bundledRecordBytesMax)
      throw new RangeError('a bundled record has at most 65535 bytes');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(record.length);
    parts.push(length, record);
  }
  return Buffer.concat(parts);
}
