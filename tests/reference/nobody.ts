// A call without a token, where the policy has anonymous rules: through by one of them, or a 401 that says what a token
// for this call needs, or a 403 where no token could help.
import { baselineOf } from "./baseline.ts";
import { smallestGrant } from "./challenge.ts";
import { unauthenticated } from "./decide.ts";
import { conditions, isGoverned, isTargeted, scopesHeld } from "./match.ts";
import type { Rule, Verdict, World } from "./model.ts";
import { readsToken } from "./predicates.ts";
import { decidingRules, isAllowed, unmetRequirements } from "./rules.ts";

export function byNobody(world: World): Verdict {
  const opened = openedBy(world);
  if (!opened) return unauthenticated("no_token", neededByCall(world));
  const requirement = opened.blockers.find(({ action }) => action === "Require");
  const free = opened.blockers.filter((rule) => !isAboutToken(rule));
  const refusing = free.find(({ action }) => action === "Require") ?? (requirement ? undefined : free[0]);
  if (refusing) {
    const reason = refusing.action === "Require" ? "requirement_unmet" : "rule_denied";
    return { decision: "deny", reason, rule: refusing.name, scopes: null };
  }
  if (opened.blockers.length > 0) return unauthenticated("no_token", neededByCall(world));
  return { decision: "allow", reason: "allowed", rule: opened.rule.name, scopes: null };
}

interface Opened {
  rule: Rule;
  /** Requirements that do not hold, and Deny rules in front of the rule. */
  blockers: Rule[];
}

/** The first anonymous rule that would allow the call, and what stands in its way. */
export function openedBy(world: World): Opened | undefined {
  const blockers = unmetRequirements(world).map(({ rule }) => rule);
  for (const rule of decidingRules(world.policy)) {
    const answers = [isTargeted(rule, world), conditions(rule, world), scopesHeld(rule, world)];
    if (rule.action === "Deny" && answers.every((answer) => answer === "yes")) blockers.push(rule);
    if (rule.action === "Allow" && rule.anonymous && !answers.includes("no")) return { rule, blockers };
  }
  return undefined;
}

/** Whether a token could change what the rule says. */
function isAboutToken({ scopes, claims, when, target }: Rule): boolean {
  return scopes.length > 0 || claims.length > 0 || [when, ...(target ?? []).map((e) => e.when)].some(readsToken);
}

/** The world in which the caller comes back with a token: no scopes yet, and claims that nobody knows. */
export function withToken(world: World): World {
  return { ...world, token: true, raw: [], unknown: { ...world.unknown, claims: true } };
}

/** `scope` of the 401: what this call needs where a grant helps; none where any token would do; else the baseline. */
function neededByCall(world: World): string[] {
  if (!isGoverned(world.policy, world.call.method)) return [];
  const later = withToken(world);
  if (isAllowed(later)) return [];
  const grant = smallestGrant(later);
  // What depends on claims that nobody knows yet cannot be asked for.
  return grant && !grant.open ? grant.listed : baselineOf(world.policy);
}
