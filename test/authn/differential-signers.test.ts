/**
 * Two independent signers, AWS's for JavaScript (`@smithy/signature-v4`) and botocore's, sign random
 * requests. Each is sent in another spelling of the same request and has to be accepted; a part of
 * them is sent with one thing changed and has to be refused.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SignatureV4 } from '@smithy/signature-v4';
import { readFields, readUsualFields } from '../../src/authn/authorization-header.ts';
import {
  type CanonicalRequestInput,
  canonicalRequest,
  usualCanonicalRequest,
} from '../../src/authn/canonical-request.ts';
import { scanHeaders } from '../../src/authn/header-scan.ts';
import { canonicalQuery, parseQuery } from '../../src/authn/query-string.ts';
import { jsonSignatureErrors } from '../../src/authn/signed-service.ts';
import { basicTime } from '../../src/authn/signing-time.ts';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { generateRequest, queryString, type RequestToSign, services } from './generate-request.ts';
import {
  type AuthenticatorUnderTest,
  authenticatorAt,
  httpRequest,
  refusalOf,
  SeededRandom,
  seed,
  wire,
} from './signing.ts';

const requestsPerSigner = Number(process.env.HOLDFAST_SIGNED_REQUESTS ?? 52_000);
const nowMs = Date.UTC(2025, 10, 24, 12, 34, 56, 789);

describe(`requests signed by independent signers (HOLDFAST_SEED=${seed})`, () => {
  it(`accepts ${requestsPerSigner} requests signed by @smithy/signature-v4, and none of them changed`, async () => {
    const check = checker(seed);
    const random = new SeededRandom(seed + 1);
    for (let i = 0; i < requestsPerSigner; i++) {
      const toSign = generateRequest(random, nowMs);
      const service = random.pick(services);
      const presigned = random.chance(0.3);
      check(toSign, service, presigned, await signWithSmithy(toSign, service, presigned, random));
    }
    check.finish(requestsPerSigner);
  });

  it(`accepts ${requestsPerSigner} requests signed by botocore, and none of them changed`, async () => {
    const check = checker(seed + 2);
    const random = new SeededRandom(seed + 3);
    await signWithBotocore(random, check);
    check.finish(requestsPerSigner);
  });
});

type Check = ((toSign: RequestToSign, service: string, presigned: boolean, sent: HttpRequest) => void) & {
  finish(count: number): void;
};

/** Verifies what signers made, and counts what it saw, so that a generator gone dull is noticed. */
function checker(checkSeed: number): Check {
  const random = new SeededRandom(checkSeed);
  const signedServices = services.map((signingName) => ({ signingName, errors: jsonSignatureErrors }));
  const [first, ...rest] = signedServices;
  assert.ok(first !== undefined);
  const under = authenticatorAt(nowMs, { services: [first, ...rest] });
  let accepted = 0;
  let refused = 0;
  let usual = 0;

  const check = (toSign: RequestToSign, service: string, presigned: boolean, sent: HttpRequest) => {
    const respelled = random.chance(0.7) ? respell(sent, random) : sent;
    let got: ReturnType<AuthenticatorUnderTest['authenticate']>;
    try {
      got = under.authenticate(respelled, random.chance(0.5) ? service : undefined);
    } catch (error) {
      assert.fail(`refused: ${error}\nsigned ${JSON.stringify(toSign)}\nsent ${JSON.stringify(respelled)}`);
    }
    assert.deepEqual(got, {
      principal: under.keys.get(toSign.credentials.accessKeyId)?.principal,
      accessKeyId: toSign.credentials.accessKeyId,
      region: toSign.region,
      service,
      signedAtMs: toSign.signedAtMs,
      presigned,
    });
    accepted++;
    if (fastPathsAgree(respelled)) usual++;
    if (random.chance(0.3)) {
      const changed = change(respelled, presigned, random);
      refusalOf(under.authenticate, changed);
      refused++;
    }
  };
  return Object.assign(check, {
    finish(count: number) {
      assert.equal(accepted, count);
      assert.ok(refused > count / 5, `only ${refused} were sent changed`);
      assert.ok(usual > count / 100, `only ${usual} took the short way`);
    },
  });
}

/** Where the short ways answer, they answer as the general ones do. Tells whether both did. */
function fastPathsAgree(request: HttpRequest): boolean {
  const headers = scanHeaders(request.rawHeaders);
  if (headers.authorization === undefined) return false;
  const fields = readFields(headers.authorization, jsonSignatureErrors);
  const usualFields = readUsualFields(headers.authorization);
  if (usualFields !== undefined) assert.deepEqual(usualFields, fields);

  const [path = '', query = ''] = request.target.split(/\?(.*)/s);
  const signedHeaders = fields.signedHeaders ?? '';
  const input: CanonicalRequestInput = {
    method: request.method,
    path,
    query: canonicalQuery(parseQuery(query) ?? []),
    headers,
    signedNames: signedHeaders.split(';'),
    signedHeaders,
    payloadHash: createHash('sha256').update(request.body).digest('hex'),
  };
  const usual = usualCanonicalRequest(input);
  if (usual !== undefined) assert.equal(usual, canonicalRequest(input));
  return usual !== undefined && usualFields !== undefined;
}

