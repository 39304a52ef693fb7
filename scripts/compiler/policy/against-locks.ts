// A policy against its locks: names that no server has, arguments that no tool takes, tools that no rule names.
import { Kind as TargetKind } from "../../../assembly/program.ts";
import type { Policy, Rule, Target } from "./policy.ts";
import type { ExpressionProblem } from "../cel/problems.ts";
import type { Report } from "../source/document.ts";
import type { Problem } from "../source/problem.ts";
import type { TextTree } from "../source/shape.ts";
import { closest } from "../source/spelling.ts";
import { checkArguments } from "../lock/arguments.ts";
import type { Item } from "../lock/lock.ts";
import type { PolicyLock } from "../lock/locks.ts";
import { itemsFor, itemsOf } from "./locked-items.ts";

/** Tools that a `when` is checked against: a rule for hundreds is one pattern, and the first ones stand for the others. */
const MAX_TOOLS = 64;

/** Reports what the locks know better than the policy; returns notes about tools that no rule names. */
export function checkAgainstLocks(report: Report, policy: Policy, locks: readonly PolicyLock[]): Problem[] {
  if (locks.length === 0) return [];
  const checks = new Expressions(report);
  for (const rule of policy.rules) {
    for (const target of rule.targets ?? []) {
      checkName(report, policy, locks, target);
      if (target.when) checks.check(target.when, toolsOf(policy, locks, [target]));
      if (target.args) checks.checkArgs(target.args, toolsOf(policy, locks, [target]));
    }
    if (rule.when && areTools(rule)) checks.check(rule.when, toolsOf(policy, locks, rule.targets ?? []));
  }
  return coverage(report, policy, locks);
}

function checkName(report: Report, policy: Policy, locks: readonly PolicyLock[], target: Target): void {
  const known = itemsFor(locks, target);
  if (!known || itemsOf(locks, target, policy).length > 0) return;
  const what = target.kind === TargetKind.Prompt ? "prompt" : "tool";
  const names = known.map(({ id }) => id);
  const near = nearest(target.name, names);
  const hint = near.length > 0 ? `did you mean ${near.map((name) => `"${name}"`).join(" or ")}?` : listed(names);
  report.error(target.place, `the lock has no ${what} "${target.name}"`, hint);
}

/** Up to three names that are near, the nearest first. */
function nearest(name: string, names: readonly string[]): string[] {
  const left = new Set(names);
  const found: string[] = [];
  for (let near = closest(name, left); near !== undefined && found.length < 3; near = closest(name, left)) {
    found.push(near);
    left.delete(near);
  }
  const part = found.length === 0 ? names.filter((known) => known.includes(name) || name.includes(known)) : [];
  return [...found, ...part.slice(0, 3)];
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "it is empty" : `it has ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}`;
}

/** Only about tools: the arguments of other calls have no schema. */
function areTools({ targets }: Rule): boolean {
  return targets !== undefined && targets.every(({ kind }) => kind === TargetKind.Tool);
}

function toolsOf(policy: Policy, locks: readonly PolicyLock[], targets: readonly Target[]): Item[] {
  const tools = targets
    .filter(({ kind }) => kind === TargetKind.Tool)
    .flatMap((target) => itemsOf(locks, target, policy));
  return [...new Set(tools)].slice(0, MAX_TOOLS);
}

/** Checks expressions; what was checked for a tool once is not checked again. */
class Expressions {
  constructor(private readonly report: Report) {}

  check(when: TextTree, tools: readonly Item[]): void {
    const found = tools.map((tool) => checkCached(when.value, tool));
    const told = new Set<string>();
    const all = found.flat().sort((a, b) => Number(a.severity !== "error") - Number(b.severity !== "error"));
    for (const problem of all) {
      const key = `${problem.offset} ${problem.length}`;
      if (told.has(key)) continue;
      told.add(key);
      this.tell(when, problem, found);
    }
  }

  /** Of `args` what no call can have: its guards are not its author's. */
  checkArgs(args: TextTree, tools: readonly Item[]): void {
    const found = tools.map((tool) => checkCached(args.value, tool).filter(({ severity }) => severity === "error"));
    const first = found.find((problems) => problems.length > 0)?.[0];
    if (!first) return;
    const everywhere = found.every((problems) => problems.some(({ offset }) => offset === first.offset));
    if (everywhere) this.report.error(args, first.message, first.hint);
    else this.report.warn(args, first.message, first.hint);
  }

  /** What is wrong for only some of the tools is a warning: the `when` may tell them apart. */
  private tell(
    when: TextTree,
    { severity, offset, length, message, hint }: ExpressionProblem,
    found: ExpressionProblem[][],
  ): void {
    const everywhere = found.every((problems) => problems.some((other) => other.offset === offset));
    const shown = severity === "error" && everywhere ? "error" : "warning";
    this.report.inside(when, shown, offset, length, message, hint);
  }
}

const cache = new WeakMap<Item, Map<string, ExpressionProblem[]>>();
const MAX_TEXTS = 256;

function checkCached(text: string, tool: Item): ExpressionProblem[] {
  const known = cache.get(tool) ?? new Map<string, ExpressionProblem[]>();
  cache.set(tool, known);
  const found = known.get(text) ?? checkArguments(text, tool);
  if (known.size >= MAX_TEXTS) known.clear();
  known.set(text, found);
  return found;
}

/** A note for each lock with tools that no rule names. */
function coverage(report: Report, policy: Policy, locks: readonly PolicyLock[]): Problem[] {
  const targets = policy.rules.flatMap((rule) => rule.targets ?? []);
  const named = new Set(targets.flatMap((target) => itemsOf(locks, target, policy)));
  return locks.flatMap(({ lock, place, file }) => {
    const missing = lock.tools.filter((tool) => !named.has(tool)).map(({ id }) => id);
    const message = `no rule names ${missing.length} of the ${lock.tools.length} tools of ${file}: ${missing.join(", ")}`;
    return missing.length > 0 ? report.problemAt("note", place, message) : [];
  });
}
