// Long constant lists and maps in ascending order, so that the filter finds what is in them without reading them all.
import { Tag } from "../../../assembly/program.ts";
import type { Constant } from "../cel/code.ts";

/** A shorter list is read as fast as it is searched. */
const SHORT = 8;

const encoder = new TextEncoder();

/** Whether these are more than a few, and all of one type that has an order. */
export function isSortable(items: readonly Constant[]): boolean {
  if (items.length <= SHORT) return false;
  return items.every(({ tag }) => tag === Tag.String) || items.every(({ tag }) => tag === Tag.Double);
}

export function sorted(items: readonly Constant[]): Constant[] {
  return inOrder(items, (item) => item);
}

/** Entries by their keys, which are strings. */
export function sortedEntries(entries: readonly [Constant, Constant][]): [Constant, Constant][] {
  return inOrder(entries, ([key]) => key);
}

function inOrder<T>(items: readonly T[], keyOf: (item: T) => Constant): T[] {
  const keyed = items.map((item): [T, number | Uint8Array] => [item, sortKey(keyOf(item))]);
  return keyed.sort(([, a], [, b]) => compare(a, b)).map(([item]) => item);
}

/** The filter orders strings by their code points, which is the order of their UTF-8. */
function sortKey(value: Constant): number | Uint8Array {
  if (value.tag === Tag.Double) return value.value;
  return encoder.encode(value.tag === Tag.String ? value.value : "");
}

function compare(a: number | Uint8Array, b: number | Uint8Array): number {
  if (typeof a === "number" || typeof b === "number") return Number(a) - Number(b);
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
