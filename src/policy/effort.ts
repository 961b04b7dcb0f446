/**
 * A bound on the work of one decision. Policies are written by those they bind and requests by
 * strangers, so what it costs to compare them must not be theirs to choose. A decision that would
 * exceed the bound is a refusal: giving up can take access away, never give it.
 *
 * A step is about one comparison of a short text, 10 ns or so. The largest policies the service accepts
 * (32 KiB) take a few thousand steps when they are honest, and less than half the bound when they are odd.
 */
export const stepsMax = 100_000;

export class EffortExceeded extends Error {}

export class Effort {
  steps = 0;

  spend(steps: number): void {
    this.steps += steps;
    if (this.steps > stepsMax) throw new EffortExceeded();
  }
}
