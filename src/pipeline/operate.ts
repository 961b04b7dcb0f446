/** The operation itself: what is to be answered, and what is to change. */
import { whenReady } from '../base/when-ready.ts';
import type { Outcome } from '../operations/operation.ts';
import type { AuthorizedCall } from './authorize.ts';
import type { PipelineDependencies } from './dependencies.ts';

export interface PerformedCall extends Pick<AuthorizedCall, 'call' | 'caller' | 'declaration'> {
  readonly outcome: Outcome<object | undefined>;
}

/** Runs the operation. Nothing it returns is durable, visible or answered yet. */
export function operateCall(
  { call, caller, declaration, input, targets }: AuthorizedCall,
  { services }: PipelineDependencies,
): PerformedCall | Promise<PerformedCall> {
  return whenReady(declaration.handle(input, targets, { caller, services }), (outcome) => ({
    call,
    caller,
    declaration,
    outcome,
  }));
}
