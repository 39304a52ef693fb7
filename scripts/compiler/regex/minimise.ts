// Hopcroft's partition refinement: the smallest equivalent table.

/** An automaton before it is minimised: its table row after row, `width` entries per state. */
export interface Rows {
  start: number;
  width: number;
  table: number[];
}

/** Merges states that no text distinguishes. State 0 stays 0, state 1 stays 1, the others are numbered from the start. */
export function minimise({ start, width, table }: Rows): { start: number; width: number; table: Uint16Array } {
  const blocks = new Partition(table.length / width);
  const sources = invert(table, width);
  const pending = blocks.split([1]).flatMap((pair) => pair);
  const waiting = new Set(pending);
  while (waiting.size > 0) {
    const [splitter] = waiting as Iterable<number>;
    waiting.delete(splitter!);
    const members = blocks.members(splitter!);
    for (let letter = 0; letter < width; letter++) {
      const into: number[] = [];
      for (const state of members) into.push(...sources(letter, state));
      for (const [small, large] of blocks.split(into)) {
        if (waiting.has(large)) waiting.add(small);
        else waiting.add(blocks.size(small) <= blocks.size(large) ? small : large);
      }
    }
  }
  return renumber(blocks, start, width, table);
}

/** For each letter and state, the states that lead to it. */
function invert(table: number[], width: number): (letter: number, state: number) => Uint16Array {
  const states = table.length / width;
  const heads = new Uint32Array(table.length + 1);
  const slot = (letter: number, state: number): number => letter * states + state;
  table.forEach((to, i) => heads[slot(i % width, to) + 1]!++);
  for (let i = 1; i < heads.length; i++) heads[i]! += heads[i - 1]!;
  const fill = heads.slice();
  const froms = new Uint16Array(table.length);
  table.forEach((to, i) => (froms[fill[slot(i % width, to)]!++] = Math.floor(i / width)));
  return (letter, state) => froms.subarray(heads[slot(letter, state)]!, heads[slot(letter, state) + 1]!);
}

/** Blocks of states, kept as runs of one permutation. */
class Partition {
  private readonly order: Uint16Array;
  private readonly place: Uint16Array;
  readonly blockOf: Uint16Array;
  private readonly first: number[] = [0];
  private readonly end: number[];

  constructor(states: number) {
    this.order = Uint16Array.from({ length: states }, (_, i) => i);
    this.place = this.order.slice();
    this.blockOf = new Uint16Array(states);
    this.end = [states];
  }

  size(block: number): number {
    return this.end[block]! - this.first[block]!;
  }

  members(block: number): Uint16Array {
    return this.order.slice(this.first[block], this.end[block]);
  }

  /** Splits every block that has some, but not all, of `states`; returns pairs (new block, rest under the old number). */
  split(states: Iterable<number>): [number, number][] {
    const marked = new Map<number, number>();
    for (const state of states) {
      const block = this.blockOf[state]!;
      const at = this.first[block]! + (marked.get(block) ?? 0);
      if (this.place[state]! < at) continue; // already marked
      this.swap(this.place[state]!, at);
      marked.set(block, at - this.first[block]! + 1);
    }
    const pairs: [number, number][] = [];
    for (const [block, count] of marked) {
      if (count === this.size(block)) continue;
      const fresh = this.first.push(this.first[block]!) - 1;
      this.end.push(this.first[block]! + count);
      this.first[block] = this.end[fresh]!;
      for (let i = this.first[fresh]!; i < this.end[fresh]!; i++) this.blockOf[this.order[i]!] = fresh;
      pairs.push([fresh, block]);
    }
    return pairs;
  }

  private swap(a: number, b: number): void {
    const [x, y] = [this.order[a]!, this.order[b]!];
    this.order[a] = y;
    this.order[b] = x;
    this.place[x] = b;
    this.place[y] = a;
  }
}

function renumber(
  blocks: Partition,
  start: number,
  width: number,
  table: number[],
): { start: number; width: number; table: Uint16Array } {
  const numbers = new Map<number, number>();
  const states: number[] = [];
  const number = (state: number): number => {
    const block = blocks.blockOf[state]!;
    if (!numbers.has(block)) numbers.set(block, states.push(state) - 1);
    return numbers.get(block)!;
  };
  number(0);
  number(1);
  const first = number(start);
  const rows: number[] = [];
  for (let i = 0; i < states.length; i++) {
    for (let letter = 0; letter < width; letter++) rows.push(number(table[states[i]! * width + letter]!));
  }
  return { start: first, width, table: Uint16Array.from(rows) };
}
