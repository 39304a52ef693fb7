// How many steps a predicate can take: its instructions, those inside a loop once per element.
import { DEFAULT_STEP_BUDGET } from "../../../assembly/program.ts";

/** `counts[d]` instructions are nested in d loops, so lists of n elements take the sum of counts[d] * n^d steps. */
export interface Cost {
  counts: number[];
}

/** Steps if every list has `elements` elements. */
function worstSteps({ counts }: Cost, elements: number): number {
  return counts.reduce((sum, count, depth) => sum + (count ?? 0) * elements ** depth, 0);
}

/** The most steps per KiB of arguments: no list in it has more than 512 elements, and each instruction may read it all. */
export function stepsPerKiB(cost: Cost): number {
  const instructions = cost.counts.reduce((sum, count) => sum + (count ?? 0), 0);
  return worstSteps(cost, 512) + instructions * 128;
}

/** How long the lists may be before the step budget of a request runs out; Infinity without loops. */
export function longestLists(cost: Cost, budget = DEFAULT_STEP_BUDGET): number {
  if (cost.counts.length < 2) return Infinity;
  let [low, high] = [0, budget];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (worstSteps(cost, middle) <= budget) low = middle;
    else high = middle - 1;
  }
  return low;
}
