/** A statement as it is evaluated: compiled once, when its policy is parsed. */
import type { Condition, Effect } from './condition.ts';
import type { Effort } from './effort.ts';
import type { Pattern } from './pattern.ts';
import type { PrincipalElement } from './principal.ts';
import type { ConditionContext } from './request.ts';

export interface Statement {
  /** Its place in the policy, from 0. */
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: Effect;
  /** Absent in policies that are attached to a principal. */
  readonly principals: PrincipalElement | undefined;
  /** Over actions in lower case. */
  readonly actions: ListMatcher;
  readonly resources: ListMatcher;
  readonly conditions: readonly Condition[];
}

/** `Action`, `NotAction`, `Resource` or `NotResource`. */
export interface ListMatcher {
  readonly negated: boolean;
  readonly exact: ReadonlySet<string>;
  readonly patterns: readonly Pattern[];
}

export const listMatcher = (patterns: readonly Pattern[], negated: boolean): ListMatcher => ({
  negated,
  exact: new Set(patterns.flatMap(({ exact }) => (exact === undefined ? [] : [exact]))),
  patterns: patterns.filter(({ exact }) => exact === undefined),
});

/** As with conditions, a variable without a value in a `NotResource` takes an Allow away and leaves a Deny. */
export function matchesList(
  list: ListMatcher,
  effect: Effect,
  text: string,
  context: ConditionContext,
  effort: Effort,
): boolean {
  effort.spend(1);
  if (list.exact.has(text)) return !list.negated;
  let undecided = false;
  for (const pattern of list.patterns) {
    const outcome = pattern.matches(text, context, effort);
    if (outcome === true) return !list.negated;
    if (outcome === undefined) undecided = true;
  }
  return list.negated && !(undecided && effect === 'Allow');
}

/** The first condition that is not met. */
export const unmetCondition = (
  statement: Statement,
  context: ConditionContext,
  effort: Effort,
): Condition | undefined => statement.conditions.find((condition) => !condition.isMet(context, effort));
