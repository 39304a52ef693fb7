// `scopes.<name>.implies` → which scopes each scope grants.
import type { Place, Report } from "../source/document.ts";
import type { Policy } from "./policy.ts";
import { suggest } from "../source/spelling.ts";

/** Scope → itself and everything it implies, in order of discovery; for every scope that the policy names. */
export type Closures = Map<string, string[]>;

const MAX_CHAIN = 256; // scopes that imply one another in a chain
const MAX_HINTS = 16; // each searches all scopes
const MAX_IMPLIED = 1_000_000; // entries of all closures together

/** Closes the hierarchy; unknown names and cycles are reported. */
export function closeScopes(report: Report, policy: Policy): Closures {
  const inRules = policy.rules.flatMap((rule) => rule.scopes);
  const known = new Set([...policy.scopes.keys(), ...inRules]);
  let hints = MAX_HINTS;
  for (const { implies } of policy.scopes.values()) {
    for (const item of implies) {
      if (known.has(item.value)) continue;
      report.error(
        item,
        `the scope "${item.value}" is neither declared under scopes nor used in a rule`,
        hints-- > 0 ? suggest(item.value, [...known]) : undefined,
      );
    }
  }
  reportCycles(report, policy);
  const closures: Closures = new Map();
  let left = MAX_IMPLIED;
  for (const name of known) {
    closures.set(name, left > 0 ? closure(policy, name) : [name]);
    left -= closures.get(name)!.length;
  }
  if (left < 0) report.error({ path: "scopes" }, `the scope hierarchy expands to more than ${MAX_IMPLIED} entries`);
  return closures;
}

function closure(policy: Policy, name: string): string[] {
  const held = new Set([name]);
  for (const scope of held) {
    for (const item of policy.scopes.get(scope)?.implies ?? []) held.add(item.value);
  }
  return [...held];
}

/** Depth first; every edge back into the open path closes a cycle and is reported once. */
function reportCycles(report: Report, policy: Policy): void {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string, from: Place): void => {
    const open = path.indexOf(name);
    if (open >= 0) {
      const cycle = [...path.slice(open), name].join(" -> ");
      return void report.error(from, `these scopes imply each other: ${cycle}`, "a scope may only imply narrower ones");
    }
    if (done.has(name)) return;
    if (path.length >= MAX_CHAIN)
      return void report.error(from, `more than ${MAX_CHAIN} scopes imply one another in a chain`);
    path.push(name);
    for (const item of policy.scopes.get(name)?.implies ?? []) visit(item.value, item);
    path.pop();
    done.add(name);
  };
  for (const [name, { place }] of policy.scopes) visit(name, place);
}
