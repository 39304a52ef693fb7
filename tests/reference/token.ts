// What a token says: its scopes, what they imply, and its claims.
import { fitsStars } from "./names.ts";
import { memberOf, type Claim, type Json, type Members, type Policy } from "./model.ts";

/** The value of a claim: the name as it is written first, then as a dotted path; a list is the path itself. */
export function claimAt(payload: Members, path: string | string[]): Json | undefined {
  if (typeof path !== "string") return path.reduce<Json | undefined>(memberOf, payload);
  const direct = memberOf(payload, path);
  return direct === undefined ? path.split(".").reduce<Json | undefined>(memberOf, payload) : direct;
}

/** The scopes that a token names: texts are split at blanks, of a list each text is one. */
export function namedScopes(policy: Policy, payload: Members): string[] {
  const found = policy.scopeClaims.flatMap((path) => {
    const value = claimAt(payload, path);
    if (typeof value === "string") return value.split(" ");
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  });
  return [...new Set(found.filter((scope) => scope !== ""))];
}

export function claimHolds(claim: Claim, payload: Members): boolean {
  const value = claimAt(payload, claim.path);
  if (claim.present && value === undefined) return false;
  if (claim.values.length === 0 && claim.patterns.length === 0) return claim.present;
  const fits = (item: Json | undefined): boolean =>
    typeof item === "string" &&
    (claim.values.includes(item) || claim.patterns.some((pattern) => fitsStars(pattern, item)));
  return fits(value) || (claim.valueType !== "String" && Array.isArray(value) && value.some(fits));
}

/** Scopes that count as held: those named, those issued in another form, and all they imply. Families are prefixes. */
export interface Holding {
  names: Set<string>;
  families: Set<string>;
}

const holdings = new WeakMap<Policy, Map<string, Holding>>();

/** The closure of the scopes under forms, hierarchy and families; a declared member of a family implies its own. */
export function holding(policy: Policy, raw: string[]): Holding {
  const known = holdings.get(policy) ?? new Map<string, Holding>();
  holdings.set(policy, known);
  const key = raw.join(" ");
  const found = known.get(key) ?? closure(policy, raw);
  known.set(key, found);
  return found;
}

function closure(policy: Policy, raw: string[]): Holding {
  const held: Holding = { names: new Set(raw), families: new Set() };
  for (const [scope, forms] of policy.issuedAs) if (forms.some((form) => raw.includes(form))) held.names.add(scope);
  for (let before = -1; before !== held.names.size + held.families.size;) {
    before = held.names.size + held.families.size;
    for (const [scope, implied] of policy.implies) if (holds(held, scope)) implied.forEach((name) => add(held, name));
  }
  return held;
}

function add(held: Holding, implied: string): void {
  if (implied.endsWith("*")) held.families.add(implied.slice(0, -1));
  else held.names.add(implied);
}

export function holds({ names, families }: Holding, scope: string): boolean {
  return names.has(scope) || [...families].some((family) => scope.startsWith(family));
}

/** Whether a scope implies another one: by the hierarchy or a family, not by being it. */
export function implies(policy: Policy, broad: string, narrow: string): boolean {
  return broad !== narrow && holds(holding(policy, [broad]), narrow);
}

/** `jwt.scopes`: what is held by name, and of families the members that the policy names or declares. */
export function scopesSeen(policy: Policy, raw: string[]): string[] {
  const held = holding(policy, raw);
  const known = [...knownScopes(policy)].filter((scope) => holds(held, scope));
  return [...new Set([...held.names, ...known])].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Every scope that the policy names in a rule, declares or lets another imply; templates are not among them. */
export function knownScopes(policy: Policy): Set<string> {
  const inRules = policy.rules.flatMap(({ scopes }) => scopes.flat()).filter((scope) => !scope.includes("{"));
  const implied = [...policy.implies.values()].flat().filter((scope) => !scope.endsWith("*"));
  return new Set([...inRules, ...policy.implies.keys(), ...implied]);
}

/** The payload without its scopes, as predicates see it. */
export function claimsOf(payload: Members | null): Members {
  return Object.fromEntries(Object.entries(payload ?? {}).filter(([name]) => name !== "scope" && name !== "scp"));
}

/** The value of a template's placeholder as text: 1 to 64 unreserved characters, or an integer up to 2^53 - 1. */
export function placeholderText(value: Json | undefined): string | undefined {
  if (typeof value === "string") return /^[A-Za-z0-9._~-]{1,64}$/.test(value) ? value : undefined;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
}
