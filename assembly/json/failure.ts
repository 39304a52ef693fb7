// Why the JSON reader stopped: one Reason for the walker, the strings, the numbers and the keys.

export const READ_OK: i32 = -1;

let failure: i32 = READ_OK;

/** Forgets the failure of the text before. */
export function clearFailure(): void {
  failure = READ_OK;
}

/** Why the last read failed: a Reason, or READ_OK. */
export function readFailure(): i32 {
  return failure;
}

/** Records the Reason and returns 0, which every reader takes for "refused". */
export function fail(reason: i32): usize {
  failure = reason;
  return 0;
}
