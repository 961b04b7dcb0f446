/**
 * The load: requests signed beforehand, written as raw bytes over keep-alive connections, one in flight
 * on each. Signing and parsing cost the client next to nothing, so what is measured is the server.
 */
import { connect, type Socket } from 'node:net';

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Load {
  readonly port: number;
  /** Whole HTTP requests, used in turn. */
  readonly requests: readonly Buffer[];
  readonly connections: number;
  readonly seconds: number;
  /** Ends the load early, after exactly so many answers. */
  readonly requestsMax?: number;
  /** What every answer must begin with; anything else ends the run. */
  readonly expected?: string;
}

/** What the connections of one load share. */
interface Progress {
  readonly until: number;
  readonly latencies: number[];
  sent: number;
}

/**
 * Resolves when the time is up, or enough was sent, and each connection has its last answer. Rejects on any
 * unexpected answer.
 */
export async function runLoad(load: Load): Promise<LoadResult> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const progress: Progress = { until: startedAt + load.seconds * 1000, latencies, sent: 0 };
  await Promise.all(
    Array.from({ length: load.connections }, (_, index) => runConnection(load, index, progress)),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN;

function runConnection(load: Load, index: number, progress: Progress): Promise<void> {
  const { requests, requestsMax = Number.POSITIVE_INFINITY, expected = 'HTTP/1.1 200' } = load;
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(load.port, '127.0.0.1');
    socket.setNoDelay(true);
    let next = index;
    let sentAt = 0;
    let head = '';
    let bodyLeft = -1;
    const sendNext = (): void => {
      // However slow it was to connect, one request is measured.
      const isOver = performance.now() >= progress.until || progress.sent >= requestsMax;
      if (isOver && progress.sent > 0) {
        socket.end(() => resolve());
        return;
      }
      progress.sent += 1;
      const request = requests[next % requests.length];
      if (request === undefined) throw new Error('a load needs at least one request');
      next += load.connections;
      sentAt = performance.now();
      socket.write(request);
    };
    const finished = (): void => {
      progress.latencies.push(performance.now() - sentAt);
      head = '';
      bodyLeft = -1;
      sendNext();
    };
    socket.on('connect', sendNext);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection under load')));
    socket.on('data', (chunk: Buffer) => {
      if (bodyLeft >= 0) {
        bodyLeft -= chunk.length;
      } else {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!head.startsWith(expected)) {
          reject(new Error(`an answer that was not expected: ${head}`));
          socket.destroy();
          return;
        }
        const at = head.toLowerCase().indexOf('content-length: ');
        bodyLeft = Number.parseInt(head.slice(at + 'content-length: '.length), 10) - (head.length - end - 4);
      }
      if (bodyLeft === 0) finished();
    });
  });
}
