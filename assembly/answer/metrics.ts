// Counters: scopegate.<outcome>.<reason>, defined when first needed (the host keeps one of a name for all workers).
import { Reason, ReasonField } from "../program.ts";
import { reasonAt, text, textLength } from "../sections.ts";
import { defineCounter, increment } from "../runtime/host.ts";

/** In place of a Reason: counts a disagreement of mirror headers that is let through. */
export const LENIENT: i32 = Reason.Count;

const UNDEFINED: u32 = 0;
const counters: usize = memory.data(4 * 64, 4); // by Reason, the number of its counter + 1

/** The (offset, length) pair of a Reason's name. */
export function reasonName(reason: i32): usize {
  return reasonAt(reason) + ReasonField.Name;
}

export function count(reason: i32): void {
  const place = counters + ((<usize>reason) << 2);
  if (load<u32>(place) == UNDEFINED) {
    const name = reasonAt(reason) + ReasonField.Counter;
    store<u32>(place, defineCounter(text(name), textLength(name)) + 1);
  }
  increment(load<u32>(place) - 1, 1);
}
