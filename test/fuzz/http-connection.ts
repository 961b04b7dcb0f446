/**
 * A client's side of a connection, strict and cheap: one request at a time, and an answer that is anything
 * but well-formed HTTP/1.1 is an error.
 */
import { connect, type Socket } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export class NoAnswer extends Error {}

const answerMs = 30_000;

export class HttpConnection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #isHead = false;
  #resolve: ((answer: HttpAnswer) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** The answer to one request; opens a connection where there is none. Rejects with what is wrong with the answer. */
  ask(request: Buffer, isHead = false): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new NoAnswer(`no answer within ${answerMs} ms`)), answerMs);
      this.#resolve = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#reject = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      this.#isHead = isHead;
      this.#socket ??= this.#open();
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#take(chunk);
    });
    for (const event of ['close', 'error'] as const) {
      socket.on(event, () => {
        if (socket !== this.#socket) return;
        this.#socket = undefined;
        this.#fail(new NoAnswer('the connection was closed without an answer'));
      });
    }
    return socket;
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    try {
      const read = readAnswer(this.#received, this.#isHead);
      if (read === undefined) return;
      this.#received = this.#received.subarray(read.end);
      if (this.#received.length > 0) throw new Error(`more than an answer: ${shown(this.#received)}`);
      if (read.answer.headers.get('connection') === 'close') this.close();
      const resolve = this.#resolve;
      this.#resolve = undefined;
      this.#reject = undefined;
      if (resolve === undefined) throw new Error(`an answer that nobody asked for: ${shown(chunk)}`);
      resolve(read.answer);
    } catch (error) {
      this.close();
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(error: Error): void {
    const reject = this.#reject;
    this.#resolve = undefined;
    this.#reject = undefined;
    reject?.(error);
  }
}

/** Sends bytes that may be anything on a connection of their own, says that nothing follows, and reads all that is answered. */
export function exchange(port: number, bytes: Buffer): Promise<HttpAnswer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' });
    const timer = setTimeout(
      () => socket.destroy(new NoAnswer(`not closed within ${answerMs} ms`)),
      answerMs,
    );
    let failure: Error | undefined;
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // To be reset is one of the ways to be told that this was no HTTP.
    socket.on('error', (error) => {
      if (error instanceof NoAnswer) failure = error;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      if (failure !== undefined) reject(failure);
      else {
        try {
          resolve(readAnswers(Buffer.concat(chunks)));
        } catch (error) {
          reject(error);
        }
      }
    });
    socket.end(bytes);
  });
}

function readAnswers(bytes: Buffer): HttpAnswer[] {
  const answers: HttpAnswer[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    // Whether a HEAD among the bytes was read as one cannot be known: an answer without its body ends all.
    const read = readAnswer(rest, false) ?? readAnswer(rest, true);
    if (read === undefined) throw new Error(`less than an answer: ${shown(rest)}`);
    answers.push(read.answer);
    rest = rest.subarray(read.end);
  }
  return answers;
}

/** The first whole answer, interim ones passed over; undefined when there is none yet. Throws on what is no answer. */
function readAnswer(
  bytes: Buffer,
  isHead: boolean,
): { readonly answer: HttpAnswer; readonly end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  if (!/^HTTP\/1\.1 [1-5]\d\d [\w -]+$/.test(statusLine)) throw new Error(`no status line: ${shown(bytes)}`);
  const status = Number(statusLine.slice(9, 12));
  if (status < 200) {
    const next = readAnswer(bytes.subarray(headEnd + 4), isHead);
    return next && { answer: next.answer, end: next.end + headEnd + 4 };
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 1 || headers.has(name)) throw new Error(`header \`${line}\`: ${shown(bytes)}`);
    headers.set(name, line.slice(colon + 2));
  }
  const length = Number(headers.get('content-length') ?? 'none');
  if (!Number.isSafeInteger(length) || headers.has('transfer-encoding')) {
    throw new Error(`no length: ${shown(bytes)}`);
  }
  const start = headEnd + 4;
  const end = isHead ? start : start + length;
  if (bytes.length < end) return undefined;
  return { answer: { status, headers, body: bytes.toString('utf8', start, end) }, end };
}

const shown = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1', 0, 500));
