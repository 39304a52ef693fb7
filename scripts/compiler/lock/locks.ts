// The locks that a policy names.
import type { Place, Report, Tree } from "../source/document.ts";
import type { Problem } from "../source/problem.ts";
import { mapping, text } from "../source/shape.ts";
import type { Lock } from "./lock.ts";
import { readLock } from "./text.ts";

/** `lock: FILE`, or one for each backend. */
export interface LockReference {
  /** undefined: one lock for the whole policy. */
  backend?: string;
  file: string;
  place: Place;
}

/** The text of a file that a policy names, by its path beside the policy; undefined when there is none. */
export type ReadFile = (path: string) => string | undefined;

/** What a policy does about tools in a live list that are not as in the lock. */
export const DRIFT = { off: "off", count: "count", hide: "hide" } as const;
export type Drift = keyof typeof DRIFT;

/** A lock and what it is for. */
export interface PolicyLock extends LockReference {
  lock: Lock;
}

/** Reads the member `lock`. */
export function readLockMember(report: Report, tree: Tree): LockReference[] {
  if (tree.kind === "text") {
    const file = text(report, tree);
    return file === undefined ? [] : [{ file, place: tree }];
  }
  const members = mapping(report, tree, "*");
  if (members?.size === 0) report.error(tree, "an empty mapping is refused here", "name a lock for each backend");
  return [...(members?.values() ?? [])].flatMap(({ name, value }) => {
    const file = text(report, value);
    return file === undefined ? [] : [{ backend: name, file, place: value }];
  });
}

/** The locks of a policy; what is wrong inside of one is in `problems`, with its own file. */
export function openLocks(
  report: Report,
  references: readonly LockReference[],
  read: ReadFile | undefined,
): { locks: PolicyLock[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const locks = references.flatMap((reference) => {
    const { file, place } = reference;
    const yaml = read?.(file);
    if (yaml === undefined)
      return report.error(place, `the lock ${file} cannot be read`, `scopegate lock --from URL -o ${file}`) ?? [];
    const found = readCached(yaml, file);
    problems.push(...found.problems);
    if (found.lock) return { ...reference, lock: found.lock };
    return report.error(place, `the lock ${file} is wrong`) ?? [];
  });
  return { locks, problems };
}

const MAX_CACHED = 16;
const cache = new Map<string, ReturnType<typeof readLock>>();

/** A lock is large and its digests take time: an editor that compiles at each key reads it once. */
function readCached(yaml: string, file: string): ReturnType<typeof readLock> {
  const key = `${file}\n${yaml}`;
  const found = cache.get(key) ?? readLock(yaml, file);
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(key, found);
  return found;
}
