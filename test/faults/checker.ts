/**
 * Holds three accounts of one installation against each other: what the clients were told, what the server
 * says its state is, and what the audit log tells.
 *
 * - Nothing acknowledged is lost: every change that was answered is in the state, every answer in the log.
 * - Nothing is answered or changed without its event: the state is what the events make it, and a change that was not
 *   answered is in the state exactly when its event is in the log.
 * - Every ciphertext that was ever answered decrypts.
 */
import assert from 'node:assert/strict';
import type { Random } from '../fuzz/random.ts';
import type { AuditTrail } from './audit-trail.ts';
import { type Ciphertext, type Facts, type Journal, noFacts, ordered } from './journal.ts';
import type { KmsClient } from './kms-client.ts';
import { ownPolicy, type Worker } from './workload.ts';

/** To be called when the log has been read after a crash, before the server starts again. */
export function checkAnswersAreLogged(workers: readonly Worker[], trail: AuditTrail): void {
  for (const { journal } of workers) {
    for (const { requestId, operation, userAgent, status } of journal.acknowledged) {
      const events = trail.eventsOfRequest(requestId);
      const [event] = events;
      // A server that has failed has no other answer left; if it was the log that failed, it cannot log it.
      if (status === 500 && event === undefined) continue;
      assert.ok(event !== undefined, `${operation} (${requestId}) was answered and is not in the log`);
      assert.equal(event.userAgent, userAgent);
      if (status !== 500) {
        assert.equal(event.eventName, operation);
        assert.equal(events.length, 1, `${operation} (${requestId}) is in the log ${events.length} times`);
        assert.equal(event.errorCode, undefined);
      }
    }
  }
}

/** To be called when the server is up again and the log was read. Settles what was not answered. */
export async function checkState(workers: readonly Worker[], trail: AuditTrail, port: number): Promise<void> {
  const known = noFacts();
  for (const { journal } of workers) {
    settle(journal, trail);
    for (const [arn, key] of journal.facts.keys) known.keys.set(arn, key);
    for (const [arn, target] of journal.facts.aliases) known.aliases.set(arn, target);
  }
  const told = noFacts();
  const places = new Map(
    workers.map((worker) => [`${worker.credentials.accountId} ${worker.region}`, worker]),
  );
  for (const worker of places.values()) {
    const client = worker.client(port);
    await readState(client, told);
    client.close();
  }
  assert.deepEqual(ordered(told), ordered(known), 'the state is not what the clients were told');
  assert.deepEqual(ordered(told), ordered(trail.facts()), 'the state is not what the log tells');
  await checkDomainKeys(workers, trail, port);
}

/** What was not answered was done exactly if its event is there, as a success. */
function settle(journal: Journal, trail: AuditTrail): void {
  for (const { operation, userAgent, apply } of journal.unanswered) {
    const events = trail.eventsOf(userAgent).filter(({ errorCode }) => errorCode === undefined);
    assert.ok(events.length <= 1, `${operation} is in the log ${events.length} times`);
    const [event] = events;
    if (event !== undefined) apply(journal.facts, event.resources?.[0]?.ARN ?? '');
  }
  journal.unanswered = [];
}

async function readState(client: KmsClient, facts: Facts): Promise<void> {
  const arns: string[] = [];
  for await (const { Keys } of pages(client, 'ListKeys', {})) {
    for (const { KeyArn } of Keys as { KeyArn: string }[]) arns.push(KeyArn);
  }
  await each(arns, async (KeyId) => {
    const [{ KeyMetadata }, { Tags }, { Policy }, { Rotations }] = await Promise.all([
      client.call('DescribeKey', { KeyId }),
      client.call('ListResourceTags', { KeyId }),
      client.call('GetKeyPolicy', { KeyId }),
      client.call('ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ROTATIONS_ONLY' }),
    ]);
    const { KeyState, Description } = KeyMetadata as { KeyState: string; Description: string };
    const policy = String(Policy);
    facts.keys.set(KeyId, {
      state: KeyState,
      description: Description,
      tags: Object.fromEntries((Tags as Tag[]).map(({ TagKey, TagValue }) => [TagKey, TagValue])),
      policy: policy.includes(ownPolicy) ? policy : undefined,
      rotations: (Rotations as unknown[]).length,
    });
  });
  for await (const { Aliases } of pages(client, 'ListAliases', {})) {
    for (const { AliasArn, TargetKeyId } of Aliases as { AliasArn: string; TargetKeyId?: string }[]) {
      if (!AliasArn.includes(':alias/aws/')) facts.aliases.set(AliasArn, String(TargetKeyId));
    }
  }
}

