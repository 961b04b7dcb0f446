/**
 * Signs hundreds of thousands of requests cheaply: the signing key of a day is derived once, and headers
 * are put down in canonical order from the start. What it makes is held to other signers by the server itself.
 */
import { createHmac, hash } from 'node:crypto';
import type { Credentials } from '../support/dev-server.ts';

export interface UnsignedRequest {
  readonly method: string;
  readonly path: string;
  /** As sent and, for what is to be accepted, in canonical order. */
  readonly query: string;
  /** In canonical order, `host` and `x-amz-date` included. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

export class RequestSigner {
  readonly #credentials: Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>;
  readonly #region: string;
  readonly #service: string;
  #date = '';
  #key = Buffer.alloc(0);

  constructor(
    credentials: Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>,
    region: string,
    service = 'kms',
  ) {
    this.#credentials = credentials;
    this.#region = region;
    this.#service = service;
  }

  /** The value of `Authorization`. `time` is `YYYYMMDDTHHMMSSZ`. */
  authorization(request: UnsignedRequest, time: string): string {
    const signedHeaders = request.headers.map(([name]) => name).join(';');
    const signature = this.#sign(request, signedHeaders, time);
    return `AWS4-HMAC-SHA256 Credential=${this.credential(time)}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  }

  /** The query of a presigned URL. `request.query` is signed with it and has to sort before `X-Amz-`. */
  presignedQuery(request: UnsignedRequest, time: string, expires: string): string {
    const signedHeaders = request.headers.map(([name]) => name).join(';');
    const query = [
      ...(request.query === '' ? [] : [request.query]),
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      `X-Amz-Credential=${encodeURIComponent(this.credential(time))}`,
      `X-Amz-Date=${time}`,
      `X-Amz-Expires=${expires}`,
      `X-Amz-SignedHeaders=${encodeURIComponent(signedHeaders)}`,
    ].join('&');
    return `${query}&X-Amz-Signature=${this.#sign({ ...request, query }, signedHeaders, time)}`;
  }

  credential(time: string): string {
    return `${this.#credentials.accessKeyId}/${this.#scope(time)}`;
  }

  #scope(time: string): string {
    return `${time.slice(0, 8)}/${this.#region}/${this.#service}/aws4_request`;
  }

  #sign(
    { method, path, query, headers, body }: UnsignedRequest,
    signedHeaders: string,
    time: string,
  ): string {
    let canonical = `${method}\n${path}\n${query}\n`;
    for (const [name, value] of headers) canonical += `${name}:${value}\n`;
    canonical += `\n${signedHeaders}\n${hash('sha256', body)}`;
    const toSign = `AWS4-HMAC-SHA256\n${time}\n${this.#scope(time)}\n${hash('sha256', canonical)}`;
    return createHmac('sha256', this.#keyOf(time.slice(0, 8)))
      .update(toSign)
      .digest('hex');
  }

  #keyOf(date: string): Buffer {
    if (date === this.#date) return this.#key;
    let key = Buffer.from(`AWS4${this.#credentials.secretAccessKey}`);
    for (const part of [date, this.#region, this.#service, 'aws4_request']) {
      key = createHmac('sha256', key).update(part).digest();
    }
    this.#date = date;
    this.#key = key;
    return key;
  }
}
