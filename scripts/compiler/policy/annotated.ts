// Groups by annotations: the tools of the locks that have them, decided when the policy is compiled. The lock is where a
// person has read what the server says of its tools; a live server's word changes nothing.
import { BackendFrom } from "../../../assembly/program.ts";
import { annotation, HINTS, type Hint, type Item } from "../lock/lock.ts";
import type { PolicyLock } from "../lock/locks.ts";
import type { Report } from "../source/document.ts";
import type { Policy, Target } from "./policy.ts";

/** Puts the tools of the locks in place of annotations, in all rules. */
export function resolveAnnotations(report: Report, policy: Policy, locks: readonly PolicyLock[]): void {
  const found = new Map<Target, Target[]>();
  const resolve = (target: Target): Target[] => {
    if (!target.annotations) return [target];
    const known = found.get(target) ?? toolsWith(target, policy, locks);
    if (known.length === 0 && !found.has(target) && locks.length > 0)
      report.warn(target.place, "no tool of the lock has these annotations");
    found.set(target, known);
    return known;
  };
  for (const rule of policy.rules) if (rule.targets) rule.targets = rule.targets.flatMap(resolve);
  for (const group of policy.groups.values()) group.targets = group.targets.flatMap(resolve);
}

function toolsWith(target: Target, policy: Policy, locks: readonly PolicyLock[]): Target[] {
  return locks.flatMap(({ lock, backend }) =>
    lock.tools.filter((tool) => has(tool, target.annotations!)).map((tool) => targetOf(tool, backend, target, policy)),
  );
}

function has(tool: Item, wanted: ReadonlyMap<Hint, boolean>): boolean {
  return [...wanted].every(([hint, value]) => (annotation(tool, hint) ?? HINTS[hint]) === value);
}

/** A lock that was made through a gateway has the backend in front of the names. */
function targetOf({ id }: Item, backend: string | undefined, { kind, place }: Target, policy: Policy): Target {
  const { from, text } = policy.backend;
  const at = backend === undefined && from === BackendFrom.ToolPrefix ? id.indexOf(text) : -1;
  if (at > 0) return { kind, place, backend: id.slice(0, at), name: id.slice(at + text.length) };
  return { kind, place, name: id, ...(backend !== undefined && { backend }) };
}
