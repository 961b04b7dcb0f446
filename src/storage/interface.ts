/**
 * What durable state is and how it changes. A provider (`sqlite/`) keeps these rows; `keys/` and
 * `identity/` hold them in memory while the server runs. A `Change` is all or nothing: every
 * precondition is checked inside its transaction, so two writers can never both believe they won.
 */
export interface KeyRow {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
  /** Grows by one with each change; `updateKey` names the version it read. */
  readonly version: number;
  /** Customer keys count against the account's quota; AWS managed keys do not. */
  readonly manager: 'CUSTOMER' | 'AWS';
  /** The key's metadata, policy, tags and rotation settings as JSON; `keys/` owns its form. */
  readonly body: string;
}

export interface KeyMaterialRow {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
  /** 64 lower-case hexadecimal digits. */
  readonly materialId: string;
  readonly domainKeyVersion: number;
  /** Key material sealed under the region's domain key; `keystore/` owns its form. */
  readonly sealed: Uint8Array;
  /** Order, dates, rotation type and state as JSON; `keys/` owns its form. */
  readonly body: string;
}

export interface AliasRow {
  readonly accountId: string;
  readonly region: string;
  /** With the `alias/` prefix. */
  readonly aliasName: string;
  readonly version: number;
  readonly targetKeyId: string;
  /** Dates as JSON; `keys/` owns its form. */
  readonly body: string;
}

export interface DomainKeyRow {
  /** A Region's name, or empty for the installation's own line (markers, secrets, log signing key). */
  readonly region: string;
  readonly version: number;
  /** Which root key seals it. */
  readonly rootKeyId: string;
  readonly sealed: Uint8Array;
  readonly createdMs: number;
}

export interface AccessKeyRow {
  readonly accessKeyId: string;
  readonly accountId: string;
  readonly version: number;
  /** The secret access key, sealed under a key of its own purpose. */
  readonly sealedSecret: Uint8Array;
  readonly body: string;
}

/** Small named values: installation id, sealed log signing key, sealed marker key, schema facts. */
export interface MetaRow {
  readonly name: string;
  readonly value: Uint8Array;
}

/** An audit event that was committed with a change and must reach the log before anything is served. */
export interface OutboxRow {
  readonly eventId: string;
  /** How many events the log held when the change was committed: the event is in the log at or after this index, or not at all. */
  readonly logSizeBefore: number;
  readonly record: Uint8Array;
}

export type Write =
  | { readonly do: 'insertKey'; readonly row: KeyRow }
  /** `row.version` is the new version; the stored one must be `row.version - 1`. */
  | { readonly do: 'updateKey'; readonly row: KeyRow }
  /** Removes the key, its materials and its aliases. `version` is the stored one. */
  | {
      readonly do: 'deleteKey';
      readonly accountId: string;
      readonly region: string;
      readonly keyId: string;
      readonly version: number;
    }
  /** Fails unless its key and its domain key are stored. */
  | { readonly do: 'insertKeyMaterial'; readonly row: KeyMaterialRow }
  /** Fails unless it and the domain key it names are stored. */
  | { readonly do: 'updateKeyMaterial'; readonly row: KeyMaterialRow }
  /** Fails when the name is taken or the target is not stored. */
  | { readonly do: 'insertAlias'; readonly row: AliasRow }
  | { readonly do: 'updateAlias'; readonly row: AliasRow }
  | {
      readonly do: 'deleteAlias';
      readonly accountId: string;
      readonly region: string;
      readonly aliasName: string;
      readonly version: number;
    }
  | { readonly do: 'insertDomainKey'; readonly row: DomainKeyRow }
  | { readonly do: 'updateDomainKey'; readonly row: DomainKeyRow }
  /** Fails while any key material is sealed under it. */
  | { readonly do: 'deleteDomainKey'; readonly region: string; readonly version: number }
  | { readonly do: 'insertAccessKey'; readonly row: AccessKeyRow }
  | { readonly do: 'updateAccessKey'; readonly row: AccessKeyRow }
  | { readonly do: 'putMeta'; readonly row: MetaRow }
  /** Fails when the account already has `max` customer keys or more in the region. */
  | {
      readonly do: 'requireKeysBelow';
      readonly accountId: string;
      readonly region: string;
      readonly max: number;
    }
  /** Fails when `keyId` is already the target of `max` aliases or more. */
  | {
      readonly do: 'requireAliasesBelow';
      readonly accountId: string;
      readonly region: string;
      readonly keyId: string;
      readonly max: number;
    };

export interface Change {
  readonly writes: readonly Write[];
  /** Several when one change is recorded in several accounts or by a job. */
  readonly events: readonly OutboxRow[];
}

/** A precondition did not hold: nothing of the change was kept. `index` says which write failed. */
export class PreconditionFailed extends Error {
  readonly index: number;
  constructor(index: number) {
    super(`precondition of write ${index} did not hold`);
    this.name = 'PreconditionFailed';
    this.index = index;
  }
}

/** Too many changes wait already: nothing of this one was kept, and it may be given again. */
export class StorageBusy extends Error {
  constructor() {
    super('too many changes are waiting to be written');
    this.name = 'StorageBusy';
  }
}

/** The store can no longer be trusted to keep what it is given (a failed write or flush): stop serving. */
export class StorageFailed extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageFailed';
  }
}

export interface StoredState {
  readonly keys: readonly KeyRow[];
  readonly keyMaterials: readonly KeyMaterialRow[];
  readonly aliases: readonly AliasRow[];
  readonly domainKeys: readonly DomainKeyRow[];
  readonly accessKeys: readonly AccessKeyRow[];
  readonly meta: readonly MetaRow[];
  readonly outbox: readonly OutboxRow[];
  /** How many events were ever committed with a change, those forgotten from the outbox included. */
  readonly eventsCommitted: number;
}

export interface Storage {
  /** Everything stored, read once at start. */
  load(): Promise<StoredState>;
  /**
   * Resolves when the change is durable. Rejects with `PreconditionFailed` or `StorageBusy` (nothing
   * kept), with `StorageFailed` (unknown whether kept; the server must stop), or with `TypeError` or
   * `RangeError` for rows no caller should make (nothing kept). Changes given while one commit runs
   * share the next transaction, each within its own savepoint, in the order given.
   */
  commit(change: Change): Promise<void>;
  /** Forgets outbox rows whose events are durable in the log. Lazy: may ride along with the next commit. */
  forgetOutbox(eventIds: readonly string[]): void;
  /** Flushes and closes. Idempotent. */
  close(): Promise<void>;
}
