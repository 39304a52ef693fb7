// How many steps a predicate can take: its instructions, those inside a loop once per element. And how long steps take.
import { BASE_STEPS, STEPS_PER_BYTE } from "../../../assembly/program.ts";

/** `counts[d]` instructions are nested in d loops, so lists of n elements take the sum of counts[d] * n^d steps. */
export interface Cost {
  counts: number[];
}

/** The most that a step takes, of all that `npm run bench -- --worst` does. */
const NANOSECONDS = 12;

/** The steps of a request of `bytes` bytes, with `limits.steps` as it is set (0: auto). */
export function stepsOf(limit: number, bytes: number): number {
  return limit || BASE_STEPS + bytes * STEPS_PER_BYTE;
}

/** How long so many steps hold a worker at most, in milliseconds. */
export function millisecondsOf(steps: number): number {
  return (steps * NANOSECONDS) / 1e6;
}

/** Steps if every list has `elements` elements. */
function worstSteps({ counts }: Cost, elements: number): number {
  return counts.reduce((sum, count, depth) => sum + (count ?? 0) * elements ** depth, 0);
}

/** The most steps per KiB of arguments: no list in it has more than 512 elements, and each instruction may read it all. */
export function stepsPerKiB(cost: Cost): number {
  const instructions = cost.counts.reduce((sum, count) => sum + (count ?? 0), 0);
  return worstSteps(cost, 512) + instructions * 512;
}

/** How long the lists may be before the steps of a request run out, at two bytes an element; Infinity without loops. */
export function longestLists(cost: Cost): number {
  if (cost.counts.length < 2) return Infinity;
  let [low, high] = [0, 1 << 24];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (worstSteps(cost, middle) <= stepsOf(0, middle * 2)) low = middle;
    else high = middle - 1;
  }
  return low;
}
