// Slots: where in the body and in the claims the members lie that the policy (or the envelope) names.
// One slot per node of the program's member tree. The reader of the body and the reader of the claims fill them,
// the decision and the predicates read them. A generation number empties those of the policy for free;
// the few of the envelope are cleared, so that reading them is one load.
//
// A slot:  0: generation   4: marks   8: first byte of the value   12: behind the value
import { NONE, NODE_SIZE, NodeField, Section, Slot } from "../program.ts";
import { section, sectionCount } from "../sections.ts";

export const SLOT_SIZE = 16;
export const MARK_ESCAPED: u32 = 1; // a string with escapes
export const MARK_TWIN: u32 = 2; //    a key that differs from this one only by case was seen beside it

let table: usize = 0;
let generation: u32 = 0;

/** Whether any slot has a twin; seldom, so the way up to the parents is seldom gone. */
export let anyTwin: bool = false;

/** How often slots were emptied: tells whether what was read of them still holds. */
export let openings: u32 = 0;

/** Uses the slots of a configuration and empties them. */
export function openSlots(slots: usize): void {
  table = slots;
  anyTwin = false;
  openings++;
  generation = max(load<u32>(slots) + 1, 1);
  store<u32>(slots, generation);
  // Begun anew: what was filled four billion messages ago must not count.
  const count = generation == 1 ? sectionCount(Section.Nodes) : <u32>Slot.Count;
  memory.fill(slots + SLOT_SIZE, 0, <usize>count * SLOT_SIZE);
}

/** Bytes that the slots of `count` nodes take: one leading record holds the generation. */
export function slotsSize(count: u32): u32 {
  return (count + 1) * SLOT_SIZE;
}

// @ts-ignore: decorator
@inline
function at(slot: u32): usize {
  return table + <usize>(slot + 1) * SLOT_SIZE;
}

export function fillSlot(slot: u32, start: usize, end: usize, mark: u32): void {
  const record = at(slot);
  const marks = load<u32>(record) == generation ? load<u32>(record, 4) : 0;
  store<u32>(record, generation);
  store<u32>(record, marks | mark, 4);
  store<u32>(record, <u32>start, 8);
  store<u32>(record, <u32>end, 12);
}

/** Closes a slot whose value has been read to its end. */
export function endSlot(slot: u32, end: usize, mark: u32): void {
  const record = at(slot);
  store<u32>(record, load<u32>(record, 4) | mark, 4);
  store<u32>(record, <u32>end, 12);
}

/** Notes a twin; the slot may be empty. */
export function markTwin(slot: u32): void {
  const record = at(slot);
  anyTwin = true;
  if (load<u32>(record) == generation) store<u32>(record, load<u32>(record, 4) | MARK_TWIN, 4);
  else {
    store<u32>(record, generation);
    store<u32>(record, MARK_TWIN, 4);
    store<u64>(record, 0, 8);
  }
}

/** The record of a slot of the envelope, drawn above; all zero when the member is absent. */
// @ts-ignore: decorator
@inline
export function envelopeSlot(slot: u32): usize {
  return at(slot);
}

/** First byte of the value's text in a slot of the envelope; 0 when the member is absent. */
// @ts-ignore: decorator
@inline
export function envelopeStart(slot: u32): usize {
  return <usize>load<u32>(at(slot), 8);
}

/** The record of a slot whose member is there, drawn above; 0 when it is absent. */
export function filledSlot(slot: u32): usize {
  const record = at(slot);
  return load<u32>(record) == generation && load<u32>(record, 8) ? record : 0;
}

/** First byte of the value's text; 0 when the member is absent. */
export function slotStart(slot: u32): usize {
  const record = at(slot);
  return load<u32>(record) == generation ? <usize>load<u32>(record, 8) : 0;
}

/** Behind the value's text. */
export function slotEnd(slot: u32): usize {
  return <usize>load<u32>(at(slot), 12);
}

export function slotMark(slot: u32): u32 {
  const record = at(slot);
  return load<u32>(record) == generation ? load<u32>(record, 4) : 0;
}

export function slotParent(slot: u32): u32 {
  return slot < sectionCount(Section.Nodes)
    ? load<u32>(section(Section.Nodes) + <usize>slot * NODE_SIZE, NodeField.Parent)
    : NONE;
}
