// Lets the filter skip parts of a text without a step for each character: states that nearly every character leads back
// to, and the characters that every match begins with.
import { MAX_PREFIX } from "../../../assembly/program.ts";

const REJECT = 0;
const ACCEPT = 1;
const BACKSLASH = 0x5c;
/** A state that fewer ASCII characters lead back to is left too soon for its loop to pay off. */
const LEAST_STAYING = 16;

/** Rows of `classes + 1` entries per state, the last for the end of the text. */
export interface Table {
  start: number;
  classes: number;
  ascii: Uint8Array;
  ranges: { first: number; class: number }[];
  table: Uint16Array;
}

/** Bit h of leaves[l] is set when the character 0xhl leads elsewhere; `wide`: some character above ASCII does. */
export interface Loop {
  leaves: Uint8Array;
  wide: boolean;
}

export interface Shortcuts {
  /** Those of the states 2, 3, 4 … */
  loops: Loop[];
  /** ASCII characters that every accepted text begins with; at most MAX_PREFIX. */
  prefix: number[];
  /** The state after them. */
  afterPrefix: number;
}

/** Finds the shortcuts, and renumbers the states so that those with a loop follow the two final ones. */
export function addShortcuts<T extends Table>(automaton: T): T & Shortcuts {
  const states = automaton.table.length / (automaton.classes + 1);
  const found = Array.from({ length: states }, (_, state) => (state > ACCEPT ? loopOf(automaton, state) : undefined));
  const rank = (state: number): number => (state <= ACCEPT ? 0 : found[state] ? 1 : 2);
  const order = found.map((_, state) => state).sort((a, b) => rank(a) - rank(b) || a - b);
  const renumbered = renumber(automaton, order);
  return { ...renumbered, ...prefixOf(renumbered), loops: order.flatMap((state) => found[state] ?? []) };
}

function loopOf({ ascii, ranges, classes, table }: Table, state: number): Loop | undefined {
  const stays = (cls: number): boolean => table[state * (classes + 1) + cls] === state;
  const leaves = new Uint8Array(16);
  let staying = 0;
  ascii.forEach((cls, point) => {
    // A backslash may begin an escape, which must be decoded.
    if (stays(cls) && point !== BACKSLASH) staying++;
    else leaves[point & 15]! |= 1 << (point >> 4);
  });
  return staying < LEAST_STAYING ? undefined : { leaves, wide: !ranges.every((range) => stays(range.class)) };
}

/** `order` lists the states by their new numbers. */
function renumber<T extends Table>(automaton: T, order: number[]): T {
  const width = automaton.classes + 1;
  const numbers = new Uint16Array(order.length);
  order.forEach((state, number) => (numbers[state] = number));
  const table = automaton.table.map((_, i) => {
    const state = order[Math.floor(i / width)]!;
    return numbers[automaton.table[state * width + (i % width)]!]!;
  });
  return { ...automaton, table, start: numbers[automaton.start]! };
}

function prefixOf(automaton: Table): { prefix: number[]; afterPrefix: number } {
  const prefix: number[] = [];
  let state = automaton.start;
  while (state > ACCEPT && prefix.length < MAX_PREFIX) {
    const only = onlyWay(automaton, state);
    if (only === undefined) break;
    prefix.push(only);
    state = automaton.table[state * (automaton.classes + 1) + automaton.ascii[only]!]!;
  }
  return { prefix, afterPrefix: state };
}

/** The one ASCII character that does not lead from a state to rejection. */
function onlyWay({ ascii, ranges, classes, table }: Table, state: number): number | undefined {
  const goesOn = (cls: number): boolean => table[state * (classes + 1) + cls] !== REJECT;
  if (goesOn(classes) || ranges.some((range) => goesOn(range.class))) return undefined;
  const ways = [...ascii.keys()].filter((point) => goesOn(ascii[point]!));
  return ways.length === 1 ? ways[0] : undefined;
}
