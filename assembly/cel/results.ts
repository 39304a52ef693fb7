// Results of predicates that were already evaluated for this call, so that rules with the same `when` pay for it once.
import { Outcomes } from "./cell.ts";
import { evaluate } from "./vm.ts";

// The table: a record per predicate, after one for the table itself. Each is a u64, so that no number is used twice:
//
//    0            8                  8 * (predicate + 1)
//   +------------+-----+---------------------+-----+
//   | generation | ... | generation + result | ... |   one of an earlier generation is no result
//   +------------+-----+---------------------+-----+
const RECORD: usize = 8;
/** From one generation to the next: more than the highest result. */
const GENERATION: u64 = 8;

let results: usize = 0;
let generation: u64 = 0;

/** Bytes of the table for `count` predicates. */
export function resultsSize(count: u32): u32 {
  return (count + 1) * <u32>RECORD;
}

/** Uses the table at `at` and forgets all results in it. */
export function openResults(at: usize): void {
  results = at;
  forgetResults();
}

/** Forgets all results: what predicates see has changed. */
export function forgetResults(): void {
  generation = load<u64>(results) + GENERATION;
  store<u64>(results, generation);
}

/** Outcomes of a predicate for the call that is being decided. */
// @ts-ignore: decorator
@inline
export function evaluateOnce(predicate: u32): u32 {
  const record = results + <usize>(predicate + 1) * RECORD;
  const known = load<u64>(record) - generation;
  if (known <= <u64>Outcomes.Unknown) return <u32>known;
  const result = evaluate(predicate);
  store<u64>(record, generation + <u64>result);
  return result;
}

/** What a predicate came to for this call; 0 when it was not evaluated. */
export function resultOf(predicate: u32): u32 {
  const known = load<u64>(results + <usize>(predicate + 1) * RECORD) - generation;
  return known <= <u64>Outcomes.Unknown ? <u32>known : 0;
}

/** Forgets what one predicate came to. */
export function forgetResult(predicate: u32): void {
  store<u64>(results + <usize>(predicate + 1) * RECORD, 0);
}
