/**
 * Domain keys: one line per Region, and the installation's own line under the empty Region. They seal
 * key material (and, through `purpose-keys.ts`, the server's own secrets), are themselves sealed under
 * the root, and are opened on first use. The newest of a line seals, all of them open.
 */
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { equalConstantTime } from '../crypto/constant-time.ts';
import { randomBytes } from '../crypto/random.ts';
import { takeSecretKey } from '../crypto/secret-key.ts';
import type { DomainKeyRing } from '../keystore/interface.ts';
import { type Seal, SealBroken } from '../seal/interface.ts';
import type { DomainKeyRow, Write } from '../storage/interface.ts';

export const installationLine = '';

const domainKeyBytes = 32;
/** Rows that change in one commit: a bound on its size, not on the number of lines. */
const rewrapBatchRows = 256;

/** Resolves when the writes are durable. */
export type CommitWrites = (writes: readonly Write[]) => Promise<void>;

export class DomainKeys implements DomainKeyRing {
  readonly #seal: Seal;
  readonly #clock: Clock;
  readonly #commit: CommitWrites;
  /** What is stored, by Region and version. This object is its only writer. */
  readonly #rows = new Map<string, Map<number, DomainKeyRow>>();
  /** Opened or being opened, by Region and version. */
  readonly #opened = new Map<string, Map<number, Promise<KeyObject>>>();
  readonly #creating = new Map<string, Promise<unknown>>();
  #changes: Promise<unknown> = Promise.resolve();

  constructor(seal: Seal, rows: readonly DomainKeyRow[], clock: Clock, commit: CommitWrites) {
    this.#seal = seal;
    this.#clock = clock;
    this.#commit = commit;
    for (const row of rows) this.#keep(row);
  }

  async current(region: string): Promise<{ readonly version: number; readonly key: KeyObject }> {
    if (this.versions(region).length === 0) await this.#createFirst(region);
    const version = this.currentVersion(region);
    return { version, key: await this.get(region, version) };
  }

  get(region: string, version: number): Promise<KeyObject> {
    const opened = this.#opened.get(region)?.get(version);
    if (opened !== undefined) return opened;
    const opening = this.#open(region, version);
    this.#remember(region, version, opening);
    // A failure is not remembered: the seal may be back for the next caller.
    opening.catch(() => this.#opened.get(region)?.delete(version));
    return opening;
  }

  /** Oldest first; empty when the line has not begun. */
  versions(region: string): readonly number[] {
    return [...(this.#rows.get(region)?.keys() ?? [])].sort((a, b) => a - b);
  }

  /** The lines that have begun, the installation's own included. */
  regions(): readonly string[] {
    return [...this.#rows.keys()].sort();
  }

  currentVersion(region: string): number {
    return this.versions(region).at(-1) ?? 0;
  }

  /** A new version of the line, current from now on. What older versions sealed stays readable. */
  rotate(region: string): Promise<number> {
    return this.#change(async () => {
      const version = this.currentVersion(region) + 1;
      await this.#create(region, version);
      return version;
    });
  }

  /** Forgets a version for good. For a caller that has sealed anew all that it had sealed. */
  retire(region: string, version: number): Promise<void> {
    return this.#change(async () => {
      if (version === this.currentVersion(region)) {
        throw new RangeError(`version ${version} is the current domain key of the line \`${region}\``);
      }
      await this.#commit([{ do: 'deleteDomainKey', region, version }]);
      this.#rows.get(region)?.delete(version);
      this.#opened.get(region)?.delete(version);
    });
  }

  /**
   * Seals each domain key under the seal's current root, where another holds it, and says how many.
   * Calls again after an interruption do what is left.
   */
  rewrapUnderCurrentRoot(): Promise<number> {
    return this.#change(() => this.#rewrapAll());
  }