interface Tag {
  readonly TagKey: string;
  readonly TagValue: string;
}

async function* pages(client: KmsClient, operation: string, input: object) {
  let Marker: unknown;
  do {
    const output = await client.call(operation, { ...input, ...(Marker === undefined ? {} : { Marker }) });
    yield output;
    Marker = output.NextMarker;
  } while (Marker !== undefined);
}

async function checkDomainKeys(workers: readonly Worker[], trail: AuditTrail, port: number): Promise<void> {
  const [operator] = workers;
  const client = operator?.client(port);
  const described = await client?.call('DescribeInstallation', {}, { service: 'holdfast' });
  client?.close();
  const { RootKeyId, DomainKeys } = described as {
    RootKeyId: string;
    DomainKeys: { Region: string; Version: number }[];
  };
  const versions = new Map(
    DomainKeys.filter(({ Region }) => Region !== '').map((each) => [each.Region, each.Version]),
  );
  assert.deepEqual([...versions].sort(), [...trail.domainKeyVersions()].sort(), 'domain keys');
  const logged = trail.rootKeyIds();
  if (logged.length > 0) assert.equal(RootKeyId, logged.at(-1), 'the log does not tell of this root key');
  for (const { journal } of workers) {
    for (const [region, version] of journal.domainKeyVersions) {
      assert.ok(
        (versions.get(region) ?? 0) >= version,
        `domain key ${version} of ${region} was acknowledged and is gone`,
      );
    }
    const { rootKeyId } = journal;
    assert.ok(
      rootKeyId === undefined || logged.includes(rootKeyId),
      'a root key was acknowledged and is gone',
    );
  }
}

/** `ciphertexts` that were answered; those that cannot be used now (a disabled key) are counted and left out. */
export async function checkCiphertexts(
  workers: readonly Worker[],
  port: number,
  choose: (all: readonly Ciphertext[]) => readonly Ciphertext[],
): Promise<number> {
  let decrypted = 0;
  for (const worker of workers) {
    const client = worker.client(port);
    await each(choose(worker.journal.ciphertexts), async ({ blob, context, plaintext }) => {
      const input = { CiphertextBlob: blob, EncryptionContext: context };
      const { status, body } = await client.ask('Decrypt', input);
      if (body.__type === 'DisabledException' || body.__type === 'KMSInvalidStateException') {
        assert.notEqual(worker.journal.facts.keys.get(String(keyIn(body)))?.state, 'Enabled');
        return;
      }
      assert.equal(status, 200, `a ciphertext does not decrypt: ${JSON.stringify(body)}`);
      if (plaintext !== undefined) assert.equal(body.Plaintext, plaintext);
      decrypted += 1;
    });
    client.close();
  }
  return decrypted;
}

/** The key that a refusal because of a key's state names. */
const keyIn = ({ message }: Readonly<Record<string, unknown>>): string | undefined =>
  /arn:aws:kms:\S+:key\/[0-9a-f-]{36}/.exec(String(message))?.[0];

export function someOf<T>(random: Random, values: readonly T[], count: number): readonly T[] {
  if (values.length <= count) return values;
  return Array.from({ length: count }, () => values[Math.floor(random() * values.length)] as T);
}

const atOnce = 16;

/** Runs `work` on all values, some at once. */
async function each<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  const left = [...values];
  const take = async (): Promise<void> => {
    for (let value = left.pop(); value !== undefined; value = left.pop()) await work(value);
  };
  await Promise.all(Array.from({ length: atOnce }, take));
}
