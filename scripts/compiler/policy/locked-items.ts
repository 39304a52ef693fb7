// The items of locks that a target is about.
import { BackendFrom, Kind as TargetKind } from "../../../assembly/program.ts";
import type { Item, Kind } from "../lock/lock.ts";
import type { PolicyLock } from "../lock/locks.ts";
import type { Policy, Target } from "./policy.ts";

const KIND_OF: Partial<Record<TargetKind, Kind>> = {
  [TargetKind.Tool]: "tools",
  [TargetKind.Prompt]: "prompts",
};

/** The lists of items in which a target's name is looked up; undefined when no lock speaks about it. */
export function itemsFor(locks: readonly PolicyLock[], target: Target): Item[] | undefined {
  const kind = KIND_OF[target.kind];
  const meant = locks.filter(({ backend }) => backend === undefined || speaksOf(backend, target));
  return kind && meant.length > 0 ? meant.flatMap(({ lock }) => lock[kind]) : undefined;
}

/** A target without a backend is about every backend. */
function speaksOf(backend: string, target: Target): boolean {
  return target.backend === undefined || target.backend === backend;
}

/**
 * The items that a target is about. A lock of one server has its names as they are; one that was made through a gateway
 * has them with the prefix that the policy takes the backend from.
 */
export function itemsOf(locks: readonly PolicyLock[], target: Target, { backend }: Policy): Item[] {
  const separator = backend.from === BackendFrom.ToolPrefix ? backend.text : undefined;
  return (itemsFor(locks, target) ?? []).filter(({ id }) => {
    if (id === target.name) return true;
    if (separator === undefined || target.kind !== TargetKind.Tool) return false;
    if (target.backend !== undefined) return id === target.backend + separator + target.name;
    return (
      id.endsWith(separator + target.name) &&
      id.indexOf(separator) === id.length - separator.length - target.name.length
    );
  });
}
