/** What the request path stands on; `main.ts` puts it together. */
import type { Recorder } from '../audit/recorder.ts';
import type { RefusalSampler } from '../audit/refusal-sampler.ts';
import type { Authenticate } from '../authn/authenticate.ts';
import type { Services } from '../operations/operation.ts';

export interface PipelineDependencies {
  readonly authenticate: Authenticate;
  readonly services: Services;
  readonly recorder: Recorder;
  readonly sampler: RefusalSampler;
  /** Why the storage or the log has failed. From then on nothing is served: a restart finds out what was kept. */
  readonly failure: () => Error | undefined;
  /** Told of what is no refusal: a bug or an outage. Never of secrets: it is given an error and a request id. */
  readonly reportFailure: (error: unknown, requestId: string) => void;
}
