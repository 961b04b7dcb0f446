/** The need that most management operations have: one key of the caller's own account, by id or ARN. */
import type { ConditionFacts, KeyNeed } from '../../authz/need.ts';
import type { Key } from '../../keys/key.ts';
import type { StateRule } from '../../keys/key-state.ts';

export const ownKey = (action: string, keyId: string, state: StateRule, facts?: ConditionFacts) =>
  ({
    on: 'key',
    action,
    keyId,
    aliases: false,
    crossAccount: false,
    state,
    ...(facts === undefined ? {} : { facts }),
  }) as const satisfies KeyNeed;

/** Since December 2022 the service records the key's ARN as the response of operations that answer nothing. */
export const keyChanged = (key: Key) => ({ responseElements: { keyId: key.arn } });