/** The same request to a verifier: other letter case, order, blanks, escapes and unsigned headers. */
function respell(request: HttpRequest, random: SeededRandom): HttpRequest {
  const verbatim = new Set(['authorization', 'date', 'x-amz-date', 'x-amz-content-sha256', 'host']);
  const groups = new Map<string, [string, string][]>();
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    let value = request.rawHeaders[i + 1] ?? '';
    if (!verbatim.has(lower)) {
      value = value.replace(/[ \t]+/g, () => random.pick([' ', '  ', '\t', ' \t']));
      if (random.chance(0.2)) value = `${random.pick([' ', '\t '])}${value} `;
    }
    if (lower === 'authorization') value = respellAuthorization(value, random);
    const spelled = [...name].map((c) => (random.chance(0.5) ? c.toUpperCase() : c.toLowerCase())).join('');
    groups.set(lower, [...(groups.get(lower) ?? []), [spelled, value]]);
  }
  for (const name of ['User-Agent', 'X-Amzn-Trace-Id', 'Via', 'TE']) {
    if (!groups.has(name.toLowerCase()) && random.chance(0.3))
      groups.set(`+${name}`, [[name, 'added  later']]);
  }
  // Repeated headers keep their order among themselves, which is part of what they say.
  const rawHeaders = random.shuffle([...groups.values()]).flat(2);
  return { ...request, target: respellTarget(request.target, random), rawHeaders };
}

function respellAuthorization(value: string, random: SeededRandom): string {
  if (random.chance(0.5)) return value;
  const [name = '', ...fields] = value.split(/,? /);
  return `${name} ${random.shuffle(fields).join(random.pick([', ', ',', ' ', ' ,\t']))}`;
}

function respellTarget(target: string, random: SeededRandom): string {
  const at = target.indexOf('?');
  if (at < 0) return target;
  const pairs = target.slice(at + 1).split('&');
  const respelled = random.shuffle(pairs).map((pair) =>
    pair.replace(/%20|%([0-9A-F]{2})|[A-Za-z0-9\-._~]/g, (text, hex: string | undefined) => {
      if (text === '%20') return random.pick(['%20', '+']);
      if (hex !== undefined) return random.chance(0.5) ? text.toLowerCase() : text;
      return random.chance(0.05) ? `%${text.charCodeAt(0).toString(16)}` : text;
    }),
  );
  return `${target.slice(0, at)}?${respelled.join('&')}`;
}

/** One change that a signature must not survive. */
function change(request: HttpRequest, presigned: boolean, random: SeededRandom): HttpRequest {
  const changes: (() => HttpRequest)[] = [
    () => ({ ...request, method: request.method === 'POST' ? 'PUT' : 'POST' }),
    () => ({ ...request, body: Buffer.concat([request.body, Buffer.of(0)]) }),
    () => ({ ...request, target: request.target.replace(/^[^?]*/, (path) => `${path}/added`) }),
    () => ({ ...request, target: `${request.target}${request.target.includes('?') ? '&' : '?'}added=1` }),
    () => ({ ...request, rawHeaders: ['host', 'elsewhere.example', ...request.rawHeaders] }),
    () => ({ ...request, rawHeaders: ['X-Amz-Added', '1', ...request.rawHeaders] }),
  ];
  if (request.body.length > 0) {
    changes.push(() => {
      const body = Buffer.from(request.body);
      const at = random.below(body.length);
      body[at] = (body[at] ?? 0) ^ (1 << random.below(8));
      return { ...request, body };
    });
  }
  if (!presigned) {
    changes.push(() => ({
      ...request,
      rawHeaders: request.rawHeaders.map((text) =>
        text.replace(/(?<=Signature=[0-9a-f]*)[0-9a-f](?=[0-9a-f]{31}\b)/, (digit) =>
          digit === '0' ? '1' : '0',
        ),
      ),
    }));
  }
  return random.pick(changes)();
}

/** The SDK's hash, which defaults to one in plain JavaScript, on the native one. */
class NativeSha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#hash = createHash('sha256');
    else if (typeof secret === 'string') this.#hash = createHmac('sha256', secret);
    else {
      const view = ArrayBuffer.isView(secret) ? secret : new Uint8Array(secret);
      this.#hash = createHmac('sha256', Buffer.from(view.buffer, view.byteOffset, view.byteLength));
    }
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {}
}

