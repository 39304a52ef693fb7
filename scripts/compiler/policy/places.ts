// `ip` and `principals` of a source: where a call comes from.
import { Flag, Kind } from "../../../assembly/program.ts";
import type { Report, Tree } from "../source/document.ts";
import { readRange } from "../source/ranges.ts";
import { texts } from "../source/shape.ts";
import type { Policy, Principal } from "./policy.ts";
import { starsOf } from "./stars.ts";
import type { Whens } from "./whens.ts";

const EMPTY = "it would match any caller; leave it out";

export function readRanges(report: Report, tree: Tree): Uint8Array[] {
  return (texts(report, tree, EMPTY) ?? []).flatMap((item) => {
    const range = readRange(item.value);
    return "message" in range ? (report.error(item, range.message, range.hint) ?? []) : range;
  });
}

export function readPrincipals(report: Report, tree: Tree): Principal[] {
  const names = texts(report, tree, EMPTY) ?? [];
  return names.map((item) => ({ name: item.value, stars: starsOf(item.value, Kind.Any), place: item }));
}

const TOKEN_NEEDS = Flag.NeedsClaims | Flag.NeedsScopeList;

/** Reports predicates of anonymous rules that read the token: without one they are an error for every call. */
export function checkAnonymous(report: Report, { rules }: Policy, whens: Whens): void {
  for (const rule of rules.filter(({ anonymous }) => anonymous)) {
    const conditions = [rule.when, ...(rule.targets ?? []).map((target) => target.when)];
    for (const when of new Set(conditions)) {
      if (!when || !((whens.get(when.value)?.needs ?? 0) & TOKEN_NEEDS)) continue;
      report.error(when, "an anonymous rule has no token to read", "write a rule of its own for callers with one");
    }
  }
}

const ADDRESS = /\bsource\s*(?:\.\s*address\b|\[\s*["']address)/;

/** Whether a rule or a predicate reads the caller's address. */
export function readsAddress({ rules }: Policy): boolean {
  const whens = rules.flatMap(({ when, targets = [] }) => [when, ...targets.map((target) => target.when)]);
  return rules.some(({ ranges }) => ranges) || whens.some((when) => when && ADDRESS.test(when.value));
}
