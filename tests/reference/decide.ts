// The decision about one call, and what the answer says: docs/policy.md and docs/challenges.md, told slowly.
import { smallestGrant, type Grant } from "./challenge.ts";
import { isGoverned } from "./match.ts";
import { hasStar, isNormalUri, kindOf } from "./names.ts";
import { byNobody } from "./nobody.ts";
import type { Call, Caller, Policy, Verdict, World } from "./model.ts";
import { readsUri } from "./predicates.ts";
import { baselineOf } from "./baseline.ts";
import { choosePolicy } from "./resource.ts";
import { unmetRequirements, walkRules } from "./rules.ts";
import { neededOf } from "./scopes.ts";
import { namedScopes } from "./token.ts";

/** The world of a call that carries its token. */
export function worldOf(policy: Policy, call: Call, caller: Caller): World {
  const token = caller.payload !== null;
  const raw = token ? namedScopes(policy, caller.payload!) : [];
  return { policy, call, caller, token, raw, unknown: { args: false, claims: false } };
}

/** The decision of one of several policies. */
export function decideAmong(policies: Policy[], call: Call, caller: Caller): Verdict {
  const policy = choosePolicy(policies, caller.host, caller.path);
  if (!policy) return { decision: "deny", reason: "no_policy", rule: null, scopes: null };
  return { ...decide(policy, call, caller), policy: policy.name };
}

/** The decision about a call. */
export function decide(policy: Policy, call: Call, caller: Caller): Verdict {
  const isOpen = policy.rules.some(({ anonymous }) => anonymous);
  if (caller.badToken) return unauthenticated("invalid_token", baselineOf(policy));
  if (caller.payload === null && !isOpen) return unauthenticated("no_token", baselineOf(policy));
  if (isMalformed(policy, call)) return { decision: "reject", reason: "invalid_params", rule: null, scopes: null };
  const world = worldOf(policy, call, caller);
  if (!isGoverned(policy, call.method)) {
    const reason = kindOf(call.method) === "lifecycle" ? "lifecycle" : "not_governed";
    if (world.token || reason === "lifecycle") return { decision: "allow", reason, rule: null, scopes: null };
  }
  return world.token ? byRules(world) : byNobody(world);
}

export function unauthenticated(reason: string, scopes: string[]): Verdict {
  return { decision: "unauthenticated", reason, rule: null, scopes: scopes.length > 0 ? scopes.toSorted() : null };
}

/** URIs in another spelling are refused once the policy names a prefix, denies a URI or reads one. */
export function isMalformed(policy: Policy, { uri, isOpen }: Call): boolean {
  if (uri === undefined || isNormalUri(uri, isOpen)) return false;
  return policy.rules.some(({ action, target = [], when }) => {
    const uris = target.filter(({ kind }) => kind === "resources");
    const star = uris.some(({ name, literal }) => !literal && hasStar(name));
    return star || (action !== "Allow" && uris.length > 0) || [when, ...target.map((e) => e.when)].some(readsUri);
  });
}

/** Requirements, then the list, then the search for scopes that would help. */
function byRules(world: World): Verdict {
  const unmet = unmetRequirements(world);
  const walk = walkRules(world);
  if (unmet.length === 0 && walk.action === "Allow") {
    const reason = walk.rule ? "allowed" : "default_allow";
    return { decision: "allow", reason, rule: walk.rule?.name ?? null, scopes: null };
  }
  const failed = unmet.find(({ fault }) => fault === "condition");
  if (failed) return deny("requirement_unmet", failed.rule.name);
  const grant = smallestGrant(world);
  if (!grant) return hopeless(world);
  const rule = unmet[0]?.rule ?? grant.rule;
  const tieOf = (other: Grant): { rule: string | null; scopes: string[] } => ({
    rule: (unmet[0]?.rule ?? other.rule)?.name ?? null,
    scopes: sent(other, world),
  });
  return {
    ...deny("insufficient_scope", rule?.name ?? null),
    scopes: sent(grant, world),
    ...(grant.ties.length > 1 && { ties: grant.ties.map((other) => tieOf(other)) }),
  };
}

const deny = (reason: string, rule: string | null): Verdict => ({ decision: "deny", reason, rule, scopes: null });

/** The scopes of the header, sorted. */
function sent({ listed }: Grant, { policy, raw }: World): string[] {
  return [...new Set([...listed, ...(policy.includeGranted ? raw : [])])].toSorted();
}

/** No grant helps: what the list says once the requirements have their scopes. */
function hopeless(world: World): Verdict {
  const asked = unmetRequirements(world).flatMap(({ rule }) => rule.scopes.map((one) => neededOf(one, world)[0]!.text));
  const { action, rule } = walkRules({ ...world, raw: [...world.raw, ...asked] });
  return action === "Deny" && rule ? deny("rule_denied", rule.name) : deny("no_rule", null);
}
