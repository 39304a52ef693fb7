// What predicates may use up: steps, counted down over all predicates of a request, and scratch memory for the lists
// and strings that one predicate makes. Running out of either makes the predicate an error.
import { BASE_STEPS, SCRATCH_SIZE, STEPS_PER_BYTE } from "../program.ts";
import { reserve, rewindRegion } from "./memory.ts";

let steps: i64 = 0;
let grows: bool = false; // with the bytes that are judged
let scratchStart: usize = 0;
let scratchNext: usize = 0;

/**
 * Gives a request its steps: `budget`, or with 0 as many as go with its `size` in bytes. Forgets the scratch block, which is
 * in the region of a callback.
 */
export function openBudget(budget: u32, size: u32): void {
  grows = !budget;
  steps = grows ? <i64>BASE_STEPS : <i64>budget;
  scratchStart = 0;
  addBytes(size);
}

/** Bytes came that are judged with the same budget. */
export function addBytes(size: u32): void {
  if (grows) steps += <i64>size * STEPS_PER_BYTE;
}

/** Gives back everything that was reserved since the region ended at `end`, which may include the scratch block. */
export function rewind(end: usize): void {
  rewindRegion(end);
  scratchStart = 0;
}

/** Uses up steps; false once none are left. */
export function charge(count: u32): bool {
  return spend(count);
}

/** `charge` for code that runs for every instruction, where the call would cost more than the step. */
// @ts-ignore: decorator
@inline
export function spend(count: u32): bool {
  steps -= <i64>count;
  return steps >= 0;
}

/** Leaves so many steps. */
export function setSteps(count: u32): void {
  steps = <i64>count;
}

/** Whether the steps have run out. */
export function isExhausted(): bool {
  return steps < 0;
}

/** Steps that are left; 0 when they have run out. */
export function stepsLeft(): u32 {
  return <u32>max<i64>(steps, 0);
}

/** Empties the scratch block for the next predicate. */
export function openScratch(): void {
  scratchNext = scratchStart;
}

/** `size` bytes of scratch memory, 8-byte aligned; 0 when there is not enough left. */
export function scratch(size: u32): usize {
  if (!scratchStart) {
    scratchStart = reserve(SCRATCH_SIZE);
    scratchNext = scratchStart;
    if (!scratchStart) return 0;
  }
  const start = scratchNext;
  if (<usize>size > scratchStart + SCRATCH_SIZE - start) return 0;
  scratchNext = start + <usize>((size + 7) & ~7);
  return start;
}

/** Where the next scratch bytes will be, for `trimScratch`. */
export function scratchMark(): usize {
  return scratchNext;
}

/** Gives back all scratch bytes from `mark` on; a mark of 0 dates from before there was a block. */
export function trimScratch(mark: usize): void {
  scratchNext = mark ? (mark + 7) & ~(<usize>7) : scratchStart;
}
