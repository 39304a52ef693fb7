// What is allowed but probably not meant: warnings about rules that cannot decide, likely misspellings, and weak settings.
import { Action, Kind } from "../../../assembly/program.ts";
import type { Place, Report } from "../source/document.ts";
import type { Closures } from "./hierarchy.ts";
import { conditionOf, targetsOf, takesIn, type Policy, type Rule, type Target } from "./policy.ts";
import { heldBy, warnOfOverlaps } from "./overlaps.ts";
import { warnOfFamilies, warnOfRequirements, warnOfScopes } from "./scope-lint.ts";
import type { Whens } from "./whens.ts";
import { isSatisfied, optionsOf } from "./terms.ts";
import { MODES } from "./words.ts";
import { keyOf, warnOfGroups, warnOfTargets, warnOfUris } from "./target-lint.ts";
import { distance } from "../source/spelling.ts";

/** Adds warnings about a policy that compiles. */
export function lintPolicy(report: Report, policy: Policy, closures: Closures, whens: Whens): void {
  warnOfNames(report, policy);
  warnOfShadows(report, policy, closures);
  warnOfOverlaps(report, policy, closures);
  warnOfScopes(report, policy);
  warnOfFamilies(report, policy, whens);
  warnOfRequirements(report, policy, whens);
  warnOfTargets(report, policy);
  warnOfUris(report, policy);
  warnOfGroups(report, policy);
  warnOfTypos(report, scopeNames(policy));
  warnOfTypos(report, toolNames(policy));
}

function warnOfNames(report: Report, policy: Policy): void {
  const first = new Map<string, Rule>();
  for (const rule of policy.rules) {
    const other = first.get(rule.name);
    if (other) report.warn(rule.place, `another rule is also named "${rule.name}" (${report.where(other.place)})`);
    else first.set(rule.name, rule);
  }
}

/** Unreachable rules: an earlier rule, without conditions of its own, decides every call that this one would match. */
function warnOfShadows(report: Report, policy: Policy, closures: Closures): void {
  const index = new TargetIndex();
  // Requirements decide nothing, and are tried wherever they stand.
  for (const rule of policy.rules.filter(({ action }) => action !== Action.Require)) {
    const held = heldBy(rule, closures);
    const covers = (earlier: Rule): boolean => earlier.scopes.every((term) => isSatisfied(term, held));
    const by = index.coveredBy(rule, covers);
    if (by) report.warn(rule.place, `unreachable rule: "${by.name}" (${report.where(by.place)}) always matches first`);
    const isPlain = !rule.when && rule.claims.length === 0 && !rule.ranges && !rule.principals;
    if (isPlain && rule.mode === MODES.enforce) index.add(rule);
  }
}

/** Unconditional rules by target. */
class TargetIndex {
  private readonly any: Rule[] = [];
  private readonly byKey = new Map<string, Rule[]>();
  private readonly starred: { rule: Rule; target: Target }[] = [];

  add(rule: Rule): void {
    if (!rule.targets) this.any.push(rule);
    for (const target of rule.targets ?? []) {
      if (conditionOf(target)) continue;
      const key = keyOf(target, target.backend);
      this.byKey.set(key, [...(this.byKey.get(key) ?? []), rule]);
      if (target.stars || target.backendStars) this.starred.push({ rule, target });
    }
  }

  /** An earlier rule that decides every call of `rule`; each of its targets may be covered by a different one. */
  coveredBy(rule: Rule, covers: (earlier: Rule) => boolean): Rule | undefined {
    const all = this.any.find(covers);
    if (all || !rule.targets || rule.targets.length === 0) return all;
    const each = rule.targets.map((target) => this.coverOf(target, covers));
    return each.every((found) => found !== undefined) ? each[0] : undefined;
  }

  private coverOf(target: Target, covers: (earlier: Rule) => boolean): Rule | undefined {
    const keys = [keyOf(target, target.backend), keyOf(target, undefined)];
    const exact = keys.flatMap((key) => this.byKey.get(key) ?? []).find(covers);
    return exact ?? this.starred.find((other) => takesIn(other.target, target) && covers(other.rule))?.rule;
  }
}

/** Name → the places where it is used. */
type Uses = Map<string, Place[]>;

function scopeNames(policy: Policy): Uses {
  const uses: Uses = new Map();
  for (const rule of policy.rules) for (const { name, place } of optionsOf(rule)) note(uses, name, place);
  for (const [name, { place, implies }] of policy.scopes) {
    // A declared name is intended, so it counts twice.
    for (const where of [place, place, ...implies]) note(uses, name, where);
  }
  return uses;
}

function toolNames(policy: Policy): Uses {
  const uses: Uses = new Map();
  const targets = targetsOf(policy).filter(({ kind, stars }) => kind === Kind.Tool && !stars);
  for (const { name, place } of targets) note(uses, name, place);
  return uses;
}

function note(uses: Uses, name: string, place: Place): void {
  const places = uses.get(name);
  if (places) places.push(place);
  else uses.set(name, [place]);
}

/** Names used once that differ by one letter from one used more often. Differing digits are intended (v1, v2). */
function warnOfTypos(report: Report, uses: Uses): void {
  const byGap = new Map<string, string[]>();
  for (const [name, places] of uses) {
    if (places.length === 1 || !isComparable(name)) continue;
    for (const gap of gaps(name)) byGap.set(gap, [...(byGap.get(gap) ?? []), name]);
  }
  for (const [name, places] of uses) {
    if (places.length > 1 || byGap.size === 0 || !isComparable(name)) continue;
    const near = gaps(name).flatMap((gap) => byGap.get(gap) ?? []);
    const similar = near.find((other) => isTypo(name, other));
    if (similar)
      report.warn(
        places[0]!,
        `"${name}" is used only here; "${similar}" differs by one letter`,
        `did you mean "${similar}"?`,
      );
  }
}

/** Short names often differ by one letter; long ones cost too much to compare. */
function isComparable(name: string): boolean {
  return name.length >= 5 && name.length <= 64;
}

/** The name and the name without each of its letters: names that are one edit apart share one of these. */
function gaps(name: string): string[] {
  return [name, ...Array.from(name, (_, i) => name.slice(0, i) + name.slice(i + 1))];
}

function isTypo(name: string, other: string): boolean {
  return distance(name, other) === 1 && name.replace(/\d/g, "") !== other.replace(/\d/g, "");
}
