/**
 * What an operation is. It is declared: what it needs, how its call is told to the audit log, and
 * what it does once allowed. It does not authorize, log, open transactions or shape HTTP.
 */
import type { LastUsage } from '../audit/last-usage.ts';
import type { Caller } from '../authz/caller.ts';
import type { Authorized, Need, Target, TargetOf } from '../authz/need.ts';
import type { Clock } from '../base/clock.ts';
import type { Quotas } from '../config/quotas.ts';
import type { Identities } from '../identity/identities.ts';
import type { Key } from '../keys/key.ts';
import type { KeyPolicies } from '../keys/key-policy.ts';
import type { KeyTable } from '../keys/key-table.ts';
import type { StateChange } from '../keys/state-change.ts';
import type { KeyStore } from '../keystore/interface.ts';
import type { HoldfastInput, HoldfastOperationName, HoldfastOutput } from '../model/holdfast.ts';
import type { KmsInput, KmsOperationName, KmsOutput } from '../model/kms.ts';
import type { ServiceName } from '../model/tables.ts';
import type { Installation } from './holdfast/installation.ts';
import type { Markers } from './pagination.ts';

/** What handlers stand on. One object for the life of the server. */
export interface Services {
  readonly clock: Clock;
  readonly table: KeyTable;
  readonly policies: KeyPolicies;
  readonly identities: Identities;
  readonly keyStore: KeyStore;
  readonly quotas: Quotas;
  readonly markers: Markers;
  readonly lastUsage: LastUsage;
  readonly installation: Installation;
}

/** What the audit record says beyond what every record says. */
export interface AuditDetail {
  /** Replaces the parameters made from the input; null where the service records none. */
  readonly requestParameters?: object | null;
  readonly responseElements?: object;
  readonly additionalEventData?: object;
  /** Keys that the needs do not name, because the operation has just made them. */
  readonly resources?: readonly Key[];
}

export interface Outcome<Output> {
  readonly output: Output;
  /** What becomes durable together with the audit event, before the answer. */
  readonly change?: StateChange;
  readonly audit?: AuditDetail;
  /** Plaintext in the output: wiped once the answer is encoded, or once there is to be none. */
  readonly wipe?: Uint8Array;
}

export type Needs = Readonly<Record<string, Need>>;

export type Targets<N extends Needs> = {
  readonly [P in keyof N]: Authorized<TargetOf<N[P]>>;
};

export interface Operation<Input, Output, N extends Needs> {
  /** As CloudTrail marks it: every cryptographic operation is read-only. */
  readonly readOnly: boolean;
  /** Whether its success is a use of the key that GetKeyLastUsage tells of. */
  readonly cryptographic?: boolean;
  /** Parameters (lowerCamel) that the audit record shows with their default when the request leaves them out. */
  readonly auditDefaults?: object;
  /** Input members that never enter the audit record, beside all blobs. */
  readonly redact?: readonly string[];
  /** Constraints that the service checks with the model's, before it looks for the key. Throws a `Refusal`. */
  validate?(input: Input): void;
  /** Constraints that the service checks once access is given, before the key's usage and state. Throws a `Refusal`. */
  check?(input: Input): void;
  /**
   * A change of its own that this request causes before it is decided (an AWS managed key made on first
   * sight), recorded as the service's doing. Only for what every principal of the account may cause.
   */
  before?(
    input: Input,
    caller: Caller,
    services: Services,
  ): Promise<{ readonly key: Key; readonly change: StateChange } | undefined> | undefined;
  /** In the order in which they are checked. May look at the table to choose (an alias's old target), never to decide. */
  needs(input: Input, caller: Caller, services: Services): N;
  /** May throw a `Refusal`. */
  handle(
    input: Input,
    targets: Targets<N>,
    call: { readonly caller: Caller; readonly services: Services },
  ): Outcome<Output> | Promise<Outcome<Output>>;
}

/** An operation with its types erased, as the registry holds it: the pipeline passes each the values made for it. */
export interface RegisteredOperation extends Omit<Operation<object, object | undefined, Needs>, 'handle'> {
  readonly service: ServiceName;
  readonly name: KmsOperationName | HoldfastOperationName;
  handle(
    input: object,
    targets: Readonly<Record<string, Authorized<Target>>>,
    call: { readonly caller: Caller; readonly services: Services },
  ): Outcome<object | undefined> | Promise<Outcome<object | undefined>>;
}

/** Binds a declaration to the shapes of that name in the model of AWS KMS. */
export const kmsOperation = <Name extends KmsOperationName, N extends Needs>(
  name: Name,
  declaration: Operation<KmsInput<Name>, KmsOutput<Name>, N>,
) => ({ service: 'kms', name, ...declaration }) as const;

/** The same for Holdfast's own operator API. */
export const holdfastOperation = <Name extends HoldfastOperationName, N extends Needs>(
  name: Name,
  declaration: Operation<HoldfastInput<Name>, HoldfastOutput<Name>, N>,
) => ({ service: 'holdfast', name, ...declaration }) as const;
