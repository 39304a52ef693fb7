// Warnings about scopes and requirements: what is legal, and hardly meant.
import { Action, ClaimType, Flag, Op, Tag } from "../../../assembly/program.ts";
import type { Report } from "../source/document.ts";
import type { TextTree } from "../source/shape.ts";
import { pathText } from "./claims.ts";
import { isFamily } from "./hierarchy.ts";
import { targetsOf, type Claim, type Policy, type Rule } from "./policy.ts";
import { optionsOf } from "./terms.ts";
import type { Whens } from "./whens.ts";

/** Scopes that stand for too much, and rules that a token without scopes passes by. */
export function warnOfScopes(report: Report, policy: Policy): void {
  for (const rule of policy.rules) {
    if (rule.action === Action.Deny && rule.scopes.length > 0) {
      const message = "a Deny rule with scopes stops only tokens that hold them: a caller can leave them out";
      report.warn(rule.scopes[0]!.options[0]!.place, message, "require scopes in Allow rules, or with action: Require");
    }
    for (const { name, place } of optionsOf(rule)) {
      if (name === "offline_access") {
        report.warn(place, "offline_access asks for a refresh token; a resource should not require it");
      } else if (/^(\*|all|full[-_.]?access)$/i.test(name)) {
        report.warn(place, `the scope "${name}" means everything`, "name a scope for what the call does");
      }
    }
  }
  const open =
    policy.defaultAction === Action.Allow &&
    policy.rules.find((rule) => rule.action === Action.Allow && rule.scopes.length > 0);
  if (open) {
    const message = "defaultAction is Allow: a call that lacks this rule's scopes passes anyway";
    report.warn(open.scopes[0]!.options[0]!.place, message, "use defaultAction: Deny");
  }
}

/** Predicates see of a family only the scopes that the policy names. */
export function warnOfFamilies(report: Report, policy: Policy, whens: Whens): void {
  const family = [...policy.scopes.values()].flatMap(({ implies }) => implies).find(({ value }) => isFamily(value));
  if (!family) return;
  for (const when of readersOfScopes([...policy.rules, ...targetsOf(policy)], whens)) {
    const message = `jwt.scopes has of the family "${family.value}" only the scopes that the policy names or declares`;
    report.warn(when, message, "list scopes under source.jwt.scopes, where a family counts");
  }
}

/** Requirements that nobody meets, that hold for everybody, or that get no challenge although scopes would help. */
export function warnOfRequirements(report: Report, policy: Policy, whens: Whens): void {
  for (const rule of policy.rules.filter(({ action }) => action === Action.Require)) {
    const never = neverMet(rule, whens);
    if (never !== undefined)
      report.warn(rule.place, `nobody can meet this requirement: ${never}`, "a Deny rule says that nobody may");
    if (isEmpty(rule)) report.warn(rule.place, "this requires nothing: it has neither a source nor a when");
    for (const when of readersOfScopes([rule], whens)) {
      const message = "a requirement that fails by its when gets no challenge, even if scopes would help";
      report.warn(when, message, "list scopes under source.jwt.scopes");
    }
  }
}

function readersOfScopes(owners: readonly { when?: TextTree }[], whens: Whens): TextTree[] {
  const texts = new Set(owners.flatMap(({ when }) => when ?? []));
  return [...texts].filter(({ value }) => ((whens.get(value)?.needs ?? 0) & Flag.NeedsScopeList) !== 0);
}

function isEmpty({ scopes, claims, when, ranges, principals }: Rule): boolean {
  return scopes.length === 0 && claims.length === 0 && !when && !ranges && !principals;
}

function neverMet({ claims, when }: Rule, whens: Whens): string | undefined {
  const claim = claims.find((one) => isNever(one)) ?? contradictionIn(claims);
  if (claim) return `the claim "${pathText(claim.name)}" never matches`;
  return when && isFalse(when, whens) ? "its when is always false" : undefined;
}

function isNever({ name, type, values, patterns }: Claim): boolean {
  return name === "scope" || name === "scp" || (type !== ClaimType.Present && values.length + patterns.length === 0);
}

/** A claim that must be one of some texts, and one of others. */
function contradictionIn(claims: readonly Claim[]): Claim | undefined {
  const texts = claims.filter(({ type, patterns }) => type === ClaimType.String && patterns.length === 0);
  return texts.find((one) =>
    texts.some(
      (other) =>
        pathText(other.name) === pathText(one.name) && !other.values.some((value) => one.values.includes(value)),
    ),
  );
}

function isFalse({ value }: TextTree, whens: Whens): boolean {
  const [first] = whens.get(value)?.instructions ?? [];
  if (first?.op !== Op.Const || typeof first.c !== "object" || !("constant" in first.c)) return false;
  return whens.get(value)!.instructions.length === 2 && first.c.constant.tag === Tag.Bool && !first.c.constant.value;
}
