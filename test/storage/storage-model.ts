/** What a store must do, slow and obvious: every change copies the whole state and is kept or dropped with it. */
import type { Change, OutboxRow, StoredState, Write } from '../../src/storage/interface.ts';

type Mutable = { -readonly [Name in keyof StoredState]: StoredState[Name] };

const empty: StoredState = {
  keys: [],
  keyMaterials: [],
  aliases: [],
  domainKeys: [],
  accessKeys: [],
  meta: [],
  outbox: [],
  eventsCommitted: 0,
};

export class StorageModel {
  state: StoredState = empty;

  /** The index of the write whose precondition failed, or undefined when the change was kept. */
  commit(change: Change): number | undefined {
    const next: Mutable = { ...this.state };
    for (const [index, write] of change.writes.entries()) if (!applied(next, write)) return index;
    this.state = {
      ...next,
      outbox: [...next.outbox, ...change.events],
      eventsCommitted: next.eventsCommitted + change.events.length,
    };
    return undefined;
  }

  forget(eventIds: readonly string[]): void {
    const outbox: OutboxRow[] = this.state.outbox.filter(({ eventId }) => !eventIds.includes(eventId));
    this.state = { ...this.state, outbox };
  }
}

function applied(state: Mutable, write: Write): boolean {
  switch (write.do) {
    case 'insertKey':
      if (state.keys.some((row) => sameKey(row, write.row))) return false;
      state.keys = [...state.keys, write.row];
      return true;
    case 'updateKey': {
      const before = state.keys.find((row) => sameKey(row, write.row));
      if (before?.version !== write.row.version - 1 || before.manager !== write.row.manager) return false;
      state.keys = state.keys.map((row) => (row === before ? write.row : row));
      return true;
    }
    case 'deleteKey': {
      const before = state.keys.find((row) => sameKey(row, write));
      if (before?.version !== write.version) return false;
      state.keys = state.keys.filter((row) => row !== before);
      state.keyMaterials = state.keyMaterials.filter((row) => !sameKey(row, write));
      state.aliases = state.aliases.filter((row) => !sameKey({ ...row, keyId: row.targetKeyId }, write));
      return true;
    }
    case 'insertKeyMaterial': {
      const taken = state.keyMaterials.some(
        (row) => sameKey(row, write.row) && row.materialId === write.row.materialId,
      );
      if (taken || !state.keys.some((row) => sameKey(row, write.row)) || !hasDomainKey(state, write.row))
        return false;
      state.keyMaterials = [...state.keyMaterials, write.row];
      return true;
    }
    case 'updateKeyMaterial': {
      const before = state.keyMaterials.find(
        (row) => sameKey(row, write.row) && row.materialId === write.row.materialId,
      );
      if (before === undefined || !hasDomainKey(state, write.row)) return false;
      state.keyMaterials = state.keyMaterials.map((row) => (row === before ? write.row : row));
      return true;
    }
    case 'insertAlias': {
      const target = { ...write.row, keyId: write.row.targetKeyId };
      if (state.aliases.some((row) => sameAlias(row, write.row))) return false;
      if (!state.keys.some((row) => sameKey(row, target))) return false;
      state.aliases = [...state.aliases, write.row];
      return true;
    }
    case 'updateAlias': {
      const target = { ...write.row, keyId: write.row.targetKeyId };
      const before = state.aliases.find((row) => sameAlias(row, write.row));
      if (before?.version !== write.row.version - 1 || !state.keys.some((row) => sameKey(row, target)))
        return false;
      state.aliases = state.aliases.map((row) => (row === before ? write.row : row));
      return true;
    }
    case 'deleteAlias': {
      const before = state.aliases.find((row) => sameAlias(row, write));
      if (before?.version !== write.version) return false;
      state.aliases = state.aliases.filter((row) => row !== before);
      return true;
    }
    case 'insertDomainKey':
      if (state.domainKeys.some((row) => sameDomainKey(row, write.row))) return false;
      state.domainKeys = [...state.domainKeys, write.row];
      return true;
    case 'updateDomainKey': {
      const before = state.domainKeys.find((row) => sameDomainKey(row, write.row));
      if (before === undefined) return false;
      state.domainKeys = state.domainKeys.map((row) => (row === before ? write.row : row));
      return true;
    }
    case 'deleteDomainKey': {
      const before = state.domainKeys.find((row) => sameDomainKey(row, write));
      const used = ({ region, domainKeyVersion }: { region: string; domainKeyVersion: number }) =>
        region === write.region && domainKeyVersion === write.version;
      if (before === undefined || state.keyMaterials.some(used)) return false;
      state.domainKeys = state.domainKeys.filter((row) => row !== before);
      return true;
    }
    case 'insertAccessKey':
      if (state.accessKeys.some(({ accessKeyId }) => accessKeyId === write.row.accessKeyId)) return false;
      state.accessKeys = [...state.accessKeys, write.row];
      return true;
    case 'updateAccessKey': {
      const before = state.accessKeys.find(({ accessKeyId }) => accessKeyId === write.row.accessKeyId);
      if (before?.version !== write.row.version - 1 || before.accountId !== write.row.accountId) return false;
      state.accessKeys = state.accessKeys.map((row) => (row === before ? write.row : row));
      return true;
    }
    case 'putMeta':
      state.meta = [...state.meta.filter(({ name }) => name !== write.row.name), write.row];
      return true;
    case 'requireKeysBelow': {
      const counted = state.keys.filter(
        (row) =>
          row.manager === 'CUSTOMER' && row.accountId === write.accountId && row.region === write.region,
      );
      return counted.length < write.max;
    }
    case 'requireAliasesBelow':
      return (
        state.aliases.filter((row) => sameKey({ ...row, keyId: row.targetKeyId }, write)).length < write.max
      );
    default:
      return write satisfies never;
  }
}

interface KeyName {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
}

interface AliasName {
  readonly accountId: string;
  readonly region: string;
  readonly aliasName: string;
}

interface DomainKeyName {
  readonly region: string;
  readonly version: number;
}

const sameKey = (a: KeyName, b: KeyName): boolean =>
  a.accountId === b.accountId && a.region === b.region && a.keyId === b.keyId;

const sameAlias = (a: AliasName, b: AliasName): boolean =>
  a.accountId === b.accountId && a.region === b.region && a.aliasName === b.aliasName;

const sameDomainKey = (a: DomainKeyName, b: DomainKeyName): boolean =>
  a.region === b.region && a.version === b.version;

const hasDomainKey = (state: StoredState, row: { region: string; domainKeyVersion: number }): boolean =>
  state.domainKeys.some(({ region, version }) => region === row.region && version === row.domainKeyVersion);
