// What became of each rule, for `explain` and policy tests. Off in Envoy: only the command line's host turns it on.

export enum Outcome {
  Matched = 0,
  Target = 1,
  Claims = 2,
  WhenFalse = 3,
  WhenError = 4,
  Scopes = 5,
  Source = 6,
  Met = 7, // a requirement: the next rule is tried
}


@unmanaged
class Step {
  rule: u32;
  outcome: u32; // Outcome
}

const MAX_STEPS: u32 = 4096;
const steps: usize = memory.data(<i32>(MAX_STEPS * offsetof<Step>()), 8);
let count: u32 = 0;
export let tracing: bool = false;

/** Turns tracing on or off and forgets what was traced; returns the address of the steps. */
export function startTrace(wanted: bool): usize {
  tracing = wanted;
  count = 0;
  return steps;
}

/** Traces nothing more: what follows tries grants. */
export function endTrace(): void {
  tracing = false;
}

/** How many steps were traced. */
export function traceCount(): u32 {
  return count;
}

/** Traces one rule; only while `tracing`. */
export function trace(rule: u32, outcome: u32): void {
  if (count >= MAX_STEPS) return;
  const step = changetype<Step>(steps + <usize>count * offsetof<Step>());
  step.rule = rule;
  step.outcome = outcome;
  count++;
}

/** Traces the rules from `from` to before `to`, whose targets did not match. */
export function tracePassed(from: u32, to: u32): void {
  for (let rule = from; rule < to && count < MAX_STEPS; rule++) trace(rule, Outcome.Target);
}

const told: Step = changetype<Step>(memory.data(<i32>offsetof<Step>(), 8));

/** Notes the decision on a request: its rule and Reason. */
export function tellDecision(reason: i32, rule: u32): void {
  told.rule = rule;
  told.outcome = reason;
}

/** The address of the rule and the Reason of the last decision. */
export function toldDecision(): usize {
  return changetype<usize>(told);
}
