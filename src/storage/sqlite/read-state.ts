/** Everything stored, as chunks of bounded size. What a row means is `stored-state.ts`. */
import type { DatabaseSync } from 'node:sqlite';
import type { RowChunk } from './messages.ts';

const chunkRowsMax = 1000;
const chunkBytesMax = 1 << 20;

/** In the order of the columns in `stored-state.ts`; a blob, where there is one, comes last. */
const selects: readonly (readonly [table: RowChunk['table'], sql: string])[] = [
  ['domainKeys', 'SELECT region, version, root_key_id, created_ms, sealed FROM domain_key ORDER BY rowid'],
  ['keys', 'SELECT account_id, region, key_id, version, manager, body FROM kms_key ORDER BY rowid'],
  [
    'keyMaterials',
    'SELECT account_id, region, key_id, material_id, domain_key_version, body, sealed FROM key_material ORDER BY rowid',
  ],
  [
    'aliases',
    'SELECT account_id, region, alias_name, version, target_key_id, body FROM alias ORDER BY rowid',
  ],
  [
    'accessKeys',
    'SELECT access_key_id, account_id, version, body, sealed_secret FROM access_key ORDER BY rowid',
  ],
  ['meta', 'SELECT name, value FROM meta ORDER BY rowid'],
  [
    'eventsCommitted',
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0) AS events",
  ],
  ['outbox', 'SELECT event_id, log_size_before, record FROM outbox ORDER BY sequence'],
];

export function* readState(database: DatabaseSync): Generator<RowChunk> {
  for (const [table, sql] of selects) {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    let gathered = new Gathered(table);
    for (const row of statement.iterate()) {
      const cells: unknown = row;
      if (!Array.isArray(cells)) throw new TypeError('a row was to be an array');
      gathered.add(cells);
      if (gathered.rows === chunkRowsMax || gathered.bytes >= chunkBytesMax) {
        yield gathered.chunk();
        gathered = new Gathered(table);
      }
    }
    if (gathered.rows > 0) yield gathered.chunk();
  }
}

class Gathered {
  rows = 0;
  bytes = 0;
  readonly #table: RowChunk['table'];
  readonly #columns: unknown[][] = [];
  readonly #blobs: Uint8Array[] = [];

  constructor(table: RowChunk['table']) {
    this.#table = table;
  }

  add(cells: readonly unknown[]): void {
    this.rows += 1;
    for (let column = 0; column < cells.length; column += 1) {
      const cell = cells[column];
      if (cell instanceof Uint8Array) {
        this.#blobs.push(cell);
        this.bytes += cell.length;
        continue;
      }
      if (typeof cell === 'string') this.bytes += cell.length;
      const gathered = this.#columns[column];
      if (gathered === undefined) this.#columns[column] = [cell];
      else gathered.push(cell);
    }
  }

  chunk(): RowChunk {
    const blobBytes = this.#blobs.map((blob) => blob.length);
    const blobs = new Uint8Array(blobBytes.reduce((sum, bytes) => sum + bytes, 0));
    let offset = 0;
    for (const blob of this.#blobs) {
      blobs.set(blob, offset);
      offset += blob.length;
    }
    return { table: this.#table, columns: this.#columns, blobs, blobBytes };
  }
}
