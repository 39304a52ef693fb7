// The scopes of a 401 where the call does not say more, and of the metadata document.
import type { Alternatives, Policy } from "./model.ts";
import { implies } from "./token.ts";

/** What every Allow rule with scopes asks for; where they have none in common, the list of the rule with the fewest. */
export function baselineOf(policy: Policy): string[] {
  if (policy.baseline) return policy.baseline;
  const always = policy.rules
    .filter(({ action, target }) => action === "Require" && !target)
    .flatMap(({ scopes }) => named(scopes, policy));
  const lists = policy.rules
    .filter(({ action, scopes }) => action === "Allow" && scopes.length > 0)
    .map(({ scopes }) => named(scopes, policy))
    .filter((list) => list.length > 0);
  const common = (lists[0] ?? []).filter((scope) => lists.every((list) => list.includes(scope)));
  const fewest = lists.reduce<string[]>((best, list) => (list.length < best.length ? list : best), lists[0] ?? []);
  const scopes = [...always, ...(common.length > 0 ? common : fewest)];
  return [...new Set(scopes)].filter((scope) => scope !== "offline_access");
}

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
