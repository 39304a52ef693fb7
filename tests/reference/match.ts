// Whether a rule is about a call, and whether its conditions hold. With things unknown there is a third answer.
import { isAddress, isInRange } from "../../scripts/fuzz/addresses.ts";
import type { Outcome } from "../../scripts/fuzz/cel-reference.ts";
import { argumentsHold } from "./arguments.ts";
import { fitsMethod, fitsStars, fitsUri, kindOf, mayFitUri, nameIn } from "./names.ts";
import type { Entry, Policy, Rule, World } from "./model.ts";
import { judge } from "./predicates.ts";
import { heldIn, isHeld, neededOf, type Held } from "./scopes.ts";
import { claimHolds } from "./token.ts";

export type Match = Held;

const all = (answers: Match[]): Match => (answers.includes("no") ? "no" : answers.includes("maybe") ? "maybe" : "yes");
const any = (answers: Match[]): Match => (answers.includes("yes") ? "yes" : answers.includes("maybe") ? "maybe" : "no");
const sure = (holds: boolean): Match => (holds ? "yes" : "no");

/** What an outcome means. `strict`: of a Deny rule or a Require's target, where an error counts as a match. */
function meaning(outcome: Outcome, strict: boolean): Match {
  switch (outcome) {
    case "true":
      return "yes";
    case "unknown":
      return "maybe";
    case "false":
      return "no";
    case "error":
      return sure(strict);
    default:
      return strict ? "maybe" : "no";
  }
}

/** Whether the rule is about this call. */
export function isTargeted(rule: Rule, world: World): Match {
  if (!rule.target) return "yes";
  return any(rule.target.map((entry) => entryMatches(entry, rule.action !== "Allow", world)));
}

function entryMatches(entry: Entry, strict: boolean, world: World): Match {
  const named = world.call.isOpen ? isBegun(entry, world) : sure(isNamed(entry, world));
  if (named === "no") return "no";
  const outcomes: Outcome[] = entry.when ? [judge(entry.when, world)] : [];
  if (entry.args || entry.onlyArgs)
    outcomes.push(world.unknown.args ? "unknown" : argumentsHold(entry.args ?? {}, world.call.args, entry.onlyArgs));
  // One false decides; else what cannot be judged.
  if (outcomes.includes("false")) return "no";
  return all([named, ...outcomes.map((outcome) => meaning(outcome, strict))]);
}

/** Of a template only a beginning is known: every URI of it fits, some may, or none can. */
function isBegun({ kind, name, literal }: Entry, { call }: World): Match {
  if (kind === "methods") return sure(fitsMethod(name, literal, call.method));
  if (kind !== "resources") return "no";
  if (literal) return name.startsWith(call.uri!) ? "maybe" : "no";
  if (name.endsWith("*") && fitsUri(name, call.uri!)) return "yes";
  return mayFitUri(name, call.uri!) ? "maybe" : "no";
}

function isNamed({ kind, name, backend, literal }: Entry, { call }: World): boolean {
  const own = nameIn(kind, call);
  if (own === undefined) return false;
  if (kind === "methods") return fitsMethod(name, literal, own);
  const fits = kind === "resources" ? fitsUri : fitsStars;
  if (literal ? name !== own : !fits(name, own)) return false;
  if (backend === undefined) return true;
  if (call.backend === undefined) return false;
  return literal ? backend === call.backend : fitsStars(backend, call.backend);
}

/** Whether source and `when` hold, scopes left aside. */
export function conditions(rule: Rule, world: World): Match {
  const strict = rule.action === "Deny";
  return all([
    claims(rule, world),
    address(rule, world, strict),
    certificate(rule, world),
    rule.when ? meaning(judge(rule.when, world), strict) : "yes",
  ]);
}

function claims(rule: Rule, { caller, unknown }: World): Match {
  if (rule.claims.length === 0) return "yes";
  if (unknown.claims) return "maybe";
  return sure(rule.claims.every((claim) => claimHolds(claim, caller.payload ?? {})));
}

function address({ ip }: Rule, { caller }: World, strict: boolean): Match {
  if (!ip) return "yes";
  if (caller.address === null || !isAddress(caller.address)) return sure(strict);
  return sure(ip.some((range) => isInRange(caller.address!, range)));
}

/** The first URI name or the first DNS name: Envoy hands out no others. */
function certificate({ principals }: Rule, { caller }: World): Match {
  if (!principals) return "yes";
  const names = [caller.principal.uri[0], caller.principal.dns[0]].filter((name) => name !== undefined);
  return sure(names.some((name) => principals.some((pattern) => fitsStars(pattern, name))));
}

/** Whether all its scopes are held. */
export function scopesHeld(rule: Rule, world: World): Match {
  const held = heldIn(world);
  return all(rule.scopes.map((alternatives) => isHeld(neededOf(alternatives, world), held)));
}

/** A governed call, or one whose method a rule names: the rule list decides about it. */
export function isGoverned(policy: Policy, method: string): boolean {
  const kind = kindOf(method);
  if (kind !== "lifecycle") return policy.govern.includes(kind);
  return policy.rules.some(({ target }) =>
    target?.some((entry) => entry.kind === "methods" && fitsMethod(entry.name, entry.literal, method)),
  );
}
