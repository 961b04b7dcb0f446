/**
 * A client that knows for each request whether it was answered: what was not may have been done or not. It
 * names itself in each request (`User-Agent`), so that the audit record of a request that was never answered
 * can be told from all others.
 */
import { createHash, createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { Credentials } from '../support/dev-server.ts';

export interface Answer {
  readonly status: number;
  /** Of the header that every answer carries. */
  readonly requestId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The connection ended before the answer was whole. */
export class NoAnswer extends Error {}

/** Answered with something other than success. */
export class Refused extends Error {
  readonly answer: Answer;

  constructor(operation: string, answer: Answer) {
    super(`${operation} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
    this.answer = answer;
  }
}

export interface KmsClientOptions {
  readonly port: number;
  readonly credentials: Credentials;
  readonly region?: string;
}

const targets = { kms: 'TrentService', holdfast: 'Holdfast_20261124' } as const;

export class KmsClient {
  readonly #options: KmsClientOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #signingKey: { readonly scope: string; readonly key: Buffer } | undefined;

  constructor(options: KmsClientOptions) {
    this.#options = options;
  }

  /** Any answer. Rejects with `NoAnswer`. `service` is that of the signature. */
  ask(
    operation: string,
    input: object,
    { service = 'kms', userAgent = 'test' }: { service?: keyof typeof targets; userAgent?: string } = {},
  ): Promise<Answer> {
    const { port } = this.#options;
    const body = JSON.stringify(input);
    const headers = this.#sign(
      service,
      {
        'content-type': 'application/x-amz-json-1.1',
        host: `127.0.0.1:${port}`,
        'x-amz-date': new Date().toISOString().replaceAll(/[-:]|\.\d+/g, ''),
        'x-amz-target': `${targets[service]}.${operation}`,
      },
      body,
    );
    return new Promise((resolve, reject) => {
      const lost = (cause: unknown): void => reject(new NoAnswer(`${operation} was not answered`, { cause }));
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          method: 'POST',
          agent: this.#agent,
          headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': userAgent },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', lost);
          response.on('close', () => {
            if (!response.complete) return lost(undefined);
            const text = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode ?? 0,
              requestId: String(response.headers['x-amzn-requestid']),
              body: text === '' ? {} : JSON.parse(text),
            });
          });
        },
      );
      sent.on('error', lost);
      sent.end(body);
    });
  }

  /** The answer of a success. Rejects with `NoAnswer` or `Refused`. */
  async call(...args: Parameters<KmsClient['ask']>): Promise<Answer['body']> {
    const answer = await this.ask(...args);
    if (answer.status !== 200) throw new Refused(args[0], answer);
    return answer.body;
  }

  close(): void {
    this.#agent.destroy();
  }

  #sign(service: string, headers: Readonly<Record<string, string>>, body: string): Record<string, string> {
    const { credentials, region = 'us-east-1' } = this.#options;
    const time = headers['x-amz-date'] ?? '';
    const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
    if (this.#signingKey?.scope !== scope) {
      const secret: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`);
      this.#signingKey = { scope, key: scope.split('/').reduce(hmac, secret) };
    }
    const names = Object.keys(headers).join(';');
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    const canonical = `POST\n/\n\n${lines.join('')}\n${names}\n${sha256(body)}`;
    const signature = hmac(
      this.#signingKey.key,
      `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`,
    ).toString('hex');
    const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
    return { ...headers, authorization };
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
