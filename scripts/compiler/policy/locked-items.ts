// The items of locks that a target is about.
import { BackendFrom, Kind as TargetKind } from "../../../assembly/program.ts";
import type { Item, Kind } from "../lock/lock.ts";
import type { PolicyLock } from "../lock/locks.ts";
import type { Policy, Target } from "./policy.ts";
import { fits, type Stars } from "./stars.ts";

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
  return target.backend === undefined || isNamed(target.backend, target.backendStars, backend);
}

/**
 * The items that a target is about. A lock of one server has its names as they are; one that was made through a gateway
 * has them with the prefix that the policy takes the backend from.
 */
export function itemsOf(locks: readonly PolicyLock[], target: Target, { backend }: Policy): Item[] {
  const separator = backend.from === BackendFrom.ToolPrefix ? backend.text : undefined;
  return (itemsFor(locks, target) ?? []).filter(({ id }) => {
    if (isNamed(target.name, target.stars, id)) return true;
    const at = separator === undefined || target.kind !== TargetKind.Tool ? -1 : id.indexOf(separator);
    if (at < 0) return false;
    const speaks = target.backend === undefined || isNamed(target.backend, target.backendStars, id.slice(0, at));
    return speaks && isNamed(target.name, target.stars, id.slice(at + separator!.length));
  });
}

function isNamed(name: string, stars: Stars | undefined, text: string): boolean {
  return stars ? fits(stars, text) : name === text;
}
