// Callers without a token, where a policy has rules for them.

/** Whether the caller has no token: claims and scopes are then empty, and an error for predicates. */
export let isNobody: bool = false;
/** Whether its claims are unknown: a token that it may come back with will have some. */
export let areClaimsUnknown: bool = false;

export function setNobody(nobody: bool): void {
  isNobody = nobody;
  areClaimsUnknown = false;
}

/** Takes a caller without a token for one that comes back with one, or for what it is again. */
export function setReturning(returning: bool): void {
  isNobody = !returning;
  areClaimsUnknown = returning;
}
