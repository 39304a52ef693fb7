// The rule list over one world: requirements first, then the others in order. Where something is unknown, an Allow rule
// that may match does, a Deny rule stops only what it surely matches, and a requirement fails only when it surely does.
import { conditions, isTargeted, scopesHeld } from "./match.ts";
import type { Policy, Rule, World } from "./model.ts";
import { neededOf } from "./scopes.ts";

/** The rule that decided; none: the default. */
export interface Walk {
  action: "Allow" | "Deny";
  rule?: Rule;
}

export function walkRules(world: World): Walk {
  const rule = decidingRules(world.policy).find((candidate) => decides(candidate, world));
  return { action: rule ? (rule.action as Walk["action"]) : world.policy.defaultAction, rule };
}

export const decidingRules = ({ rules }: Policy): Rule[] => rules.filter(({ action }) => action !== "Require");

function decides(rule: Rule, world: World): boolean {
  const answers = [isTargeted(rule, world), conditions(rule, world), scopesHeld(rule, world)];
  if (rule.action === "Deny") return answers.every((answer) => answer === "yes");
  return (world.token || rule.anonymous) && !answers.includes("no");
}

/** What is wrong with a requirement: more than its scopes, or only they. */
export type Fault = "condition" | "scopes";

export interface Unmet {
  rule: Rule;
  fault: Fault;
}

/** The requirements of this call that do not hold, in order. */
export function unmetRequirements(world: World): Unmet[] {
  return requirements(world).flatMap((rule): Unmet[] => {
    const fits = rule.scopes.every((alternatives) => neededOf(alternatives, world).length > 0);
    if (conditions(rule, world) === "no" || !fits) return [{ rule, fault: "condition" }];
    return scopesHeld(rule, world) === "no" ? [{ rule, fault: "scopes" }] : [];
  });
}

/** The Require rules that are about this call. */
export function requirements(world: World): Rule[] {
  return world.policy.rules.filter((rule) => rule.action === "Require" && isTargeted(rule, world) === "yes");
}

export function isAllowed(world: World): boolean {
  return unmetRequirements(world).length === 0 && walkRules(world).action === "Allow";
}
