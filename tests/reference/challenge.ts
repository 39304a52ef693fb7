// The smallest set of scopes that lets a call through, by brute force. Where no predicate reads `jwt.scopes`: for every
// rule that could grant, every choice of alternatives. Where one does: every set of the policy's scopes.
import type { Policy, Rule, World } from "./model.ts";
import { readsScopes } from "./predicates.ts";
import { decidingRules, isAllowed, requirements, walkRules } from "./rules.ts";
import { heldIn, isHeld, neededOf, type Needed } from "./scopes.ts";
import { holding, holds, implies } from "./token.ts";

export interface Grant {
  /** What has to be granted. */
  scopes: string[];
  /** What the challenge lists: all that the granting rule and the requirements ask for. */
  listed: string[];
  /** The rule that then allows; none: the default. */
  rule?: Rule;
  /** A part of it depends on arguments that are not known. */
  open: boolean;
  /** All grants of that size, where predicates read scopes. */
  ties: Grant[];
}

const unique = (texts: string[]): string[] => [...new Set(texts)];
export const granted = (world: World, scopes: string[]): World => ({
  ...world,
  raw: unique([...world.raw, ...scopes]),
});

/** Whether a predicate of the policy reads the token's scopes. */
export function dependsOnScopes({ rules }: Policy): boolean {
  return rules.some(({ when, target }) => [when, ...(target ?? []).map((entry) => entry.when)].some(readsScopes));
}

/** The smallest grant that helps; undefined: none does. The call is not allowed as it is. */
export function smallestGrant(world: World): Grant | undefined {
  return dependsOnScopes(world.policy) ? amongSets(world) : amongChoices(world);
}

// ---------------------------------------------------------------- rules and alternatives

interface Choice extends Grant {
  /** Of each choice made, the alternative's place in the order of preference. */
  ranks: number[];
}

function amongChoices(world: World): Grant | undefined {
  const rules: (Rule | undefined)[] = decidingRules(world.policy).filter(({ action }) => action === "Allow");
  if (world.policy.defaultAction === "Allow") rules.push(undefined);
  const choices = rules.flatMap((rule) => choicesFor(rule, world));
  return choices.reduce<Choice | undefined>((best, next) => (best && !isBetter(next, best) ? best : next), undefined);
}

/** Fewer scopes; then the earlier rule, which the order of the choices keeps; then the narrower or earlier alternatives. */
function isBetter(next: Choice, best: Choice): boolean {
  if (next.scopes.length !== best.scopes.length) return next.scopes.length < best.scopes.length;
  if (next.rule !== best.rule) return false;
  const at = next.ranks.findIndex((rank, i) => rank !== best.ranks[i]);
  return at >= 0 && next.ranks[at]! < best.ranks[at]!;
}

function choicesFor(rule: Rule | undefined, world: World): Choice[] {
  const asked = [...requirements(world), ...(rule ? [rule] : [])].flatMap(({ scopes }) => scopes);
  const options = asked.map((alternatives) => optionsOf(neededOf(alternatives, world), world));
  return products(options).flatMap((picked): Choice[] => {
    const needed = picked.map(({ needed: one }) => one);
    const scopes = missing(needed, world);
    const then = granted(world, scopes);
    if (!isAllowed(then) || walkRules(then).rule !== rule) return [];
    const open = needed.some((one) => one.open && scopes.includes(one.text));
    const listed = unique(needed.map(({ text }) => text));
    return [{ scopes, listed, rule, open, ties: [], ranks: picked.map(({ rank }) => rank) }];
  });
}

interface Option {
  needed: Needed;
  rank: number;
}

/** What may be listed for some alternatives: of those held the one that the token names, else the earlier. */
function optionsOf(alternatives: Needed[], world: World): Option[] {
  const held = heldIn(world);
  const satisfied = alternatives.filter((one) => isHeld([one], held) !== "no");
  if (satisfied.length > 0)
    return [{ needed: satisfied.find(({ text }) => world.raw.includes(text)) ?? satisfied[0]!, rank: 0 }];
  return byPreference(alternatives, world).map((needed, rank) => ({ needed, rank }));
}

