/**
 * Calls the operator's API of a running server, signed as any SDK would, with the credentials in the usual
 * variables. The command line has no other way in.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { canonicalRequestHash } from '../authn/canonical-request.ts';
import { scanHeaders } from '../authn/header-scan.ts';
import { algorithm, terminator } from '../authn/signature-parts.ts';
import { ScopedSigner } from '../authn/signing-key-cache.ts';
import { basicTime } from '../authn/signing-time.ts';
import { isRegion } from '../base/arn.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { ConfigRefused } from '../config/config-refused.ts';
import { sha256Hex } from '../crypto/hash.ts';
import { takeSecretKey } from '../crypto/secret-key.ts';
import { http, loadHttps } from '../http/node-http.ts';
import type { HoldfastOperations } from '../model/holdfast.ts';
import { holdfastTable } from '../model/holdfast-table.ts';
import type { PlainInvocation } from './command.ts';
import { CommandFailed } from './io.ts';

/** Sealing a hundred thousand keys anew takes its time. */
const answerMs = 600_000;
const answerBytesMax = 1_048_576;

/** The answer to one operation; throws `CommandFailed` with the server's words, or why there were none. */
export async function callOperator<Name extends keyof HoldfastOperations>(
  invocation: PlainInvocation,
  operation: Name,
  input: HoldfastOperations[Name]['input'],
  clock: Clock = systemClock,
): Promise<Readonly<Record<string, unknown>>> {
  const { options, io } = invocation;
  const endpoint = parseEndpoint(options.text('endpoint'));
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secret } = io.environment;
  if (!accessKeyId || !secret) {
    throw new CommandFailed(
      'there are no credentials to call the server with',
      "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to those of the operator's account.",
    );
  }
  const region =
    options.optional('region') ??
    io.environment.AWS_REGION ??
    io.environment.AWS_DEFAULT_REGION ??
    'us-east-1';
  if (!isRegion(region)) throw new ConfigRefused([`\`${region}\` is not a Region name such as us-east-1`]);
  const body = JSON.stringify(input);
  const headers = sign({
    endpoint,
    operation,
    body,
    region,
    accessKeyId,
    secret,
    time: basicTime(clock.nowMs()),
  });
  const caFile = options.optional('ca-file');
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
  const { status, text } = await send(endpoint, headers, body, ca);
  return readAnswer(status, text);
}

function parseEndpoint(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') {
    throw new ConfigRefused([
      `\`--endpoint\` must be a URL such as https://kms.example.com:4600, not \`${text}\``,
    ]);
  }
  return url;
}

interface ToSign {
  readonly endpoint: URL;
  readonly operation: string;
  readonly body: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secret: string;
  readonly time: string;
}

function sign({ endpoint, operation, body, region, accessKeyId, secret, time }: ToSign): string[] {
  const headers = [
    ...['content-type', `application/x-amz-json-${holdfastTable.jsonVersion}`],
    ...['host', endpoint.host],
    ...['x-amz-date', time],
    ...['x-amz-target', `${holdfastTable.targetPrefix}.${operation}`],
  ];
  const signedNames = headers.filter((_, index) => index % 2 === 0);
  const signedHeaders = signedNames.join(';');
  const hash = canonicalRequestHash({
    method: 'POST',
    path: '/',
    query: '',
    headers: scanHeaders(headers),
    signedNames,
    signedHeaders,
    payloadHash: sha256Hex(body),
  });
  if (hash === undefined) throw new CommandFailed('the request to the server cannot be signed');
  const scope = { date: time.slice(0, 8), region, service: holdfastTable.service };
  const signer = new ScopedSigner(takeSecretKey(Buffer.from(`AWS4${secret}`)), scope);
  const signature = Buffer.alloc(32);
  signer.signInto(signature, time, hash);
  signer.wipe();
  const credential = `${accessKeyId}/${scope.date}/${region}/${scope.service}/${terminator}`;
  headers.push(
    'authorization',
    `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature.toString('hex')}`,
  );
  return headers;
}

function send(
  endpoint: URL,
  headers: readonly string[],
  body: string,
  ca: string | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      reject(
        new CommandFailed(
          `cannot reach ${endpoint.origin}: ${error.message}`,
          'Is the server running there? `--endpoint URL` names another.',
        ),
      );
    };
    const answered = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > answerBytesMax) response.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', failed);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    };
    const settings = {
      method: 'POST',
      headers: [...headers, 'content-length', String(Buffer.byteLength(body))],
      // One call a run: a pooled connection would only be another way to fail.
      agent: false,
      timeout: answerMs,
    };
    const sent =
      endpoint.protocol === 'https:'
        ? loadHttps().request(
            endpoint,
            { ...settings, minVersion: 'TLSv1.3', ...(ca === undefined ? {} : { ca }) },
            answered,
          )
        : http.request(endpoint, settings, answered);
    sent.on('error', failed);
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${answerMs / 1000} seconds`)));
    sent.end(body);
  });
}

function readAnswer(status: number, text: string): Readonly<Record<string, unknown>> {
  let answer: Record<string, unknown> = {};
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (typeof value === 'object' && value !== null) answer = { ...value };
  } catch {
    throw new CommandFailed(
      `the server answered ${status} with something that is not JSON`,
      'Is it a Holdfast server?',
    );
  }
  if (status === 200) return answer;
  const { __type: code = `HTTP ${status}`, message = answer.Message } = answer;
  throw new CommandFailed(`the server refused: ${code}${message === undefined ? '' : `: ${message}`}`);
}
