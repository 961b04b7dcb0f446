/** Rows from the chunks that the database thread sends. The other end is `read-state.ts`. */
import type {
  AccessKeyRow,
  AliasRow,
  DomainKeyRow,
  KeyMaterialRow,
  KeyRow,
  MetaRow,
  OutboxRow,
  StoredState,
} from '../interface.ts';
import type { RowChunk } from './messages.ts';

export class StoredStateBuilder {
  readonly #domainKeys: DomainKeyRow[] = [];
  readonly #keys: KeyRow[] = [];
  readonly #keyMaterials: KeyMaterialRow[] = [];
  readonly #aliases: AliasRow[] = [];
  readonly #accessKeys: AccessKeyRow[] = [];
  readonly #meta: MetaRow[] = [];
  readonly #outbox: OutboxRow[] = [];
  #eventsCommitted = 0;
  /** Accounts and Regions repeat in every row: one string each, not one a row. */
  readonly #names = new Map<string, string>();

  add(chunk: RowChunk): void {
    const cells = new Cells(chunk, this.#names);
    const rows = chunk.columns[0]?.length ?? 0;
    for (let row = 0; row < rows; row += 1) {
      cells.row = row;
      this.#addRow(chunk.table, cells);
    }
  }

  build(): StoredState {
    return {
      domainKeys: this.#domainKeys,
      keys: this.#keys,
      keyMaterials: this.#keyMaterials,
      aliases: this.#aliases,
      accessKeys: this.#accessKeys,
      meta: this.#meta,
      outbox: this.#outbox,
      eventsCommitted: this.#eventsCommitted,
    };
  }

  #addRow(table: RowChunk['table'], cells: Cells): void {
    switch (table) {
      case 'domainKeys':
        this.#domainKeys.push({
          region: cells.name(0),
          version: cells.number(1),
          rootKeyId: cells.name(2),
          createdMs: cells.number(3),
          sealed: cells.blob(),
        });
        return;
      case 'keys':
        this.#keys.push({
          accountId: cells.name(0),
          region: cells.name(1),
          keyId: cells.text(2),
          version: cells.number(3),
          manager: cells.name(4) === 'AWS' ? 'AWS' : 'CUSTOMER',
          body: cells.text(5),
        });
        return;
      case 'keyMaterials':
        this.#keyMaterials.push({
          accountId: cells.name(0),
          region: cells.name(1),
          keyId: cells.text(2),
          materialId: cells.text(3),
          domainKeyVersion: cells.number(4),
          body: cells.text(5),
          sealed: cells.blob(),
        });
        return;
      case 'aliases':
        this.#aliases.push({
          accountId: cells.name(0),
          region: cells.name(1),
          aliasName: cells.text(2),
          version: cells.number(3),
          targetKeyId: cells.text(4),
          body: cells.text(5),
        });
        return;
      case 'accessKeys':
        this.#accessKeys.push({
          accessKeyId: cells.text(0),
          accountId: cells.name(1),
          version: cells.number(2),
          body: cells.text(3),
          sealedSecret: cells.blob(),
        });
        return;
      case 'meta':
        this.#meta.push({ name: cells.text(0), value: cells.blob() });
        return;
      case 'outbox':
        this.#outbox.push({
          eventId: cells.text(0),
          logSizeBefore: cells.number(1),
          record: cells.blob(),
        });
        return;
      case 'eventsCommitted':
        this.#eventsCommitted = cells.number(0);
        return;
      default:
        table satisfies never;
    }
  }
}

/** The cells of one row of a chunk. Their types were proven by the database's constraints; a bug would show here. */
class Cells {
  row = 0;
  readonly #chunk: RowChunk;
  readonly #names: Map<string, string>;
  #blobStart = 0;

  constructor(chunk: RowChunk, names: Map<string, string>) {
    this.#chunk = chunk;
    this.#names = names;
  }

  text(column: number): string {
    const cell = this.#chunk.columns[column]?.[this.row];
    if (typeof cell !== 'string') throw new TypeError(`column ${column} of ${this.#chunk.table} is no text`);
    return cell;
  }

  number(column: number): number {
    const cell = this.#chunk.columns[column]?.[this.row];
    if (typeof cell !== 'number')
      throw new TypeError(`column ${column} of ${this.#chunk.table} is no number`);
    return cell;
  }

  name(column: number): string {
    const text = this.text(column);
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    this.#names.set(text, text);
    return text;
  }

  /** A view into the chunk; call it once a row, in order. */
  blob(): Uint8Array {
    const bytes = this.#chunk.blobBytes[this.row];
    if (bytes === undefined) throw new TypeError(`a row of ${this.#chunk.table} has no blob`);
    const start = this.#blobStart;
    this.#blobStart += bytes;
    return this.#chunk.blobs.subarray(start, this.#blobStart);
  }
}
