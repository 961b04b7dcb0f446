/**
 * One `holdfast dev` server with three accounts and a clock that can be moved, and its callers: the AWS
 * SDK, and signed requests of our own for what the SDK hides (an error without a message, headers, a body
 * that no SDK would send). Nothing is stood in for: process, sockets, storage and audit log are real.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sha256 } from '@aws-crypto/sha256-js';
import { KMS } from '@aws-sdk/client-kms';
import { SignatureV4 } from '@smithy/signature-v4';
import { readRecords } from '../../src/audit/read-records.ts';
import {
  type Credentials,
  type DevServer,
  type DevServerOptions,
  neighbour,
  operator,
  startDevServer,
} from '../support/dev-server.ts';

export { type Credentials, neighbour, operator };

export const stranger: Credentials = {
  accountId: '444455556666',
  accessKeyId: 'AKIASTRANGEREXAMPLE1',
  secretAccessKey: 'strangerStrangerStrangerStrangerSTRANGER',
};

export const home = 'us-east-1';
export const away = 'eu-west-1';
export const dayMs = 86_400_000;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; `{}` when there is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface AuditEvent {
  readonly eventName: string;
  readonly eventID: string;
  readonly recipientAccountId?: string;
  readonly sharedEventID?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly readOnly: boolean;
  readonly requestID?: string;
  readonly userIdentity: Readonly<Record<string, unknown>>;
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  readonly resources: readonly { readonly ARN: string; readonly accountId: string }[];
  readonly serviceEventDetails?: Readonly<Record<string, unknown>>;
}

export class World {
  readonly directory: string;
  #server: DevServer;
  readonly #options: DevServerOptions;
  readonly #clients = new Map<string, KMS>();
  #agent = new Agent({ keepAlive: true, maxSockets: 16 });
  #offsetMs = 0;

  /** `args` beyond those that every world has. */
  static async start(args: readonly string[] = []): Promise<World> {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-conformance-'));
    const { accountId, accessKeyId, secretAccessKey } = stranger;
    const options = {
      args: [
        ...['--data-dir', directory, '--settable-clock'],
        ...['--credential', `${accountId}:${accessKeyId}:${secretAccessKey}`],
        ...args,
      ],
    };
    return new World(directory, options, await startDevServer(options));
  }

  private constructor(directory: string, options: DevServerOptions, server: DevServer) {
    this.directory = directory;
    this.#options = options;
    this.#server = server;
  }

  async stop(): Promise<void> {
    await this.#halt();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Ends the process and starts another on the same data; its clock is that of the machine again. */
  async restart(): Promise<void> {
    await this.#halt();
    this.#offsetMs = 0;
    this.#server = await startDevServer(this.#options);
  }

  async #halt(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true, maxSockets: 16 });
    await this.#server.stop();
  }

  nowMs(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Moves the server's clock; what has become due is done when it resolves. */
  async setClock(timeMs: number): Promise<void> {
    const target = 'Holdfast_20261124.SetClock';
    const answer = await this.raw(operator, target, { Time: timeMs / 1000 }, { service: 'holdfast' });
    if (answer.status !== 200) throw new Error(`SetClock answered ${answer.status}: ${answer.text}`);
    this.#offsetMs = timeMs - Date.now();
    for (const client of this.#clients.values()) client.config.systemClockOffset = this.#offsetMs;
  }

  passDays(days: number): Promise<void> {
    return this.setClock(this.nowMs() + days * dayMs);
  }

  /** The SDK's client, which neither retries nor corrects the clock by itself. */
  kms(who: Credentials = operator, region: string = home): KMS {
    const name = `${who.accountId} ${region}`;
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const client = new KMS({
      endpoint: this.#server.endpoint,
      region,
      credentials: who,
      maxAttempts: 1,
      systemClockOffset: this.#offsetMs,
    });
    this.#clients.set(name, client);
    return client;
  }

  /** `operation` with its target prefix, or a KMS operation without one; `input` is sent as JSON, a string as it is. */
  async raw(
    who: Credentials,
    operation: string,
    input: object | string = {},
    { region = home, service = 'kms' }: { readonly region?: string; readonly service?: string } = {},
  ): Promise<Answer> {
    const body = typeof input === 'string' ? input : JSON.stringify(input, base64OfBytes);
    const { port } = this.#server;
    const signer = new SignatureV4({ service, region, credentials: who, sha256: Sha256 });
    const signed = await signer.sign(
      {
        method: 'POST',
        protocol: 'http:',
        hostname: '127.0.0.1',
        port,
        path: '/',
        headers: {
          host: `127.0.0.1:${port}`,
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': operation.includes('.') ? operation : `TrentService.${operation}`,
        },
        body,
      },
      { signingDate: new Date(this.nowMs()) },
    );
    return this.#send(signed.headers, body);
  }

  #send(headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#server.port,
          method: 'POST',
          path: '/',
          agent: this.#agent,
          headers,
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('error', reject);
          response.on('end', () => {
            const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Every record that the audit log holds by now, oldest first. */
  async events(): Promise<AuditEvent[]> {
    const events: AuditEvent[] = [];
    for await (const { record } of readRecords(join(this.directory, 'log'), 0, Number.POSITIVE_INFINITY)) {
      events.push(JSON.parse(record.toString('utf8')) as AuditEvent);
    }
    return events;
  }

  /** The ARN of a new key of `who`, with the default policy unless another is given. */
  async newKey(who: Credentials = operator, region: string = home, policy?: object): Promise<string> {
    const input =
      policy === undefined ? {} : { Policy: JSON.stringify(policy), BypassPolicyLockoutSafetyCheck: true };
    const { KeyMetadata } = await this.kms(who, region).createKey(input);
    if (KeyMetadata?.Arn === undefined) throw new Error('CreateKey answered no ARN');
    return KeyMetadata.Arn;
  }
}

const base64OfBytes = (_name: string, value: unknown): unknown =>
  isBufferJson(value) ? Buffer.from(value.data).toString('base64') : value;

const isBufferJson = (value: unknown): value is { readonly data: readonly number[] } =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  value.type === 'Buffer' &&
  'data' in value;

export const idOf = (arn: string): string => arn.slice(arn.indexOf('/') + 1);
export const rootOf = (who: Credentials): string => `arn:aws:iam::${who.accountId}:root`;

export interface Refused {
  readonly code: string;
  /** Absent when the answer has no message. */
  readonly message?: string;
  readonly status: number;
}

/** What an answer refuses with; undefined for a success. */
export function refusalOf({ status, body }: Answer): Refused | undefined {
  if (status === 200) return undefined;
  const message = body.message ?? body.Message;
  return {
    code: String(body.__type),
    status,
    ...(message === undefined ? {} : { message: String(message) }),
  };
}

/** The refusal that a call of the SDK ends with; fails when it succeeds. */
export async function refused(call: Promise<unknown>): Promise<Refused> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    if (!(error instanceof Error) || !('$metadata' in error)) throw error;
    const { httpStatusCode = 0 } = error.$metadata as { httpStatusCode?: number };
    return { code: error.name, message: error.message, status: httpStatusCode };
  }
  throw new Error(`the call was allowed and answered ${JSON.stringify(answer)}`);
}

export const refusal = (code: string, message?: string, status = 400): Refused => ({
  code,
  status,
  ...(message === undefined ? {} : { message }),
});

/** What a caller without permission is told. */
export const denied = (
  who: Credentials,
  action: string,
  arn: string,
  because = `because no resource-based policy allows the ${action} action`,
): Refused =>
  refusal(
    'AccessDeniedException',
    `User: ${rootOf(who)} is not authorized to perform: ${action} on resource: ${arn} ${because}`,
  );

/** What another account's caller is told of a key that it may not use. */
export const hiddenDenial = (who: Credentials, action: string, what = 'this resource'): Refused =>
  refusal(
    'AccessDeniedException',
    `User: ${rootOf(who)} is not authorized to perform: ${action} on ${what} because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  );

/** A key policy that gives everything to the given principals. */
export const allowing = (...principals: readonly string[]): object => policy(allow(principals, 'kms:*'));

export const policy = (...statements: readonly object[]): object => ({
  Version: '2012-10-17',
  Statement: statements,
});

export const allow = (
  principals: string | readonly string[],
  actions: string | readonly string[],
  condition?: object,
): object => statement('Allow', principals, actions, condition);

export const deny = (
  principals: string | readonly string[],
  actions: string | readonly string[],
  condition?: object,
): object => statement('Deny', principals, actions, condition);

const statement = (
  effect: string,
  principals: string | readonly string[],
  actions: string | readonly string[],
  condition?: object,
): object => ({
  Effect: effect,
  Principal: { AWS: principals },
  Action: actions,
  Resource: '*',
  ...(condition === undefined ? {} : { Condition: condition }),
});
