/**
 * Keeps requests that nobody is known to have made (bad signature, unknown operation, malformed) from
 * filling the log. The first few of each source are recorded one by one, in short form; of the others
 * only the number is, now and then. What an attacker can cause is bounded in records, bytes and memory,
 * and costs a look-up in a table, never a flush.
 */
import type { Clock } from '../base/clock.ts';
import { uuid } from '../crypto/random.ts';
import { buildEvent, type EventFacts } from './event.ts';

export interface RefusalLimits {
  /** Records at once, and then one for each `msPerRecord`. */
  readonly recordsPerSource: number;
  readonly msPerSourceRecord: number;
  /** The same over all sources: addresses cost an attacker nothing. */
  readonly recordsOverall: number;
  readonly msPerRecord: number;
  /** Sources that are told apart; the others are counted together. */
  readonly sourcesMax: number;
  /** Sources that one `drain` names; the others are counted together. */
  readonly sourcesNamedMax: number;
}

/** About 15,000 records a day at the very most, when drained every five minutes. */
export const defaultRefusalLimits: RefusalLimits = {
  recordsPerSource: 10,
  msPerSourceRecord: 60_000,
  recordsOverall: 200,
  msPerRecord: 10_000,
  sourcesMax: 4096,
  sourcesNamedMax: 20,
};

const errorCodesMax = 16;
const shortTextMax = 256;
/** For what is not told apart any more, source or error. */
const others = 'others';

interface Source {
  readonly bucket: Bucket;
  /** Not recorded one by one, by error code. */
  readonly counts: Map<string, number>;
  firstMs: number;
  lastMs: number;
}

export class RefusalSampler {
  readonly #clock: Clock;
  readonly #limits: RefusalLimits;
  readonly #overall: Bucket;
  readonly #sources = new Map<string, Source>();

  constructor(clock: Clock, limits: RefusalLimits = defaultRefusalLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#overall = new Bucket(limits.recordsOverall, limits.msPerRecord);
  }

  /** The records to append for this refusal: one, or none when it is only counted. */
  sample(facts: EventFacts): readonly string[] {
    const nowMs = this.#clock.nowMs();
    const source = this.#sourceOf(facts.sourceAddress, nowMs);
    if (source.bucket.take(nowMs) && this.#overall.take(nowMs)) return [buildEvent(shortened(facts))];
    count(source, facts.errorCode, nowMs);
    return [];
  }

  /** Only counts the refusal: for one that cannot be recorded by itself now, whoever asked. */
  count({ sourceAddress, errorCode }: Pick<EventFacts, 'sourceAddress' | 'errorCode'>): void {
    const nowMs = this.#clock.nowMs();
    count(this.#sourceOf(sourceAddress, nowMs), errorCode, nowMs);
  }

  /** Records that tell what was only counted since the last call. To be appended; call every few minutes. */
  drain(): readonly string[] {
    const nowMs = this.#clock.nowMs();
    const counted = [...this.#sources].filter(([, { counts }]) => counts.size > 0);
    const byTotal = counted.sort(([, a], [, b]) => total(b.counts) - total(a.counts));
    const records = byTotal
      .slice(0, this.#limits.sourcesNamedMax)
      .map(([address, source]) => summary(address, 1, source, nowMs));
    const unnamed = byTotal.slice(this.#limits.sourcesNamedMax);
    if (unnamed.length > 0) records.push(summary(others, unnamed.length, merged(unnamed), nowMs));
    for (const [address, source] of this.#sources) {
      // A source that was quiet long enough to be treated as a new one is forgotten.
      if (source.bucket.isFull(nowMs)) this.#sources.delete(address);
      else source.counts.clear();
    }
    return records;
  }

  #sourceOf(address: string, nowMs: number): Source {
    const network = networkOf(address);
    const known = this.#sources.get(network);
    if (known !== undefined) return known;
    const name = this.#sources.size < this.#limits.sourcesMax ? network : others;
    const { recordsPerSource, msPerSourceRecord } = this.#limits;
    const source = this.#sources.get(name) ?? {
      bucket: new Bucket(recordsPerSource, msPerSourceRecord),
      counts: new Map(),
      firstMs: nowMs,
      lastMs: nowMs,
    };
    this.#sources.set(name, source);
    return source;
  }
}

function count(source: Source, errorCode: string | undefined, nowMs: number): void {
  if (source.counts.size === 0) source.firstMs = nowMs;
  source.lastMs = nowMs;
  const code = errorCode ?? others;
  const known = source.counts.has(code) || source.counts.size < errorCodesMax - 1 ? code : others;
  source.counts.set(known, (source.counts.get(known) ?? 0) + 1);
}

/** So many at once, then one per interval. */
class Bucket {
  readonly #capacity: number;
  readonly #msPerToken: number;
  #tokens: number;
  #atMs: number | undefined;

  constructor(capacity: number, msPerToken: number) {
    this.#capacity = capacity;
    this.#msPerToken = msPerToken;
    this.#tokens = capacity;
  }

  take(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= this.#capacity;
  }

  /** A clock that was set back refills nothing. */
  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - (this.#atMs ?? nowMs));
    this.#tokens = Math.min(this.#capacity, this.#tokens + elapsedMs / this.#msPerToken);
    this.#atMs = nowMs;
  }
}

/**
 * What counts as one source: an IPv4 address, or the 64 bits of an IPv6 address that name a network,
 * because within it one host can take as many addresses as it likes.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address.slice(0, shortTextMax);
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.slice(0, shortTextMax).split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const tailGroups = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + tailGroups < 8) groups.push('0');
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** What nobody vouches for is recorded without what it may carry. */
const shortened = (facts: EventFacts): EventFacts => ({
  ...facts,
  userAgent: facts.userAgent?.slice(0, shortTextMax),
  errorMessage: facts.errorMessage?.slice(0, shortTextMax),
  accessKeyId: facts.accessKeyId?.slice(0, 128),
  requestParameters: null,
  responseElements: null,
  additionalEventData: undefined,
  resources: [],
});

function summary(
  address: string,
  sources: number,
  { counts, firstMs, lastMs }: Omit<Source, 'bucket'>,
  nowMs: number,
): string {
  return buildEvent({
    eventId: uuid(),
    requestId: uuid(),
    timeMs: nowMs,
    principal: undefined,
    eventSource: 'holdfast',
    eventName: 'RefusedRequests',
    region: '',
    sourceAddress: address,
    userAgent: undefined,
    requestParameters: null,
    responseElements: null,
    resources: [],
    readOnly: true,
    recipientAccountId: '',
    serviceEvent: {
      serviceEventDetails: {
        sourceIPAddress: address,
        sources,
        firstTime: new Date(firstMs).toISOString(),
        lastTime: new Date(lastMs).toISOString(),
        requests: total(counts),
        requestsByErrorCode: Object.fromEntries(
          [...counts].map(([code, count]) => [code.slice(0, shortTextMax), count]),
        ),
      },
    },
  });
}

function merged(sources: readonly (readonly [string, Source])[]): Omit<Source, 'bucket'> {
  const counts = new Map<string, number>();
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = 0;
  for (const [, source] of sources) {
    firstMs = Math.min(firstMs, source.firstMs);
    lastMs = Math.max(lastMs, source.lastMs);
    for (const [code, count] of source.counts) {
      const known = counts.has(code) || counts.size < errorCodesMax - 1 ? code : others;
      counts.set(known, (counts.get(known) ?? 0) + count);
    }
  }
  return { counts, firstMs, lastMs };
}

const total = (counts: ReadonlyMap<string, number>): number =>
  counts.values().reduce((sum, count) => sum + count, 0);
