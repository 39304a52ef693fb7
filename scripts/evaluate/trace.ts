// The filter's trace of the rules it tried (assembly/decide/trace.ts): records of rule u32, outcome u32.
import type { Guest } from "../simulate/guest.ts";
import { OUTCOMES, type Step } from "./result.ts";

const START = "scopegate_trace";
const COUNT = "scopegate_trace_count";
const addresses = new WeakMap<Guest, number>();

/** Makes the filter trace the following requests, and clears the trace. */
export function startTrace(guest: Guest): void {
  addresses.set(guest, guest.call(START, 1));
}

/** The steps since the trace was started. */
export function readTrace(guest: Guest, nameOf: (index: number) => string): Step[] {
  const { buffer } = guest.read(addresses.get(guest) ?? 0, guest.call(COUNT) * 8);
  const words = new DataView(buffer);
  return Array.from({ length: buffer.byteLength / 8 }, (_, i) => ({
    rule: nameOf(words.getUint32(8 * i, true)),
    outcome: OUTCOMES[words.getUint32(8 * i + 4, true)]!,
  }));
}
