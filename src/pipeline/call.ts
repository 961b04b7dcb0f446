/**
 * What is known of a request while it is served, for its audit record and its error. It belongs to one
 * request; each stage adds what it has found out, and only `record.ts` and `respond.ts` read it.
 */
import type { Caller } from '../authz/caller.ts';
import type { HttpRequest } from '../base/http-message.ts';
import { uuid } from '../crypto/random.ts';
import type { Key } from '../keys/key.ts';
import type { ServiceName } from '../model/tables.ts';
import type { RegisteredOperation } from '../operations/operation.ts';

export class Call {
  readonly request: HttpRequest;
  readonly requestId: string = uuid();
  readonly timeMs: number;
  service: ServiceName | undefined;
  operation: string | undefined;
  declaration: RegisteredOperation | undefined;
  /** Set once the signature is verified. Without it the request reached no decision. */
  caller: Caller | undefined;
  input: object | undefined;
  /** The keys it is about, in the order in which they were named. */
  keys: readonly Key[] = [];

  constructor(request: HttpRequest, timeMs: number) {
    this.request = request;
    this.timeMs = timeMs;
  }

  /** The value of a header, or undefined; the first one when there are several. `name` in lower case. */
  header(name: string): string | undefined {
    const { rawHeaders } = this.request;
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const candidate = rawHeaders[at];
      if (candidate?.length === name.length && candidate.toLowerCase() === name) return rawHeaders[at + 1];
    }
    return undefined;
  }
}