  /**
   * Replaces the root key while everything goes on. After a crash at any point the seal holds more than
   * one root key, and `finishRootRotation` at the next start completes it.
   *
   * From its beginning to its end it is one change: were another root to come between, what was just
   * sealed under this one would lose it.
   */
  rotateRoot(): Promise<{ readonly previousRootKeyId: string; readonly rootKeyId: string }> {
    return this.#change(async () => {
      const previousRootKeyId = this.#seal.rootKeyId;
      const rootKeyId = await this.#seal.beginRotation();
      await this.#finishRootRotation();
      return { previousRootKeyId, rootKeyId };
    });
  }

  finishRootRotation(): Promise<void> {
    return this.#change(() => this.#finishRootRotation());
  }

  async #finishRootRotation(): Promise<void> {
    await this.#rewrapAll();
    // The old root goes for good: nothing may still need it.
    const needed = this.#underOtherRoots()[0];
    if (needed !== undefined) {
      throw new SealBroken(
        `the domain key \`${needed.region}\` ${needed.version} is still under an old root key`,
      );
    }
    await this.#seal.finishRotation();
  }

  async #rewrapAll(): Promise<number> {
    const rows = this.#underOtherRoots();
    for (let i = 0; i < rows.length; i += rewrapBatchRows) {
      const rewrapped = await Promise.all(rows.slice(i, i + rewrapBatchRows).map((row) => this.#rewrap(row)));
      // A crash before this commit leaves the rows under the old root, after it under the new one:
      // the seal opens both until `finishRotation`.
      await this.#commit(rewrapped.map((row) => ({ do: 'updateDomainKey', row })));
      for (const row of rewrapped) this.#keep(row);
    }
    return rows.length;
  }

  /** Callers that meet a new Region together share one creation. */
  async #createFirst(region: string): Promise<void> {
    let creating = this.#creating.get(region);
    if (creating === undefined) {
      creating = this.#change(async () => {
        if (this.versions(region).length === 0) await this.#create(region, 1);
      }).finally(() => this.#creating.delete(region));
      this.#creating.set(region, creating);
    }
    await creating;
  }

  async #create(region: string, version: number): Promise<void> {
    const bytes = randomBytes(domainKeyBytes);
    try {
      const row: DomainKeyRow = {
        region,
        version,
        ...(await this.#seal.seal(purpose(region, version), bytes)),
        createdMs: this.#clock.nowMs(),
      };
      // Nothing is sealed under a domain key that a crash could still take away.
      await this.#commit([{ do: 'insertDomainKey', row }]);
      this.#keep(row);
      this.#remember(region, version, Promise.resolve(takeSecretKey(bytes)));
    } finally {
      bytes.fill(0);
    }
  }

  async #open(region: string, version: number): Promise<KeyObject> {
    const row = this.#rows.get(region)?.get(version);
    if (row === undefined) throw new SealBroken(`there is no domain key \`${region}\` version ${version}`);
    return takeSecretKey(await this.#seal.open(purpose(region, version), row.rootKeyId, row.sealed));
  }

  async #rewrap(row: DomainKeyRow): Promise<DomainKeyRow> {
    const { region, version } = row;
    const bytes = await this.#seal.open(purpose(region, version), row.rootKeyId, row.sealed);
    try {
      const sealed = await this.#seal.seal(purpose(region, version), bytes);
      // The old form is about to be overwritten: see that the new one opens first.
      const opened = await this.#seal.open(purpose(region, version), sealed.rootKeyId, sealed.sealed);
      const same = equalConstantTime(opened, bytes);
      opened.fill(0);
      if (!same) throw new SealBroken(`the domain key \`${region}\` ${version} came back changed`);
      return { ...row, ...sealed };
    } finally {
      bytes.fill(0);
    }
  }

  #underOtherRoots(): readonly DomainKeyRow[] {
    const root = this.#seal.rootKeyId;
    return [...this.#rows.values()].flatMap((line) =>
      [...line.values()].filter((row) => row.rootKeyId !== root),
    );
  }

  #keep(row: DomainKeyRow): void {
    let line = this.#rows.get(row.region);
    if (line === undefined) {
      line = new Map();
      this.#rows.set(row.region, line);
    }
    line.set(row.version, row);
  }

  #remember(region: string, version: number, key: Promise<KeyObject>): void {
    let line = this.#opened.get(region);
    if (line === undefined) {
      line = new Map();
      this.#opened.set(region, line);
    }
    line.set(version, key);
  }

  /**
   * Changes run one after another: a domain key that was being sealed under the old root when a rotation
   * began is stored before the rotation looks for what to seal anew.
   */
  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => undefined);
    return done;
  }
}

/** A row that was moved to another line or version does not open. */
const purpose = (region: string, version: number): string => `domain key ${version} of line ${region}`;
