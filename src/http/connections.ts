/**
 * The open connections of one listener: how many in all and from each address, and what each still owes.
 * Sockets are admitted before any TLS handshake, so the bounds hold for clients that never finish one.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpRequest } from '../base/http-message.ts';

/** How long a connection stays half open after its last answer, so that the client can read that. */
const lingerMs = 2_000;

export class Connection {
  readonly sourceAddress: string;
  readonly tls: HttpRequest['tls'];
  /** Requests that reached the request path and are not answered yet. */
  waiting = 0;
  /** Requests that reached the request path, in all. */
  accepted = 0;
  /** What `accepted` was when a stopping server last found this connection idle. */
  acceptedAtLastCall: number | undefined;
  /** The response to the newest request that arrived whole: the one whose end may close the connection. */
  latest: ServerResponse | undefined;
  /** The request that is arriving asked to change the protocol; it is answered in HTTP/1.1, as the last. */
  upgradeAsked = false;
  /** Whether what still arrives is passed over: after a refusal, a last answer, or an upgrade request. */
  deaf = false;
  /** Since when the connection only waits to be closed. */
  closingSinceMs: number | undefined;
  /** Whether a body is arriving, and how much of it is here. */
  receiving = false;
  bodyBytesReceived = 0;
  /** Output the client has not taken: since when, and how much had been sent by then. */
  stalledSinceMs: number | undefined;
  stalledAtByte = 0;

  constructor(sourceAddress: string, tls: HttpRequest['tls']) {
    this.sourceAddress = sourceAddress;
    this.tls = tls;
  }

  /** True when every request that arrived whole has its answer, handed to the operating system in full. */
  get owesNothing(): boolean {
    return this.latest === undefined || this.latest.writableFinished;
  }
}

export class Connections {
  readonly #perAddressMax: number;
  readonly #perAddress = new Map<string, number>();
  readonly #admitted = new Set<Socket>();
  readonly #open = new Map<Socket, Connection>();

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax;
  }

  /** Counts a fresh TCP connection; false when its address already has as many as it may. */
  admit(socket: Socket): boolean {
    const address = sourceAddress(socket);
    const count = this.#perAddress.get(address) ?? 0;
    if (count >= this.#perAddressMax) return false;
    this.#perAddress.set(address, count + 1);
    this.#admitted.add(socket);
    socket.once('close', () => {
      this.#admitted.delete(socket);
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
    return true;
  }

  /** From here on `socket` may carry requests; `onClose` runs when it is gone. */
  open(socket: Socket, tls: HttpRequest['tls'], onClose: (connection: Connection) => void): void {
    const connection = new Connection(sourceAddress(socket), tls);
    this.#open.set(socket, connection);
    socket.once('close', () => {
      this.#open.delete(socket);
      onClose(connection);
    });
  }

  of(socket: Socket): Connection | undefined {
    return this.#open.get(socket);
  }

  /**
   * Closes the connections that carry nothing, now as at the last call: every answer sent, no body arriving,
   * no request in between.
   */
  closeIdle(): void {
    for (const [socket, connection] of this.#open) {
      if (!connection.owesNothing || connection.receiving) continue;
      if (connection.acceptedAtLastCall === connection.accepted) socket.destroySoon();
      connection.acceptedAtLastCall = connection.accepted;
    }
  }

  /**
   * Cuts off clients that have not taken their answer for `unreadAnswerMs`, telling `onUnread`, and those
   * that do not close after their last one. `nowMs` is monotonic: a clock that was set must cut nobody off.
   */
  cutOff(nowMs: number, unreadAnswerMs: number, onUnread: (connection: Connection) => void): void {
    for (const [socket, connection] of this.#open) {
      const unsent = socket.writableLength;
      if (unsent === 0) {
        const { closingSinceMs, owesNothing } = connection;
        connection.stalledSinceMs = undefined;
        if (closingSinceMs !== undefined && owesNothing && nowMs - closingSinceMs > lingerMs)
          socket.destroy();
        continue;
      }
      const sent = socket.bytesWritten - unsent;
      if (connection.stalledSinceMs === undefined || sent !== connection.stalledAtByte) {
        connection.stalledSinceMs = nowMs;
        connection.stalledAtByte = sent;
      } else if (nowMs - connection.stalledSinceMs > unreadAnswerMs) {
        onUnread(connection);
        socket.destroy();
      }
    }
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
    for (const socket of this.#admitted) socket.destroy();
  }
}

/** An IPv4 client of a dual-stack listener keeps its IPv4 form, which is what policies and records name. */
export function sourceAddress(socket: Socket): string {
  const address = socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
