/**
 * Clients that use a server all at once. Each owns its keys and aliases and does one thing after another, so
 * that when the server dies at most one request of each is open; everything they learn goes into their journals.
 */
import assert from 'node:assert/strict';
import { bytesOf, integerOf, oneOf, type Random } from '../fuzz/random.ts';
import type { Credentials } from '../support/dev-server.ts';
import { idOf } from './audit-trail.ts';
import { type Facts, Journal, type KeyFacts } from './journal.ts';
import { type Answer, KmsClient, NoAnswer } from './kms-client.ts';

interface Step {
  readonly operation: string;
  readonly input: object;
  readonly service?: 'kms' | 'holdfast';
  /** What it changes of keys and aliases. `keyArn` is given for the key that it makes. */
  readonly change?: (facts: Facts, keyArn: string) => void;
  readonly learn?: (output: Answer['body']) => void;
}

const keysPerWorkerMax = 5;
const aliasesPerWorkerMax = 6;
const rotationsMax = 24;

export class Worker {
  readonly name: string;
  readonly credentials: Credentials;
  readonly region: string;
  journal = new Journal();
  /** Encryption contexts, which are recorded, get so many characters more. */
  contextBytes = 0;
  readonly #random: Random;
  readonly #isOperator: boolean;
  #steps = 0;

  constructor(name: string, credentials: Credentials, region: string, random: Random, isOperator = false) {
    this.name = name;
    this.credentials = credentials;
    this.region = region;
    this.#random = random;
    this.#isOperator = isOperator;
  }

  /**
   * Until `isOver`, or an answer does not come, or is that of a server that has failed (which must say so from
   * then on). Any other refusal is an error of the server: nothing that cannot be done is asked for.
   */
  async run(port: number, isOver: () => boolean): Promise<void> {
    const client = this.client(port);
    try {
      while (!isOver() && (await this.#take(client, this.#next())));
    } finally {
      client.close();
    }
  }

  /** All of them have to succeed. */
  async runSteps(port: number, count: number): Promise<void> {
    const client = this.client(port);
    for (let i = 0; i < count; i += 1) assert.ok(await this.#take(client, this.#next()), 'nothing is served');
    client.close();
  }

  /** The ARN of a key that encrypts. */
  async usableKey(port: number): Promise<string> {
    for (;;) {
      for (const [arn, { state }] of this.journal.facts.keys) if (state === 'Enabled') return arn;
      await this.runSteps(port, 1);
    }
  }

  client(port: number): KmsClient {
    return new KmsClient({ port, credentials: this.credentials, region: this.region });
  }

  /** False when the server does not serve any more. */
  async #take(client: KmsClient, step: Step): Promise<boolean> {
    this.#steps += 1;
    const userAgent = `${this.name}/${this.#steps}`;
    const { operation, input, service = 'kms', change } = step;
    let answer: Answer;
    try {
      answer = await client.ask(operation, input, { service, userAgent });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      this.journal.notAnswered.push({ operation, userAgent });
      if (change !== undefined) this.journal.unanswered.push({ operation, userAgent, apply: change });
      return false;
    }
    const { status, requestId, body } = answer;
    this.journal.acknowledged.push({ requestId, operation, userAgent, status });
    if (status === 500) {
      assert.equal(body.__type, 'KMSInternalException');
      // It may have been done all the same, which the next start finds out.
      if (change !== undefined) this.journal.unanswered.push({ operation, userAgent, apply: change });
      return false;
    }
    assert.equal(status, 200, `${operation} ${JSON.stringify(input)}: ${JSON.stringify(body)}`);
    change?.(this.journal.facts, keyArnOf(body));
    step.learn?.(body);
    return true;
  }

  #next(): Step {
    const { facts } = this.journal;
    const random = this.#random;
    const [first] = facts.keys;
    if (first === undefined) return this.#createKey();
    if (this.#isOperator && random() < 0.15) return this.#operate();
    const enabled = [...facts.keys].filter(([, { state }]) => state === 'Enabled');
    if (random() < 0.45 && enabled.length > 0) return this.#use(oneOf(random, enabled)[0]);
    const [arn, key] = oneOf(random, [...facts.keys]);
    if (key.state === 'PendingDeletion') {
      return {
        operation: 'CancelKeyDeletion',
        input: { KeyId: arn },
        change: setting(arn, { state: 'Disabled' }),
      };
    }
    return this.#change(arn, key);
  }

  #createKey(): Step {
    const description = `${this.name} key ${this.#steps}`;
    return {
      operation: 'CreateKey',
      input: { Description: description },
      change: ({ keys }, keyArn) =>
        keys.set(keyArn, { state: 'Enabled', description, tags: {}, policy: undefined, rotations: 0 }),
    };
  }

  #change(arn: string, key: KeyFacts): Step {
    const random = this.#random;
    const { facts } = this.journal;
    const isEnabled = key.state === 'Enabled';
    const kinds: (() => Step)[] = [
      () => ({
        operation: isEnabled ? 'DisableKey' : 'EnableKey',
        input: { KeyId: arn },
        change: setting(arn, { state: isEnabled ? 'Disabled' : 'Enabled' }),
      }),
      () => this.#tag(arn),
      () => this.#putPolicy(arn),
      () => {
        const description = `described ${this.#steps}`;
        return {
          operation: 'UpdateKeyDescription',
          input: { KeyId: arn, Description: description },
          change: setting(arn, { description }),
        };
      },
      () => ({ operation: 'ListKeys', input: { Limit: integerOf(random, 1, 20) } }),
      () => this.#alias(arn),
      () => this.#alias(arn),
    ];
    // A disabled key comes back soon, or nothing would be left to use.
    if (!isEnabled) kinds.push(...Array.from({ length: 4 }, () => kinds[0] ?? assert.fail()));
    if (facts.keys.size < keysPerWorkerMax)
      kinds.push(
        () => this.#createKey(),
        () => this.#createKey(),
      );
    if (isEnabled && key.rotations < rotationsMax) {
      kinds.push(() => ({
        operation: 'RotateKeyOnDemand',
        input: { KeyId: arn },
        change: (changed) => {
          const rotated = changed.keys.get(arn);
          if (rotated !== undefined) rotated.rotations += 1;
        },
      }));
    }
    if (facts.keys.size > 1) {
      kinds.push(() => ({
        operation: 'ScheduleKeyDeletion',
        input: { KeyId: arn, PendingWindowInDays: integerOf(random, 7, 30) },
        change: setting(arn, { state: 'PendingDeletion' }),
      }));
    }
    return oneOf(random, kinds)();
  }

