/**
 * The listener: takes whole, well-framed requests off the wire, hands them to the request path as plain
 * values, and writes each answer with one head and one body. Everything a client can make it hold or wait
 * for has a bound; what goes beyond is answered with a refusal or cut off.
 *
 * It is plain `node:http`: one route needs no framework, and the parser is Node's own, strict one.
 *
 * Long because one object owns the sockets, and every event of a connection changes what it owes.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { HttpRequest, HttpResponse } from '../base/http-message.ts';
import type { HttpLimits } from '../config/http-limits.ts';
import { type Connection, Connections, sourceAddress } from './connections.ts';
import { frameRequest } from './framing.ts';
import { healthAnswer } from './health.ts';
import { HttpDate } from './http-date.ts';
import { cannotListen } from './listen-error.ts';
import { http, loadHttps } from './node-http.ts';
import type { HttpServerOptions, RunningServer } from './options.ts';
import { closingAnswerBytes, type RefusalReason, refusalAnswer } from './refusal.ts';
import { loadTls, negotiated, watchCertificate } from './tls.ts';

/** Listens, and resolves when connections are accepted. Rejects when it cannot: port in use, bad certificate. */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningServer> {
  const listener = new Listener(options);
  await listener.start();
  return listener;
}

const certificateWatchMs = 5_000;
/** A stopping server leaves idle connections open for this long and as long again, for requests on their way. */
const lastCallMs = 125;
const emptyBody = Buffer.alloc(0);

/** A request that arrived whole. */
interface Arrival {
  readonly connection: Connection;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
}

