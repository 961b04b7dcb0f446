/**
 * What an attacker has: a socket and, sometimes, credentials. Requests are signed as values and sent as
 * bytes, so that anything can be changed in between; answers are what came back, whatever it is.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { type Signing, sign } from '../authn/sign.ts';
import { RawClient } from '../http/raw-client.ts';
import { type Credentials, type DevServer, holdfast, operator } from '../support/dev-server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As received. */
  readonly text: string;
  /** Empty for a success. */
  readonly code: string;
  readonly message: string;
  // biome-ignore lint/suspicious/noExplicitAny: the answer of any operation, read by tests that know which
  readonly output: any;
}

/** `YYYYMMDDTHHMMSSZ`. */
export const basicTime = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '');

export interface SignedAs {
  readonly credentials?: Credentials;
  readonly region?: string;
  readonly service?: string;
  /** When it is signed. */
  readonly timeMs?: number;
}

/** A request as an SDK would sign it. `signing` replaces any part of that. */
export function request(
  port: number,
  target: string,
  input: object | string,
  { credentials = operator, region = 'us-east-1', service, timeMs = Date.now() }: SignedAs = {},
  signing: Partial<Signing> = {},
): HttpRequest {
  const time = basicTime(timeMs);
  const body = Buffer.from(typeof input === 'string' ? input : JSON.stringify(input));
  const signed = sign({
    time,
    credentials,
    region,
    service: service ?? (target.startsWith('Holdfast') ? 'holdfast' : 'kms'),
    headers: [
      ['content-type', 'application/x-amz-json-1.1'],
      ['host', `127.0.0.1:${port}`],
      ['x-amz-date', time],
      ['x-amz-target', target],
    ],
    payloadHash: createHash('sha256').update(body).digest('hex'),
    ...signing,
  });
  return { ...signed, body };
}

/** As bytes. A Content-Length is added unless `request` has one. */
export function bytesOf({ method, target, rawHeaders, body }: HttpRequest): Buffer {
  let head = `${method} ${target} HTTP/1.1\r\n`;
  let hasLength = false;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    head += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`;
    if (rawHeaders[at]?.toLowerCase() === 'content-length') hasLength = true;
  }
  if (!hasLength) head += `content-length: ${body.length}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]);
}

/** Replaces, adds or (with `undefined`) removes one header of a signed request. */
export function withHeader(sent: HttpRequest, name: string, value: string | undefined): HttpRequest {
  const rawHeaders: string[] = [];
  let replaced = false;
  for (let at = 0; at + 1 < sent.rawHeaders.length; at += 2) {
    const [header = '', old = ''] = sent.rawHeaders.slice(at, at + 2);
    if (header.toLowerCase() !== name) rawHeaders.push(header, old);
    else {
      replaced = true;
      if (value !== undefined) rawHeaders.push(header, value);
    }
  }
  if (!replaced && value !== undefined) rawHeaders.push(name, value);
  return { ...sent, rawHeaders };
}

export const headerOf = (sent: HttpRequest, name: string): string =>
  sent.rawHeaders[sent.rawHeaders.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === name) + 1] ??
  '';

/** Sends a request on a connection of its own. */
export async function send(port: number, sent: HttpRequest | Buffer): Promise<Answer> {
  const client = await RawClient.open(port);
  try {
    client.send(Buffer.isBuffer(sent) ? sent : bytesOf(sent));
    await client.until(() => client.ended || client.closed || isWhole(client.received), 20_000);
    return await client.answer().then(answerOf);
  } finally {
    client.socket.destroy();
  }
}

/** Cheaper than parsing again at every chunk: whether a whole answer is there. */
function isWhole(received: Buffer): boolean {
  const head = received.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /content-length: (\d+)/i.exec(received.toString('latin1', 0, head))?.[1];
  return length === undefined || received.length >= head + 4 + Number(length);
}