  #tag(arn: string): Step {
    const [name, value] = [`tag${integerOf(this.#random, 1, 9)}`, `value ${this.#steps}`];
    return {
      operation: 'TagResource',
      input: { KeyId: arn, Tags: [{ TagKey: name, TagValue: value }] },
      change: ({ keys }) => {
        const key = keys.get(arn);
        if (key !== undefined) key.tags[name] = value;
      },
    };
  }

  #putPolicy(arn: string): Step {
    const root = `arn:aws:iam::${this.credentials.accountId}:root`;
    const statement = { Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' };
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Id: `${ownPolicy}${this.#steps}`,
      Statement: [statement],
    });
    return {
      operation: 'PutKeyPolicy',
      input: { KeyId: arn, Policy: policy },
      change: setting(arn, { policy }),
    };
  }

  #alias(keyArn: string): Step {
    const { facts } = this.journal;
    const own = [...facts.aliases.keys()];
    if (own.length > 0 && this.#random() < 0.6) {
      const aliasArn = oneOf(this.#random, own);
      const AliasName = aliasArn.slice(aliasArn.indexOf(':alias/') + 1);
      if (this.#random() < 0.3) {
        return {
          operation: 'DeleteAlias',
          input: { AliasName },
          change: ({ aliases }) => aliases.delete(aliasArn),
        };
      }
      return {
        operation: 'UpdateAlias',
        input: { AliasName, TargetKeyId: keyArn },
        change: ({ aliases }) => aliases.set(aliasArn, idOf(keyArn)),
      };
    }
    if (own.length >= aliasesPerWorkerMax) return { operation: 'ListAliases', input: {} };
    const AliasName = `alias/${this.name}-${this.#steps}`;
    const aliasArn = `arn:aws:kms:${this.region}:${this.credentials.accountId}:${AliasName}`;
    return {
      operation: 'CreateAlias',
      input: { AliasName, TargetKeyId: keyArn },
      change: ({ aliases }) => aliases.set(aliasArn, idOf(keyArn)),
    };
  }

  #use(KeyId: string): Step {
    const context = {
      worker: this.name,
      step: String(this.#steps),
      ...(this.contextBytes > 0 ? { padding: 'x'.repeat(this.contextBytes) } : {}),
    };
    const keep = (blob: unknown, plaintext: unknown): void => {
      const { accountId } = this.credentials;
      const { region } = this;
      this.journal.ciphertexts.push({
        accountId,
        region,
        blob: String(blob),
        context,
        plaintext: plaintext === undefined ? undefined : String(plaintext),
      });
    };
    if (this.#random() < 0.5) {
      const Plaintext = bytesOf(this.#random, integerOf(this.#random, 1, 100)).toString('base64');
      return {
        operation: 'Encrypt',
        input: { KeyId, Plaintext, EncryptionContext: context },
        learn: ({ CiphertextBlob }) => keep(CiphertextBlob, Plaintext),
      };
    }
    const operation = oneOf(this.#random, ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext']);
    return {
      operation,
      input: { KeyId, KeySpec: 'AES_256', EncryptionContext: context },
      learn: ({ CiphertextBlob, Plaintext }) => keep(CiphertextBlob, Plaintext),
    };
  }

  #operate(): Step {
    if (this.#random() < 0.5) {
      return {
        service: 'holdfast',
        operation: 'RotateRootKey',
        input: {},
        learn: ({ RootKeyId }) => {
          this.journal.rootKeyId = String(RootKeyId);
        },
      };
    }
    return {
      service: 'holdfast',
      operation: 'RotateDomainKey',
      input: {},
      learn: ({ Region, Version }) => this.journal.domainKeyVersions.set(String(Region), Number(Version)),
    };
  }
}

/** How the id of a policy begins that a worker put. */
export const ownPolicy = 'put by step ';

const setting =
  (arn: string, next: Partial<KeyFacts>) =>
  ({ keys }: Facts): void => {
    const key = keys.get(arn);
    if (key !== undefined) Object.assign(key, next);
  };

function keyArnOf({ KeyMetadata }: Answer['body']): string {
  return typeof KeyMetadata === 'object' && KeyMetadata !== null && 'Arn' in KeyMetadata
    ? String(KeyMetadata.Arn)
    : '';
}
