// Ambiguous keys of the message that is being read: keys that a lenient parser takes for a member that the program names
// (members.ts finds them). In the envelope one refuses the message; elsewhere its slot is marked, and a predicate that
// looks at the member finds the mark (cel/access.ts).
import { Slot } from "../program.ts";
import { markAmbiguous } from "./slots.ts";

/** Whether any was met. That is rare, so the marks of a slot's parents are rarely looked at. */
export let anyAmbiguous: bool = false;

let inEnvelope: bool = false;

/** Forgets those of the message before. */
export function clearAmbiguousKeys(): void {
  anyAmbiguous = false;
  inEnvelope = false;
}

/** Records an ambiguous key of the member that `slot` is for. */
export function noteAmbiguousKey(slot: u32): void {
  markAmbiguous(slot);
  anyAmbiguous = true;
  if (slot < <u32>Slot.Count) inEnvelope = true;
}

/** Whether one was met in the envelope. */
export function isEnvelopeAmbiguous(): bool {
  return inEnvelope;
}
