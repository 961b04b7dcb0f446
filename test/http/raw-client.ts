/** A client that sends exactly the bytes it is given and keeps exactly what comes back. */
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export class RawClient {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  /** The server has sent all it will. */
  ended = false;
  closed = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#wake?.();
    });
    socket.on('end', () => {
      this.ended = true;
      this.#wake?.();
    });
    // A reset is one of the ways to be closed; `closed` tells.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  static open(port: number, tls?: ConnectionOptions): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket =
        tls === undefined
          ? connect({ port, host: '127.0.0.1', allowHalfOpen: true })
          : connectTls({ port, host: '127.0.0.1', ...tls });
      socket.once('error', reject);
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        socket.removeListener('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The start of what was received, for messages. */
  get shown(): string {
    return JSON.stringify(this.received.subarray(0, 1_000).toString('latin1'));
  }

  /** Waits until `holds`, which may also be about something else than this client; throws after `ms`. */
  async until(holds: () => boolean, ms = 5_000): Promise<void> {
    const deadline = performance.now() + ms;
    while (!holds()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`not within ${ms} ms; received ${this.shown}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 20));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The next `count` answers on this connection. */
  async answers(count: number): Promise<RawAnswer[]> {
    await this.until(() => parseAnswers(this.received).length >= count || this.closed);
    return parseAnswers(this.received);
  }

  async answer(): Promise<RawAnswer> {
    const [first] = await this.answers(1);
    if (first === undefined) throw new Error(`closed without an answer; received ${this.shown}`);
    return first;
  }

  /** Everything until the server has closed. */
  async all(ms?: number): Promise<RawAnswer[]> {
    await this.until(() => this.ended || this.closed, ms);
    this.socket.end();
    await this.until(() => this.closed, ms);
    return parseAnswers(this.received);
  }
}

/** Complete answers only; interim ones (1xx) count and have no body. Every byte must belong to one. */
function parseAnswers(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let text = bytes.toString('latin1');
  while (text.length > 0) {
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
    const match = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine);
    if (match === null) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      if (name in headers) throw new Error(`header \`${name}\` twice`);
      headers[name] = line.slice(colon + 1).trim();
    }
    const status = Number(match[1]);
    const length = status < 200 ? 0 : Number(headers['content-length']);
    if (!Number.isInteger(length)) throw new Error(`no content-length: ${text}`);
    const start = end + 4;
    if (text.length < start + length) break;
    answers.push({ status, headers, body: text.slice(start, start + length) });
    text = text.slice(start + length);
  }
  return answers;
}
