// Why a request was decided as it was: each rule that was tried, with the parts of its predicates.
import type { Loaded } from "../evaluate/load.ts";
import type { EvalRequest } from "../evaluate/request.ts";
import type { Step } from "../evaluate/result.ts";
import { conditionOf } from "../compiler/index.ts";
import { explainWhen, type Part } from "./parts.ts";

/** A rule that was tried, with the parts of its predicates. */
export interface ExplainedRule extends Step {
  whens: Part[][];
}

/** Every rule that was tried beyond its target, with the parts of its predicates. */
export function explainRules({ policy }: Loaded, request: EvalRequest, steps: Step[]): ExplainedRule[] {
  return steps.map((step) => {
    const rule = policy.rules.find(({ name }) => name === step.rule);
    if (!rule || ["target", "claims", "source"].includes(step.outcome)) return { ...step, whens: [] };
    const entries = (rule.targets ?? []).flatMap((target) => {
      const condition = conditionOf(target);
      return condition ? [explainWhen(policy, condition.value, [target], request)] : [];
    });
    const own = rule.when ? [explainWhen(policy, rule.when.value, rule.targets, request)] : [];
    return { ...step, whens: [...entries, ...own].filter((parts) => parts !== undefined) };
  });
}

/** Outcomes in words. */
export const OUTCOME_TEXTS: Record<Step["outcome"], string> = {
  matched: "matches: it decides",
  target: "does not match: it is about other calls",
  claims: "does not match: its claims differ from the token's",
  when_false: "does not match: its when is false",
  when_error: "does not match: its when is an error",
  scopes: "would match, but the token lacks scopes",
  source: "does not match: the call comes from elsewhere",
  met: "is met: the other rules are tried",
};