/** First those that another alternative implies, the narrower before the broader; else as they are written. */
function byPreference(alternatives: Needed[], { policy }: World): Needed[] {
  const count = (test: (other: Needed) => boolean): number => alternatives.filter(test).length;
  const keyOf = (one: Needed): number => {
    const implied = count((other) => implies(policy, other.text, one.text)) > 0;
    return implied ? count((other) => implies(policy, one.text, other.text)) : Infinity;
  };
  const keys = new Map(alternatives.map((one) => [one, keyOf(one)]));
  // Infinity - Infinity is NaN, which sorts like 0.
  return alternatives.toSorted((a, b) => keys.get(a)! - keys.get(b)! || 0);
}

/** What is not held, without what another missing scope implies. */
function missing(needed: Needed[], world: World): string[] {
  const held = heldIn(world);
  const texts = unique(needed.filter((one) => isHeld([one], held) === "no").map(({ text }) => text));
  return texts.filter(
    (text, i) =>
      !texts.some(
        (other, j) => implies(world.policy, other, text) && !(implies(world.policy, text, other) && j > i), // of two that imply each other the first
      ),
  );
}

function products<T>(lists: T[][]): T[][] {
  return lists.reduce<T[][]>((made, list) => made.flatMap((start) => list.map((item) => [...start, item])), [[]]);
}

// ---------------------------------------------------------------- all sets

/** All scopes that could be asked for in this call: those of rules, with their alternatives, and those declared. */
export function universe(world: World): string[] {
  const asked = world.policy.rules.flatMap(({ scopes }) =>
    scopes.flatMap((alternatives) => neededOf(alternatives, world).map(({ text }) => text)),
  );
  const held = heldIn(world);
  return unique([...asked, ...world.policy.implies.keys()]).filter((scope) => !holds(held, scope));
}

/** The sets of the fewest scopes that let the call through; empty: none does. */
export function smallestSets(world: World, scopes: string[]): string[][] {
  for (let size = 0; size <= scopes.length; size++) {
    const found = subsets(scopes, size).filter((set) => isAllowed(granted(world, set)));
    if (found.length > 0) return found;
  }
  return [];
}

function subsets(items: string[], size: number, from = 0): string[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) => (i < from ? [] : subsets(items, size - 1, i + 1).map((rest) => [item, ...rest])));
}

/** Of equal sets first one whose scopes the granting rule lists, then one that no other implies, then the earlier rule. */
function amongSets(world: World): Grant | undefined {
  const grants = smallestSets(world, universe(world)).map((set) => grantOf(set, world));
  const keyed = grants.map((grant): [Grant, number[]] => [grant, [...keysOf(grant, grants, world)]]);
  keyed.sort(([, a], [, b]) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!);
  const best = keyed[0]?.[0];
  if (!best) return undefined;
  return { ...best, ties: grants };
}

function keysOf({ scopes, listed, rule }: Grant, others: Grant[], { policy }: World): number[] {
  const lists = rule?.scopes.flat() ?? [];
  const own = scopes.every((scope) => lists.includes(scope) || (listed.includes(scope) && lists.some(isTemplate)));
  const impliedBy = (other: Grant): boolean =>
    other.scopes !== scopes && scopes.every((scope) => holds(holding(policy, other.scopes), scope));
  const at = rule ? policy.rules.indexOf(rule) : policy.rules.length;
  return [own ? 0 : 1, others.some(impliedBy) ? 1 : 0, at];
}

const isTemplate = (scope: string): boolean => scope.includes("{");

function grantOf(scopes: string[], world: World): Grant {
  const then = granted(world, scopes);
  const { rule } = walkRules(then);
  const asked = [...requirements(then), ...(rule ? [rule] : [])].flatMap((one) => one.scopes);
  const listed = asked.map((alternatives) => {
    const needed = neededOf(alternatives, then);
    const before = optionsOf(needed, world);
    const given = byPreference(needed, world).find(({ text }) => scopes.includes(text));
    return (isHeld(needed, heldIn(world)) !== "no" ? before[0]!.needed : (given ?? optionsOf(needed, then)[0]!.needed))
      .text;
  });
  return { scopes, listed: unique([...listed, ...scopes]), rule, open: scopes.some(isTemplate), ties: [] };
}
