// Answers of predicates already evaluated for this call: rules that share a `when` pay for it once.
import { evaluate } from "./vm.ts";
import { program } from "./sections.ts";

export enum Answer {
  False = 0,
  True = 1,
  Error = 2,
}

// Per predicate: generation u32, answer u32; one leading record holds the generation.
let memo: usize = 0;
let generation: u32 = 0;

export function memoSize(count: u32): u32 {
  return (count + 1) << 3;
}

/** Uses a memo and forgets all answers in it. */
export function openMemo(at: usize): void {
  memo = at;
  forgetAnswers();
}

export function forgetAnswers(): void {
  generation = load<u32>(memo) + 1;
  store<u32>(memo, generation);
}

/** The Answer of a predicate for the call being decided. */
// @ts-ignore: decorator
@inline
export function answer(predicate: u32): i32 {
  const record = memo + ((<usize>(predicate + 1)) << 3);
  if (load<u32>(record) == generation) return load<u32>(record, 4);
  const fresh = evaluate(program, predicate);
  store<u32>(record, generation);
  store<u32>(record, fresh, 4);
  return fresh;
}
