import type { RecordedEvent } from '../audit/recorder.ts';
import type { StateChange } from '../keys/state-change.ts';
import { PreconditionFailed } from '../storage/interface.ts';
import type { PipelineDependencies } from './dependencies.ts';

/**
 * Makes a change durable together with its events. A failed precondition that the change has a refusal for
 * is that refusal; any other means that the request has to read again.
 */
export async function commitChange(
  change: StateChange,
  events: readonly RecordedEvent[],
  { recorder }: PipelineDependencies,
): Promise<void> {
  try {
    await recorder.commit(change, events);
  } catch (error) {
    const refusal = error instanceof PreconditionFailed ? change.refusals?.get(error.index) : undefined;
    throw refusal ?? error;
  }
}
