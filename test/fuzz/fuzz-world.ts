/**
 * The server that is fuzzed and what exists in it: keys of two accounts and two Regions under ids that are
 * the same in every run, their aliases, and ciphertexts and markers that the server has just made. So a
 * request that is made from the same seed and index names the same things in another run.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Credentials,
  type DevServer,
  neighbour,
  operator,
  startDevServer,
} from '../support/dev-server.ts';
import type { FuzzOptions } from './generate-request.ts';
import { HttpConnection } from './http-connection.ts';
import { RequestSigner } from './request-signer.ts';

export const regions = ['us-east-1', 'eu-west-1'] as const;
export type Region = (typeof regions)[number];

export interface FuzzWorld {
  readonly server: DevServer;
  readonly directory: string;
  readonly options: FuzzOptions;
  /** Of the operator, in the first Region. */
  readonly keyIds: readonly string[];
  signer(credentials: Credentials, region: Region): RequestSigner;
  close(): Promise<void>;
}

const keysPerScope = 20;

const keyIdOf = (scope: number, index: number): string =>
  `f022f022-0000-4000-${(0x8000 + scope).toString(16)}-${index.toString(16).padStart(12, '0')}`;

export const basicTime = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '');

export async function openFuzzWorld(): Promise<FuzzWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-fuzz-'));
  const scopes = [operator, neighbour].flatMap((credentials) =>
    regions.map((region) => ({ credentials, region })),
  );
  const keys = scopes.flatMap(({ credentials: { accountId }, region }, scope) =>
    Array.from({ length: keysPerScope }, (_, index) => ({
      accountId,
      region,
      keyId: keyIdOf(scope, index),
      aliases: [`alias/fuzz-${index}`],
      policy: JSON.parse(policies(accountId)[index % 4] ?? ''),
    })),
  );
  const seedFile = join(directory, 'seed.json');
  await writeFile(seedFile, JSON.stringify({ keys }));
  const server = await startDevServer({ args: ['--data-dir', join(directory, 'data'), '--seed', seedFile] });
  const signers = new Map(
    scopes.map(({ credentials, region }) => [
      `${credentials.accountId} ${region}`,
      new RequestSigner(credentials, region),
    ]),
  );
  const signer = (credentials: Credentials, region: Region): RequestSigner => {
    const found = signers.get(`${credentials.accountId} ${region}`);
    if (found === undefined) throw new Error(`no signer for ${credentials.accountId} in ${region}`);
    return found;
  };
  const keyIds = keys.slice(0, keysPerScope).map(({ keyId }) => keyId);

  const connection = new HttpConnection(server.port);
  const call = async (operation: string, input: object): Promise<Record<string, unknown>> => {
    const request = signedRequest(
      signer(operator, 'us-east-1'),
      server.port,
      operation,
      Buffer.from(JSON.stringify(input)),
    );
    const { status, body } = await connection.ask(request);
    if (status !== 200) throw new Error(`${operation} answered ${body}`);
    return JSON.parse(body);
  };
  const ciphertexts: Buffer[] = [];
  for (const keyId of keyIds.slice(0, 8)) {
    const Plaintext = Buffer.from(`of ${keyId}`).toString('base64');
    const { CiphertextBlob } = await call('Encrypt', { KeyId: keyId, Plaintext });
    ciphertexts.push(Buffer.from(String(CiphertextBlob), 'base64'));
  }
  const markers: string[] = [];
  for (const operation of ['ListKeys', 'ListAliases']) {
    markers.push(String((await call(operation, { Limit: 1 })).NextMarker));
  }
  connection.close();
  return {
    server,
    directory: join(directory, 'data'),
    keyIds,
    signer,
    options: {
      texts: {
        KeyIdType: [
          ...keyIds,
          ...keyIds.map((_, index) => `alias/fuzz-${index}`),
          ...keys.map(({ accountId, region, keyId }) => `arn:aws:kms:${region}:${accountId}:key/${keyId}`),
          `arn:aws:kms:us-east-1:${neighbour.accountId}:alias/fuzz-1`,
          'alias/aws/s3',
        ],
        AliasNameType: ['alias/fuzz-1', 'alias/fuzz-2', 'alias/other', 'alias/another', 'alias/aws/s3'],
        MarkerType: markers,
        PolicyType: policies(operator.accountId),
        TagKeyType: ['team', 'TEAM', '__proto__', 'aws:x', ''],
      },
      blobs: { CiphertextType: [...ciphertexts, ...ciphertexts.flatMap(spoilt)] },
    },
    async close() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** As it was made by an SDK. */
export function signedRequest(signer: RequestSigner, port: number, operation: string, body: Buffer): Buffer {
  const time = basicTime(Date.now());
  const headers = [
    ['content-type', 'application/x-amz-json-1.1'],
    ['host', `127.0.0.1:${port}`],
    ['x-amz-date', time],
    ['x-amz-target', `TrentService.${operation}`],
  ] as const;
  const request = { method: 'POST', path: '/', query: '', headers, body };
  return encodeRequest(
    'POST',
    '/',
    [...headers, ['authorization', signer.authorization(request, time)]],
    body,
  );
}

export function encodeRequest(
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer,
): Buffer {
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  return Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`, 'latin1'), body]);
}

/** Nearly right: another byte, a byte less or more, and a key, key material or format that is not there. */
function spoilt(ciphertext: Buffer, index: number): Buffer[] {
  const at = [0, 2, 3, 10, 30, 55, 70, 85][index % 8] ?? 0;
  const changed = Buffer.from(ciphertext);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return [changed, ciphertext.subarray(0, -1), Buffer.concat([ciphertext, Buffer.alloc(1)])];
}

/** From the plain one to one that is slow to evaluate; all leave the key to its account. */
function policies(accountId: string): string[] {
  const own = { Effect: 'Allow', Principal: { AWS: accountId }, Action: 'kms:*', Resource: '*' };
  const condition = {
    'kms:EncryptionContext:purpose': '*a*a*a*',
    'aws:RequestTag/team': `$${'{aws:TagKeys}'}`,
  };
  return [
    [own],
    [own, { ...own, Principal: '*', Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:Describe*'] }],
    [own, { ...own, Effect: 'Deny', Condition: { StringLike: condition } }],
    [
      own,
      ...Array.from({ length: 40 }, (_, index) => ({
        ...own,
        Sid: `s${index}`,
        Effect: 'Deny',
        Action: 'kms:*Key*',
        Condition: {
          'ForAnyValue:StringLike': { 'kms:EncryptionContextKeys': [`*${index}*b*`, `a*${index}`] },
        },
      })),
    ],
  ].map((Statement) => JSON.stringify({ Version: '2012-10-17', Statement }));
}
