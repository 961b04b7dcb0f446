/**
 * The key-state table of the KMS Developer Guide ("Key states of AWS KMS keys"): which class of
 * operation a key in each state serves, and how it refuses the others. Where the guide leaves open
 * which of two errors a key pending deletion answers, it is KMSInvalidStateException.
 */
import { Refusal } from '../base/refusal.ts';
import type { KeyState } from '../model/kms.ts';
import type { Key } from './key.ts';

export type StateRule =
  | 'cryptographic'
  | 'read'
  | 'alias-create'
  | 'edit'
  | 'enable-disable'
  | 'schedule-deletion'
  | 'cancel-deletion'
  | 'rotation-change'
  | 'rotation-status'
  | 'rotation-list';

type Verdict = 'ok' | 'disabled' | 'invalid' | 'unsupported';

/** Columns in the order of the guide's table. */
const states = [
  'Enabled',
  'Disabled',
  'PendingDeletion',
  'PendingReplicaDeletion',
  'PendingImport',
  'Unavailable',
  'Creating',
  'Updating',
] as const satisfies readonly KeyState[];

const ok = 'ok';
const dis = 'disabled';
const inv = 'invalid';
const uns = 'unsupported';

const table: Record<StateRule, readonly Verdict[]> = {
  //                    Enabled Disabled PendDel PendReplDel PendImp Unavail Creating Updating
  cryptographic: /*    */ [ok, dis, inv, inv, inv, inv, inv, ok],
  read: /*             */ [ok, ok, ok, ok, ok, ok, ok, ok],
  'alias-create': /*   */ [ok, ok, inv, inv, ok, ok, ok, ok],
  edit: /*             */ [ok, ok, inv, inv, ok, ok, ok, ok],
  'enable-disable': /* */ [ok, ok, inv, inv, inv, ok, inv, inv],
  'schedule-deletion': [ok, ok, inv, inv, ok, ok, ok, inv],
  'cancel-deletion': /**/ [inv, inv, ok, ok, inv, inv, inv, inv],
  'rotation-change': /**/ [ok, dis, inv, inv, uns, uns, inv, ok],
  'rotation-status': /**/ [ok, ok, ok, ok, uns, uns, ok, ok],
  'rotation-list': /*  */ [ok, ok, ok, ok, ok, ok, ok, ok],
};

const stateText: Record<KeyState, string> = {
  Enabled: 'enabled',
  Disabled: 'disabled',
  PendingDeletion: 'pending deletion',
  PendingReplicaDeletion: 'pending replica deletion',
  PendingImport: 'pending import',
  Unavailable: 'unavailable',
  Creating: 'creating',
  Updating: 'updating',
};

/** The refusal of an operation of this class by a key in its present state, or undefined when it is served. */
export function stateRefusal(
  rule: StateRule,
  key: Pick<Key, 'arn' | 'state' | 'origin'>,
): Refusal | undefined {
  const verdict = table[rule][states.indexOf(key.state)];
  switch (verdict) {
    case 'ok':
      return undefined;
    case 'disabled':
      return new Refusal('DisabledException', `${key.arn} is disabled.`);
    case 'unsupported':
      return new Refusal(
        'UnsupportedOperationException',
        `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
      );
    case 'invalid':
      return new Refusal(
        'KMSInvalidStateException',
        rule === 'cancel-deletion'
          ? `${key.arn} is not pending deletion.`
          : `${key.arn} is ${stateText[key.state]}.`,
      );
  }
  // A state that this table does not know serves nothing.
  return new Refusal('KMSInvalidStateException', `${key.arn} is unavailable.`);
}
