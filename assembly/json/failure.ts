// Why the JSON reader stopped: one Reason for the walker, the strings, the numbers and the keys.

import { NO_REASON } from "../program.ts";

let failure: i32 = NO_REASON;

/** Forgets the failure of the text before. */
export function clearFailure(): void {
  failure = NO_REASON;
}

/** Why the last read failed: a Reason, or NO_REASON. */
export function readFailure(): i32 {
  return failure;
}

/** Records the Reason and returns 0, which every reader takes for "refused". */
export function fail(reason: i32): usize {
  failure = reason;
  return 0;
}
