// Answers of predicates already evaluated for this call: rules that share a `when` pay for it once.
import { evaluate } from "./vm.ts";
import { program } from "../sections.ts";

export enum Answer {
  False = 0,
  True = 1,
  Error = 2,
}

// Per predicate: generation + answer u64; one leading record holds the generation, which never comes round.
let memo: usize = 0;
let generation: u64 = 0;

export function memoSize(count: u32): u32 {
  return (count + 1) << 3;
}

/** Uses a memo and forgets all answers in it. */
export function openMemo(at: usize): void {
  memo = at;
  forgetAnswers();
}

export function forgetAnswers(): void {
  generation = load<u64>(memo) + 4;
  store<u64>(memo, generation);
}

/** The Answer of a predicate for the call being decided. */
// @ts-ignore: decorator
@inline
export function answer(predicate: u32): i32 {
  const record = memo + ((<usize>(predicate + 1)) << 3);
  const known = load<u64>(record) - generation;
  if (known <= <u64>Answer.Error) return <i32>known;
  const fresh = evaluate(program, predicate);
  store<u64>(record, generation + <u64>fresh);
  return fresh;
}
