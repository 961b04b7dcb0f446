/**
 * A refusal is part of the API: a request that was understood and is answered with an error.
 * `code` is the service's error name and `message` the service's wording. Anything else that
 * is thrown is a bug or an outage and becomes `KMSInternalException` in `pipeline/`.
 */
export class Refusal extends Error {
  readonly code: string;
  readonly httpStatus: number;
  /** False when the service answers this error without any message member. */
  readonly hasMessage: boolean;

  constructor(code: string, message?: string, httpStatus = 400) {
    // A refusal is an ordinary answer: its stack is never read and would cost more than the rest of it.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message ?? '');
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'Refusal';
    this.code = code;
    this.httpStatus = httpStatus;
    this.hasMessage = message !== undefined;
  }
}