class Listener implements RunningServer {
  readonly #options: HttpServerOptions;
  readonly #limits: HttpLimits;
  readonly #connections: Connections;
  readonly #date: HttpDate;
  #server: Server | undefined;
  #tlsServer: TlsServer | undefined;
  #watch: { stop(): void } | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #bodyBytesHeld = 0;
  /** Not with the handler yet, in their order. As many as `pipelinedRequestsMax` allows each connection. */
  #arrived: Arrival[] = [];
  #stopping: Promise<void> | undefined;
  port = 0;
  url = '';

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#connections = new Connections(options.limits.connectionsPerAddressMax);
    this.#date = new HttpDate(options.clock);
  }

  async start(): Promise<void> {
    const { host, port, tls } = this.#options;
    const limits = this.#limits;
    const settings = {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.max(20, Math.min(1_000, Math.floor(limits.headersMs / 4))),
      keepAliveTimeout: limits.idleMs,
      // `frameRequest` looks for Host itself, without building an object of all headers.
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
      // Node's parser passes over what follows a request to upgrade in the same read, so it is the last one.
      shouldUpgradeCallback: (request: IncomingMessage) => {
        const connection = this.#connections.of(request.socket);
        if (connection !== undefined) connection.upgradeAsked = true;
        return false;
      },
    };
    let server: Server;
    if (tls === undefined) {
      server = http.createServer(settings);
      server.on('connection', (socket) => {
        if (this.#admit(socket)) this.#open(socket, undefined);
      });
    } else {
      const loaded = await loadTls(tls, this.#options.clock);
      const secure = loadHttps().createServer({
        ...settings,
        ...loaded.context,
        handshakeTimeout: limits.headersMs,
      });
      secure.on('connection', (socket: Socket) => this.#admit(socket));
      secure.on('secureConnection', (socket) => this.#open(socket, negotiated(socket, tls.groups)));
      secure.on('tlsClientError', (_error, socket) => this.#onTlsClientError(socket));
      this.#options.onCertificate?.(loaded.event);
      this.#tlsServer = secure;
      server = secure;
    }
    this.#server = server;
    // One more than allowed is kept, so that `frameRequest` sees when there were too many.
    server.maxHeadersCount = limits.headersMax + 1;
    server.maxConnections = limits.connectionsMax;
    server.on('drop', (data) => {
      this.#report('tooManyConnections', data?.remoteAddress ?? '');
    });
    server.on('request', (request, response) => this.#onRequest(request, response, false));
    server.on('checkContinue', (request, response) => this.#onRequest(request, response, true));
    server.on('checkExpectation', (request, response) => {
      const connection = this.#connections.of(request.socket);
      if (connection === undefined || connection.deaf) return;
      this.#refuse(connection, request, response, 'unknownExpectation');
    });
    server.on('connect', (_request, socket) => this.#onConnectMethod(socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#onClientError(error, socket));

    await new Promise<void>((resolve, reject) => {
      const refuse = (cause: NodeJS.ErrnoException): void => reject(cannotListen(host, port, cause));
      server.once('error', refuse);
      server.listen(port, host, () => {
        server.removeListener('error', refuse);
        resolve();
      });
    });
    // Such as a failing accept when the process has no descriptor left: reported, and survived.
    server.on('error', (error) => this.#options.onFault?.(error));
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : port;
    this.url = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
    if (tls !== undefined) {
      this.#watch = watchCertificate(
        tls,
        tls.watchMs ?? certificateWatchMs,
        () => void this.reloadCertificate(),
      );
    }
    this.#sweep = setInterval(
      () => this.#cutOff(),
      Math.max(20, Math.min(1_000, Math.floor(limits.unreadAnswerMs / 4))),
    );
    this.#sweep.unref();
  }

  async reloadCertificate(): Promise<void> {
    const { tls, clock, onCertificate } = this.#options;
    if (tls === undefined || this.#tlsServer === undefined) return;
    try {
      const loaded = await loadTls(tls, clock);
      // Connections made before keep the context they were made with.
      this.#tlsServer.setSecureContext(loaded.context);
      onCertificate?.(loaded.event);
    } catch (error) {
      onCertificate?.({ kind: 'kept', reason: error instanceof Error ? error.message : String(error) });
    }
  }

  close(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#watch?.stop();
    const closed = new Promise<void>((resolve) => {
      // Not `server.close()`: that destroys idle connections at once, with requests on their way to them,
      // and stops the clock of slow requests.
      NetServer.prototype.close.call(server, () => resolve());
    });
    // After a look at the sockets: requests that arrived while this thread was busy are not overlooked.
    const idle = setInterval(() => setImmediate(() => this.#connections.closeIdle()), lastCallMs);
    const deadline = setTimeout(() => this.#connections.destroyAll(), this.#limits.stopMs);
    await closed;
    clearInterval(idle);
    clearTimeout(deadline);
    clearInterval(this.#sweep);
    // The listener is gone already; this lets go of Node's own timer.
    server.close(() => {});
  }

  #admit(socket: Socket): boolean {
    if (this.#connections.admit(socket)) return true;
    this.#report('tooManyConnectionsFromAddress', sourceAddress(socket));
    socket.destroy();
    return false;
  }

  #open(socket: Socket, tls: HttpRequest['tls']): void {
    this.#connections.open(socket, tls, (connection) => {
      this.#bodyBytesHeld -= connection.bodyBytesReceived;
    });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connections.of(request.socket);
    if (connection === undefined || connection.deaf) return;
    const framed = this.#frame(connection, request);
    if (typeof framed === 'string') {
      this.#refuse(connection, request, response, framed);
      return;
    }
    connection.deaf = connection.upgradeAsked;
    if (framed === 0) {
      this.#accept({ connection, request, response, body: emptyBody });
      return;
    }
    if (expectsContinue) response.writeContinue();
    this.#receive(connection, request, response, framed);
  }

  /** The length of the body to receive, or why the request is not taken. */
  #frame(connection: Connection, request: IncomingMessage): number | RefusalReason {
    const framed = frameRequest(request, this.#limits);
    if (typeof framed === 'string') return framed;
    if (connection.waiting >= this.#limits.pipelinedRequestsMax) return 'pipelineTooDeep';
    return this.#bodyBytesHeld + framed > this.#limits.bodyBytesHeldMax ? 'overloaded' : framed;
  }

  /** Collects the `length` bytes of a body. Whoever sends them too slowly meets `requestMs` in the parser. */
  #receive(connection: Connection, request: IncomingMessage, response: ServerResponse, length: number): void {
    let received = 0;
    let chunks: Buffer[] | undefined;
    connection.receiving = true;
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
      connection.bodyBytesReceived += chunk.length;
      this.#bodyBytesHeld += chunk.length;
      if (received < length) {
        if (chunks === undefined) chunks = [chunk];
        else chunks.push(chunk);
        return;
      }
      connection.receiving = false;
      connection.bodyBytesReceived = 0;
      let body = chunk;
      if (chunks !== undefined) {
        chunks.push(chunk);
        body = Buffer.concat(chunks, received);
      }
      this.#accept({ connection, request, response, body });
    });
  }

  /**
   * A request has arrived whole. It is answered once every socket that has something to read was read:
   * reading them all and then answering them all leaves the code of each in the processor's caches, and
   * nearly halves what a request costs when many come at once.
   */
  #accept(arrival: Arrival): void {
    const { connection, response } = arrival;
    connection.latest = response;
    connection.waiting += 1;
    connection.accepted += 1;
    this.#arrived.push(arrival);
    if (this.#arrived.length > 1) return;
    setImmediate(() => {
      const arrived = this.#arrived;
      this.#arrived = [];
      for (const each of arrived) void this.#answer(each);
    });
  }

  async #answer({ connection, request, response, body }: Arrival): Promise<void> {
    try {
      const { method = '', url: target = '', rawHeaders } = request;
      const health = healthAnswer(method, target, this.#options.health);
      if (health !== undefined) {
        this.#write(connection, response, health);
        return;
      }
      const { sourceAddress, tls } = connection;
      const answer = await this.#options.handler(
        tls === undefined
          ? { method, target, rawHeaders, body, sourceAddress }
          : { method, target, rawHeaders, body, sourceAddress, tls },
      );
      this.#write(connection, response, answer);
    } catch (error) {
      this.#options.onFault?.(error);
      if (!response.headersSent) {
        const answer = refusalAnswer('handlerFault');
        this.#report('handlerFault', connection.sourceAddress, answer.requestId);
        this.#write(connection, response, answer);
      }
    } finally {
      connection.waiting -= 1;
      this.#bodyBytesHeld -= body.length;
    }
  }

  #write(connection: Connection, response: ServerResponse, answer: HttpResponse): void {
    const { status, headers, body } = answer;
    const lines: string[] = [];
    for (const name in headers) lines.push(name, headers[name] ?? '');
    lines.push(
      'date',
      this.#date.now(),
      'content-length',
      String(typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength),
    );
    if (connection.latest === response && this.#isLast(connection)) {
      connection.deaf = true;
      connection.closingSinceMs ??= performance.now();
      lines.push('connection', 'close');
    }
    response.writeHead(status, lines);
    response.end(body);
  }

  /** Whether the answer to the newest request of a connection is also the last one. */
  #isLast(connection: Connection): boolean {
    if (connection.deaf) return true;
    if (connection.receiving) return false;
    return this.#stopping !== undefined || connection.accepted >= this.#limits.requestsPerConnectionMax;
  }

  /** Answers a request that is not taken, in its turn, and closes. */
  #refuse(
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    reason: RefusalReason,
  ): void {
    const answer = refusalAnswer(reason);
    this.#report(reason, connection.sourceAddress, answer.requestId);
    connection.deaf = true;
    connection.closingSinceMs = performance.now();
    if (connection.owesNothing) {
      // Half-closes and goes on reading for a while: closing at once while the client still sends would
      // reset the connection, and the client would lose the answer that says why.
      request.socket.end(this.#closingBytes(answer, request.method === 'HEAD'));
      request.resume();
      return;
    }
    connection.latest = response;
    this.#write(connection, response, answer);
  }

  /** The parser gave up on the connection, or it was too slow. */
  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (!(socket instanceof Socket)) return;
    const connection = this.#connections.of(socket);
    if (connection === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    if (connection.closingSinceMs !== undefined) return;
    this.#refuseUnparsed(connection, socket, clientErrorReasons[error.code ?? ''] ?? 'malformedRequest');
  }

  /** CONNECT: Node has let go of the socket, so what is said on it is said here. */
  #onConnectMethod(socket: Duplex): void {
    if (!(socket instanceof Socket)) return;
    socket.on('error', () => socket.destroy());
    const connection = this.#connections.of(socket);
    if (connection === undefined || connection.closingSinceMs !== undefined) {
      socket.destroy();
      return;
    }
    socket.resume();
    this.#refuseUnparsed(connection, socket, 'methodNotAllowed');
  }

  #refuseUnparsed(connection: Connection, socket: Socket, reason: RefusalReason): void {
    connection.deaf = true;
    connection.closingSinceMs = performance.now();
    if (connection.owesNothing) {
      const answer = refusalAnswer(reason);
      this.#report(reason, connection.sourceAddress, answer.requestId);
      socket.end(this.#closingBytes(answer));
      return;
    }
    // Anything written now would reach the client as the answer to an earlier request.
    this.#report(reason, connection.sourceAddress);
    connection.latest?.once('finish', () => socket.destroySoon());
  }

  #closingBytes(answer: HttpResponse, headOnly = false): Buffer {
    return closingAnswerBytes(answer, http.STATUS_CODES[answer.status] ?? '', this.#date.now(), headOnly);
  }

  #onTlsClientError(socket: TLSSocket): void {
    this.#report('tlsHandshake', sourceAddress(socket));
    socket.destroy();
  }

  #cutOff(): void {
    this.#connections.cutOff(performance.now(), this.#limits.unreadAnswerMs, (connection) =>
      this.#report('answerNotRead', connection.sourceAddress),
    );
  }

  #report(reason: RefusalReason, sourceAddress: string, requestId?: string): void {
    this.#options.onRefusal?.(
      requestId === undefined ? { reason, sourceAddress } : { reason, sourceAddress, requestId },
    );
  }
}

const clientErrorReasons: Readonly<Record<string, RefusalReason>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'requestTimeout',
  HPE_HEADER_OVERFLOW: 'headersTooLarge',
};
