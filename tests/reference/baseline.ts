// The scopes of a 401 where the call does not say more, and of the metadata document.
import type { Alternatives, Policy } from "./model.ts";
import { holding, holds, implies } from "./token.ts";

/**
 * What every Allow rule with scopes asks for, implied scopes counted; where they have none in common, the list of the rule
 * with the fewest. What another of them implies is left out.
 */
export function baselineOf(policy: Policy): string[] {
  if (policy.baseline) return policy.baseline.filter(isAskedFor);
  const always = policy.rules
    .filter(({ action, target }) => action === "Require" && !target)
    .flatMap(({ scopes }) => named(scopes, policy));
  const lists = policy.rules
    .filter(({ action, scopes }) => action === "Allow" && scopes.length > 0)
    .map(({ scopes }) => named(scopes, policy))
    .filter((list) => list.length > 0);
  const held = lists.map((list) => holding(policy, list));
  const common = [...(held[0]?.names ?? [])].filter((scope) => held.every((one) => holds(one, scope)));
  const fewest = lists.reduce<string[]>((best, list) => (list.length < best.length ? list : best), lists[0] ?? []);
  const scopes = [...new Set([...always, ...(common.length > 0 ? common : fewest)])];
  return scopes.filter((scope) => isAskedFor(scope) && !scopes.some((other) => implies(policy, other, scope)));
}

const isAskedFor = (scope: string): boolean => scope !== "offline_access";

/** Templates are left out; of alternatives the one that a challenge would take. */
function named(groups: Alternatives[], policy: Policy): string[] {
  return groups.flatMap((alternatives) => {
    const fixed = alternatives.filter((scope) => !scope.includes("{"));
    const narrow = fixed.filter(
      (scope) =>
        fixed.some((other) => implies(policy, other, scope)) && !fixed.some((other) => implies(policy, scope, other)),
    );
    return [...narrow, ...fixed].slice(0, 1);
  });
}
