// Counters: scopegate.<outcome>.<reason>, defined when first needed (the host keeps one of a name for all workers).
import { Reason, ReasonField } from "./program.ts";
import { reasonAt } from "./sections.ts";
import { begin, finish, put, putText, written } from "./writer.ts";
import { defineCounter, increment } from "./host.ts";

export enum Result {
  Allowed = 0,
  Denied = 1,
  Rejected = 2,
  Unauthenticated = 3,
  Answered = 4,
  Lenient = 5,
}

const UNDEFINED: u32 = 0;
const counters: usize = memory.data(4 * 64 * 6, 4); // counter number + 1 by result and reason

function putResult(result: i32): void {
  if (result == Result.Allowed) put("allowed");
  else if (result == Result.Denied) put("denied");
  else if (result == Result.Rejected) put("rejected");
  else if (result == Result.Unauthenticated) put("unauthenticated");
  else if (result == Result.Answered) put("answered");
  else put("lenient");
}

/** The (offset, length) pair of a reason's name. */
export function reasonName(reason: i32): usize {
  return reasonAt(reason) + ReasonField.Name;
}

export function count(result: i32, reason: i32): void {
  if (<u32>reason >= <u32>Reason.Count) return;
  const place = counters + ((<usize>(result * 64 + reason)) << 2);
  if (load<u32>(place) == UNDEFINED) {
    begin(96);
    put("scopegate.");
    putResult(result);
    put(".");
    putText(reasonName(reason));
    const name = finish();
    if (name) store<u32>(place, defineCounter(name, written()) + 1);
  }
  if (load<u32>(place) != UNDEFINED) increment(load<u32>(place) - 1);
}
