/** What one listener grants to its clients before it refuses or hangs up. Every field is a bound. */
export interface HttpLimits {
  /**
   * Of one request. The largest request of the service is PutKeyPolicy: 32,768 bytes of policy, each of
   * which JSON may write as six (`\u00e9`).
   */
  readonly bodyBytesMax: number;
  /** Of all bodies held for requests that are not answered yet, over all connections. */
  readonly bodyBytesHeldMax: number;
  /** Request line and headers together. */
  readonly headerBytesMax: number;
  readonly headersMax: number;
  /** From the first byte of a request (for the first one: from the connection) to the end of its headers. */
  readonly headersMs: number;
  /** From the first byte of a request to the end of its body. At least `headersMs`. */
  readonly requestMs: number;
  /** How long a connection may stay open without a request. */
  readonly idleMs: number;
  /** How long an answer may wait for a client that does not read. */
  readonly unreadAnswerMs: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** Requests of one connection that wait for their answers at the same time. */
  readonly pipelinedRequestsMax: number;
  /** After this many the answer closes the connection, so that clients behind a balancer spread again. */
  readonly requestsPerConnectionMax: number;
  /** How long a stopping server waits for what it has accepted. */
  readonly stopMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  bodyBytesMax: 262_144,
  bodyBytesHeldMax: 67_108_864,
  headerBytesMax: 32_768,
  headersMax: 100,
  headersMs: 10_000,
  requestMs: 20_000,
  idleMs: 60_000,
  unreadAnswerMs: 20_000,
  connectionsMax: 8_192,
  connectionsPerAddressMax: 4_096,
  pipelinedRequestsMax: 16,
  requestsPerConnectionMax: 100_000,
  stopMs: 10_000,
};