export function answerOf(raw: {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}): Answer {
  const body = Buffer.from(raw.body, 'latin1').toString();
  const output = body === '' ? {} : JSON.parse(body);
  return {
    status: raw.status,
    headers: raw.headers,
    text: body,
    code: output.__type ?? '',
    message: output.message ?? output.Message ?? '',
    output,
  };
}

/** A caller with credentials. */
export class Caller {
  readonly port: number;
  readonly as: SignedAs;

  constructor(server: Pick<DevServer, 'port'>, as: SignedAs = {}) {
    this.port = server.port;
    this.as = as;
  }

  /** Whatever the answer is. */
  kms(operation: string, input: object | string): Promise<Answer> {
    return send(this.port, request(this.port, `TrentService.${operation}`, input, this.as));
  }

  operate(operation: string, input: object): Promise<Answer> {
    return send(this.port, request(this.port, `Holdfast_20261124.${operation}`, input, this.as));
  }

  /** The output of a success; throws on any other answer. */
  async does(operation: string, input: object): Promise<Answer['output']> {
    const answer = await this.kms(operation, input);
    assert.equal(answer.status, 200, `${operation} answered ${answer.text}`);
    return answer.output;
  }

  async refused(operation: string, input: object | string, code: string): Promise<Answer> {
    const answer = await this.kms(operation, input);
    assert.equal(answer.code, code, `${operation} answered ${answer.text.slice(0, 1_000)}`);
    return answer;
  }

  async createKey(policy?: object): Promise<{ readonly id: string; readonly arn: string }> {
    const { KeyMetadata } = await this.does(
      'CreateKey',
      policy === undefined ? {} : { Policy: JSON.stringify(policy) },
    );
    return { id: KeyMetadata.KeyId, arn: KeyMetadata.Arn };
  }

  async encrypt(keyId: string, plaintext: string, context?: Record<string, string>): Promise<Buffer> {
    const { CiphertextBlob } = await this.does('Encrypt', {
      KeyId: keyId,
      Plaintext: Buffer.from(plaintext).toString('base64'),
      ...(context === undefined ? {} : { EncryptionContext: context }),
    });
    return Buffer.from(CiphertextBlob, 'base64');
  }

  async decrypt(ciphertext: Buffer, context?: Record<string, string>): Promise<string> {
    const { Plaintext } = await this.does('Decrypt', {
      CiphertextBlob: ciphertext.toString('base64'),
      ...(context === undefined ? {} : { EncryptionContext: context }),
    });
    return Buffer.from(Plaintext, 'base64').toString();
  }
}

/** A key policy of the statements given, after one that leaves the key to its account. */
export const policyOf = (accountId: string, ...statements: readonly object[]): object => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: accountId }, Action: 'kms:*', Resource: '*' },
    ...statements,
  ],
});

/** The data directory of a server that is to be started, stopped and tampered with. */
export const scratchDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'holdfast-attack-'));

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs `holdfast` to its end. */
export async function runHoldfast(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(holdfast, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/tmp', ...env },
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code, output: stdout + stderr };
}

/** What a server that must not start says. Ends it by its process id, and fails, if it does start. */
export async function refusesToStart(directory: string): Promise<string> {
  const { output, code } = await startAndStop(directory);
  assert.doesNotMatch(output, / is ready at /, 'the server started');
  assert.notEqual(code, 0, output);
  return output;
}

/** Starts `holdfast dev` without any credentials of the test's own, and stops it as soon as it is ready. */
export async function startAndStop(directory: string): Promise<Ended> {
  const child = spawn(holdfast, ['dev', '--data-dir', directory, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/tmp' },
  });
  const ended = once(child, 'exit');
  const deadline = setTimeout(() => child.kill('SIGKILL'), startMs);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const isReady = !output.includes(' is ready at ') && (output + chunk).includes(' is ready at ');
      output += chunk;
      if (isReady) child.kill('SIGTERM');
    });
  }
  const [code] = await ended;
  clearTimeout(deadline);
  return { code, output };
}

const startMs = 30_000;
