// A policy with its predicates, scopes and claims replaced by what a record says of them, so that the shipped filter decides
// about a record as it does about a call: each becomes a claim or scope of a made-up token.
import { ClaimType } from "../../assembly/program.ts";
import {
  conditionOf,
  emptyPolicy,
  inOrder,
  type Claim,
  type Policy,
  type Rule,
  type Target,
} from "../compiler/policy/policy.ts";
import { optionsOf, type Term } from "../compiler/policy/terms.ts";
import type { TextTree } from "../compiler/source/shape.ts";
import { claimKey, scopeKey, untold, whenKey, whensOf } from "./atoms.ts";

/** The policy for the filter, and what each atom is called in the made-up token. */
export interface Variant {
  policy: Policy;
  /** Key of a predicate or claim → its claim. */
  names: Map<string, string>;
  /** Of each rule, in the order in which they are tried. */
  atoms: RuleAtoms[];
}

export interface RuleAtoms {
  whens: string[];
  claims: string[];
  scopes: string[];
}

const PLACE = { path: "" };

export function variantOf(policy: Policy): Variant {
  const names = new Map<string, string>();
  const nameOf = (key: string): string => {
    const name = names.get(key) ?? `atom${names.size}`;
    names.set(key, name);
    return name;
  };
  const condition = (when: TextTree | undefined): TextTree | undefined => {
    if (!when || scopesIn(when)) return when; // the scopes are in the made-up token
    return { ...PLACE, kind: "text", value: `jwt.claims.${nameOf(whenKey(when, policy))}` };
  };
  const claim = (key: string): Claim => ({
    ...{ name: nameOf(key), type: ClaimType.String, values: ["y"], patterns: [], place: PLACE },
  });
  const rules = inOrder(policy.rules).map((rule): Rule => {
    const { name, place, action, mode } = rule;
    const when = condition(rule.when);
    return {
      ...{ name, place, action, mode, scopes: rule.scopes.filter(isFixed) },
      claims: [...rule.claims.map(claimKey), ...untold(rule)].map(claim),
      ...(rule.targets && { targets: rule.targets.map((target) => targetOf(target, condition(conditionOf(target)))) }),
      ...(when && { when }),
    };
  });
  return { policy: stripped(policy, rules), names, atoms: inOrder(policy.rules).map((rule) => atomsOf(rule, policy)) };
}

function targetOf({ args: _, when: __, ...target }: Target, when: TextTree | undefined): Target {
  return { ...target, ...(when && { when }) };
}

const isFixed = ({ options }: Term): boolean =>
  options.every(({ template, name }) => template === undefined && !name.endsWith("*"));

const ASKS_SCOPES = /^(?:[\s()!]|&&|\|\||"[^"\\]+"\s+in\s+jwt\.scopes)+$/;

/** The scopes that a predicate asks for, where it does nothing else: it is run as it is, and a grant may change it. */
function scopesIn({ value }: TextTree): string[] | undefined {
  if (!ASKS_SCOPES.test(value)) return undefined;
  return [...value.matchAll(/"([^"]+)"/g)].map(([, name]) => name!);
}

function atomsOf(rule: Rule, policy: Policy): RuleAtoms {
  return {
    whens: whensOf(rule).flatMap((when) => scopesIn(when)?.map(scopeKey) ?? [whenKey(when, policy)]),
    claims: [...rule.claims.map(claimKey), ...untold(rule)],
    scopes: optionsOf({ scopes: rule.scopes.filter(isFixed) }).map(({ name }) => scopeKey(name)),
  };
}

/** Only what matters to a decision about one call. */
function stripped(policy: Policy, rules: Rule[]): Policy {
  const { name, scopes, backend, govern, defaultAction, transport } = policy;
  const own = { name, scopes, backend, govern, defaultAction, transport, rules };
  return { ...emptyPolicy("Policy"), ...own, loop: { limit: 0, window: 300 } };
}
