/** The operation itself: what is to be answered, and what is to change. */
import type { Outcome } from '../operations/operation.ts';
import type { AuthorizedCall } from './authorize.ts';
import type { PipelineDependencies } from './dependencies.ts';

export interface PerformedCall extends AuthorizedCall {
  readonly outcome: Outcome<object | undefined>;
}

/** Runs the operation. Nothing it returns is durable, visible or answered yet. */
export async function operateCall(
  authorized: AuthorizedCall,
  { services }: PipelineDependencies,
): Promise<PerformedCall> {
  const { declaration, input, targets, caller } = authorized;
  return { ...authorized, outcome: await declaration.handle(input, targets, { caller, services }) };
}
