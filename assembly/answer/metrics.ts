// Counters: scopegate.<outcome>.<reason>, defined when first needed (the host keeps one of a name for all workers).
import { Reason, ReasonField } from "../program.ts";
import { reasonAt, text, textLength } from "../sections.ts";
import { defineCounter, increment } from "../runtime/host.ts";

/** What counts a disagreement of mirror headers that is let pass. */
export const LENIENT: i32 = Reason.Count;

const UNDEFINED: u32 = 0;
const counters: usize = memory.data(4 * 64, 4); // counter number + 1 by reason

/** The (offset, length) pair of a reason's name. */
export function reasonName(reason: i32): usize {
  return reasonAt(reason) + ReasonField.Name;
}

export function count(reason: i32): void {
  const place = counters + ((<usize>reason) << 2);
  if (load<u32>(place) == UNDEFINED) {
    const name = reasonAt(reason) + ReasonField.Counter;
    store<u32>(place, defineCounter(text(name), textLength(name)) + 1);
  }
  increment(load<u32>(place) - 1);
}