async function signWithSmithy(
  toSign: RequestToSign,
  service: string,
  presigned: boolean,
  random: SeededRandom,
): Promise<HttpRequest> {
  const signer = new SignatureV4({
    service,
    region: toSign.region,
    credentials: toSign.credentials,
    sha256: NativeSha256,
    applyChecksum: random.chance(0.5),
  });
  const query: Record<string, string | string[]> = {};
  for (const [name, value] of toSign.query) {
    const before = query[name];
    query[name] = before === undefined ? value : [before, value].flat();
  }
  const request = {
    method: toSign.method,
    protocol: 'http:',
    hostname: 'localhost',
    path: toSign.path,
    query,
    headers: Object.fromEntries([...toSign.headers, ['Host', toSign.host]]),
    body: toSign.body,
  };
  const signingDate = new Date(toSign.signedAtMs);
  const signed = presigned
    ? await signer.presign(request, { signingDate, expiresIn: 300 + random.below(604_500) })
    : await signer.sign(request, { signingDate });
  const pairs = Object.entries(signed.query ?? {}).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => [name, one] as const),
  );
  return httpRequest(
    toSign.method,
    wire(pairs.length === 0 ? toSign.path : `${toSign.path}?${queryString(pairs)}`),
    Object.entries(signed.headers).map(([name, value]) => [name, wire(value)] as const),
    toSign.body,
  );
}

const python = fileURLToPath(new URL('../../.cache/venv/bin/python', import.meta.url));
const batchSize = 500;

async function signWithBotocore(random: SeededRandom, check: Check): Promise<void> {
  assert.ok(
    existsSync(python),
    `${python} is missing: \`make test\` creates it, or run ` +
      '`python3 -m venv .cache/venv && .cache/venv/bin/pip install -r test/python-requirements.txt`',
  );
  const script = fileURLToPath(new URL('botocore-signer.py', import.meta.url));
  const signer = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const answers = createInterface({ input: signer.stdout })[Symbol.asyncIterator]();
    const send = (batch: readonly Order[]) => signer.stdin.write(`${JSON.stringify(batch.map(orderText))}\n`);
    // One batch ahead, so that signing and verifying overlap.
    let waiting = orders(random, Math.min(batchSize, requestsPerSigner));
    let left = requestsPerSigner - waiting.length;
    send(waiting);
    while (waiting.length > 0) {
      const next = orders(random, Math.min(batchSize, left));
      left -= next.length;
      if (next.length > 0) send(next);
      const line = await answers.next();
      assert.ok(line.done !== true, 'the signer ended before its last answer');
      checkBatch(waiting, JSON.parse(line.value), check);
      waiting = next;
    }
  } finally {
    signer.kill();
  }
}

function checkBatch(batch: readonly Order[], signed: readonly SignedByBotocore[], check: Check): void {
  assert.equal(signed.length, batch.length);
  for (const [i, { url, headers, body }] of signed.entries()) {
    const order = batch[i];
    assert.ok(order !== undefined);
    const { toSign, service, presigned } = order;
    const target = wire(url.slice(`http://${toSign.host}`.length));
    const sent = headers.map(([name, value]) => [name, wire(value)] as const);
    check(toSign, service, presigned, httpRequest(toSign.method, target, sent, Buffer.from(body, 'base64')));
  }
}

interface SignedByBotocore {
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

interface Order {
  readonly toSign: RequestToSign;
  readonly service: string;
  readonly presigned: boolean;
  readonly expires: number;
  /** The query as botocore's `params`, or within the URL. */
  readonly asParams: boolean;
}

const orders = (random: SeededRandom, count: number): Order[] =>
  Array.from({ length: count }, () => {
    const presigned = random.chance(0.3);
    const generated = generateRequest(random, nowMs);
    const headers = [...generated.headers];
    // Only botocore can say a header twice, or its time in `Date`.
    const [repeated] = headers;
    if (repeated !== undefined && random.chance(0.2)) headers.push([repeated[0].toUpperCase(), 'b, a  c']);
    if (!presigned && random.chance(0.1)) headers.push(['Date', 'to be replaced']);
    // Presigning moves a body into the query, and reads it as JSON to do so.
    const body = presigned ? Buffer.alloc(0) : generated.body;
    return {
      toSign: { ...generated, headers, body },
      service: random.pick(services),
      presigned,
      expires: 300 + random.below(604_500),
      asParams:
        random.chance(0.5) && new Set(generated.query.map(([name]) => name)).size === generated.query.length,
    };
  });

function orderText({ toSign, service, presigned, expires, asParams }: Order) {
  const query = queryString(toSign.query);
  return {
    form: presigned ? 'query' : 'header',
    method: toSign.method,
    url: `http://${toSign.host}${toSign.path}${query === '' || asParams ? '' : `?${query}`}`,
    ...(asParams && { params: Object.fromEntries(toSign.query) }),
    headers: toSign.headers,
    body: toSign.body.toString('base64'),
    time: basicTime(toSign.signedAtMs),
    region: toSign.region,
    service,
    ...toSign.credentials,
    expires,
  };
}
