// Partitions the code points into classes that a machine does not distinguish.
import type { Step } from "./machine.ts";

const LAST_CODE_POINT = 0x10ffff;
const NEWLINE = Int32Array.of(0x0a, 0x0a);
const WORD = Int32Array.of(0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a); // \b is ASCII in RE2

export interface Alphabet {
  /** The first code point of each segment and its class; ascending, from 0. */
  segments: { first: number; class: number }[];
  classes: number;
  /** has[set][class]: 1 if the class lies inside the set; sets are numbered by `setOf`. */
  has: Uint8Array[];
  setOf: Map<Int32Array, number>;
  newline: Uint8Array;
  word: Uint8Array;
}

/** The alphabet of all rune sets in `steps`, split further where `\b` or `(?m)` look at a neighbour. */
export function alphabetOf(steps: Step[], lines: boolean, words: boolean): Alphabet {
  const sets: Int32Array[] = [];
  const setOf = new Map<Int32Array, number>();
  const byText = new Map<string, number>();
  const add = (ranges: Int32Array): void => {
    if (setOf.has(ranges)) return;
    const text = ranges.join();
    if (!byText.has(text)) byText.set(text, sets.push(ranges) - 1);
    setOf.set(ranges, byText.get(text)!);
  };
  for (const step of steps) if (step.kind === "runes") add(step.ranges);
  if (lines) add(NEWLINE);
  if (words) add(WORD);
  const { segments, members } = cut(sets);
  const has = sets.map((_, set) => Uint8Array.from(members, (inside) => Number(inside.has(set))));
  const none = new Uint8Array(members.length);
  const flags = (ranges: Int32Array): Uint8Array => (setOf.has(ranges) ? has[setOf.get(ranges)!]! : none);
  return { segments, classes: members.length, has, setOf, newline: flags(NEWLINE), word: flags(WORD) };
}

/** Sweeps over the bounds of all ranges; segments inside the same sets share a class. */
function cut(sets: Int32Array[]): { segments: Alphabet["segments"]; members: Set<number>[] } {
  const edges = new Map<number, number[]>([[0, []]]);
  const edge = (point: number, set: number): void => {
    if (point > LAST_CODE_POINT) return;
    const there = edges.get(point);
    if (there) there.push(set);
    else edges.set(point, [set]);
  };
  sets.forEach((ranges, set) => {
    for (let i = 0; i < ranges.length; i += 2) {
      edge(ranges[i]!, set);
      edge(ranges[i + 1]! + 1, set);
    }
  });
  const inside = new Set<number>();
  const classOf = new Map<string, number>();
  const members: Set<number>[] = [];
  const segments: Alphabet["segments"] = [];
  for (const first of [...edges.keys()].sort((a, b) => a - b)) {
    for (const set of edges.get(first)!) if (!inside.delete(set)) inside.add(set);
    const key = [...inside].sort((a, b) => a - b).join();
    if (!classOf.has(key)) classOf.set(key, members.push(new Set(inside)) - 1);
    segments.push({ first, class: classOf.get(key)! });
  }
  return { segments, members };
}
