/**
 * Every key and alias of the installation, in memory: the request path reads nothing else.
 * It holds what is committed. A change reaches it after its transaction and before its answer.
 * The server's one event loop is its only writer, so what is read between two awaits is consistent.
 */
import type { Alias, Key } from './key.ts';

/** Names in byte order with a value each; sorted when first listed after a change of its names. */
class SortedMap<V> {
  readonly #values = new Map<string, V>();
  #order: string[] | undefined;

  get(name: string): V | undefined {
    return this.#values.get(name);
  }

  set(name: string, value: V): void {
    if (this.#order !== undefined && !this.#values.has(name)) {
      this.#order.splice(insertionPoint(this.#order, name), 0, name);
    }
    this.#values.set(name, value);
  }

  delete(name: string): void {
    if (!this.#values.delete(name) || this.#order === undefined) return;
    this.#order.splice(insertionPoint(this.#order, name), 1);
  }

  get size(): number {
    return this.#values.size;
  }

  /** Up to `count` values whose names come after `name` in code-unit order. */
  after(name: string, count: number): V[] {
    this.#order ??= [...this.#values.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const out: V[] = [];
    const order = this.#order;
    let at = insertionPoint(order, name);
    if (order[at] === name) at += 1;
    for (; at < order.length && out.length < count; at += 1) {
      const value = this.#values.get(order[at] ?? '');
      if (value !== undefined) out.push(value);
    }
    return out;
  }
}

function insertionPoint(order: readonly string[], name: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

const scope = (accountId: string, region: string): string => `${accountId} ${region}`;
const emptyAliases: ReadonlyMap<string, Alias> = new Map();

export class KeyTable {
  /** By Region and key id: a ciphertext names the key without its account. */
  readonly #byId = new Map<string, Map<string, Key>>();
  readonly #keysOf = new Map<string, SortedMap<Key>>();
  readonly #aliasesOf = new Map<string, SortedMap<Alias>>();
  readonly #aliasesByTarget = new Map<string, Map<string, Alias>>();
  readonly #customerKeys = new Map<string, number>();

  key(region: string, keyId: string): Key | undefined {
    return this.#byId.get(region)?.get(keyId);
  }

  putKey(key: Key): void {
    const region = this.#byId.getOrInsertComputed(key.region, () => new Map<string, Key>());
    const name = scope(key.accountId, key.region);
    if (!region.has(key.keyId) && key.manager === 'CUSTOMER') this.#count(name, 1);
    region.set(key.keyId, key);
    this.#keysOf.getOrInsertComputed(name, () => new SortedMap<Key>()).set(key.keyId, key);
  }

  deleteKey(key: Key): void {
    const name = scope(key.accountId, key.region);
    if (this.#byId.get(key.region)?.delete(key.keyId) && key.manager === 'CUSTOMER') this.#count(name, -1);
    this.#keysOf.get(name)?.delete(key.keyId);
    for (const alias of [...this.aliasesOfKey(key).values()]) this.deleteAlias(alias);
  }

  /** Keys after `keyId` in the order of their ids. */
  keysAfter(accountId: string, region: string, keyId: string, count: number): Key[] {
    return this.#keysOf.get(scope(accountId, region))?.after(keyId, count) ?? [];
  }

  /** Keys of every account and Region together. */
  get size(): number {
    let size = 0;
    for (const region of this.#byId.values()) size += region.size;
    return size;
  }

  *allKeys(): Iterable<Key> {
    for (const region of this.#byId.values()) yield* region.values();
  }

  customerKeyCount(accountId: string, region: string): number {
    return this.#customerKeys.get(scope(accountId, region)) ?? 0;
  }

  alias(accountId: string, region: string, name: string): Alias | undefined {
    return this.#aliasesOf.get(scope(accountId, region))?.get(name);
  }

  putAlias(alias: Alias): void {
    const name = scope(alias.accountId, alias.region);
    const aliases = this.#aliasesOf.getOrInsertComputed(name, () => new SortedMap<Alias>());
    const before = aliases.get(alias.name);
    if (before !== undefined) this.#unlink(before);
    aliases.set(alias.name, alias);
    this.#aliasesByTarget
      .getOrInsertComputed(targetName(alias), () => new Map<string, Alias>())
      .set(alias.name, alias);
  }

  deleteAlias(alias: Alias): void {
    this.#aliasesOf.get(scope(alias.accountId, alias.region))?.delete(alias.name);
    this.#unlink(alias);
  }

  aliasesAfter(accountId: string, region: string, name: string, count: number): Alias[] {
    return this.#aliasesOf.get(scope(accountId, region))?.after(name, count) ?? [];
  }

  /** The aliases whose target is this key, by name. */
  aliasesOfKey(key: Pick<Key, 'accountId' | 'region' | 'keyId'>): ReadonlyMap<string, Alias> {
    return this.#aliasesByTarget.get(`${scope(key.accountId, key.region)} ${key.keyId}`) ?? emptyAliases;
  }

  #unlink(alias: Alias): void {
    const target = targetName(alias);
    const linked = this.#aliasesByTarget.get(target);
    linked?.delete(alias.name);
    if (linked?.size === 0) this.#aliasesByTarget.delete(target);
  }

  #count(name: string, by: number): void {
    this.#customerKeys.set(name, (this.#customerKeys.get(name) ?? 0) + by);
  }
}

const targetName = (alias: Alias): string => `${scope(alias.accountId, alias.region)} ${alias.targetKeyId}`;
