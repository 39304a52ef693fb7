// What changed between two locks, item by item: `scopegate lock --check`.
import canonicalize from "canonicalize";
import { KIND_NAMES, KINDS, type Item, type Kind, type Lock } from "./lock.ts";

export interface Change {
  kind: Kind;
  id: string;
  change: "added" | "gone" | "changed";
  /** Members of a changed item that differ: `description`, `inputSchema`, `annotations` … */
  members?: string[];
}

/** The changes from `before` to `after`, by kind and name. */
export function compareLocks(before: Lock, after: Lock): Change[] {
  return KIND_NAMES.flatMap((kind) => compareItems(kind, before[kind], after[kind]));
}

function compareItems(kind: Kind, before: readonly Item[], after: readonly Item[]): Change[] {
  const old = new Map(before.map((item) => [item.id, item]));
  const now = new Map(after.map((item) => [item.id, item]));
  const ids = [...new Set([...old.keys(), ...now.keys()])].sort();
  return ids.flatMap((id): Change[] => {
    const [a, b] = [old.get(id), now.get(id)];
    if (!a) return [{ kind, id, change: "added" }];
    if (!b) return [{ kind, id, change: "gone" }];
    return a.digest === b.digest ? [] : [{ kind, id, change: "changed", members: differingMembers(a, b) }];
  });
}

function differingMembers(a: Item, b: Item): string[] {
  const names = [...new Set([...Object.keys(a.content), ...Object.keys(b.content)])].sort();
  return names.filter((name) => canonicalize(a.content[name]) !== canonicalize(b.content[name]));
}

/** A change as a line for a person: `tool delete_file: changed (annotations, description)`. */
export function describeChange({ kind, id, change, members }: Change): string {
  return `${KINDS[kind].one} ${id}: ${change}${members ? ` (${members.join(", ")})` : ""}`;
}
