// Slots: where in the body and in the claims the members are that the policy or the envelope names. There is one per node
// of the program's member tree. The readers of the body and of the claims fill them; the decision and the predicates read
// them. A generation number empties those of the policy for free; the few of the envelope are cleared, so that reading
// them is one load.
import { NONE, NODE_SIZE, NodeField, Section, Slot } from "../program.ts";
import { section, sectionCount } from "../sections.ts";

export const MARK_ESCAPED: u32 = 1; //   a string with escapes
export const MARK_AMBIGUOUS: u32 = 2; // an ambiguous key of this member was met (ambiguous-keys.ts)

//    0            4       8       12
//   +------------+-------+-------+-----+
//   | generation | marks | start | end |   x (1 + slots); of the first one only the generation is used: the current one
//   +------------+-------+-------+-----+
/** Where the value of one member is. A slot of the policy counts only in its generation. */
// @ts-ignore: decorator
@unmanaged
export class SlotRecord {
  generation: u32;
  marks: u32;
  /** First byte of the value; 0 when the member is absent. */
  start: usize;
  /** The address after the value. */
  end: usize;
}

const SIZE: usize = offsetof<SlotRecord>();

let table: usize = 0;
let generation: u32 = 0;

/** How often slots were emptied: tells whether what was read of them still holds. */
export let openings: u32 = 0;

/** Uses the slots of a configuration and empties them. */
export function openSlots(slots: usize): void {
  const head = changetype<SlotRecord>(slots);
  table = slots;
  openings++;
  generation = max(head.generation + 1, 1);
  head.generation = generation;
  // After a wrap-around all are cleared: what was filled four billion messages ago must not count.
  const count = generation == 1 ? sectionCount(Section.Nodes) : <u32>Slot.Count;
  memory.fill(slots + SIZE, 0, <usize>count * SIZE);
}

/** Empties the slots from `first` to before `end`, all of the envelope or of an item. */
export function emptySlots(first: u32, end: u32): void {
  memory.fill(changetype<usize>(recordOf(first)), 0, <usize>(end - first) * SIZE);
}

/** Bytes that the slots of `count` nodes take. */
export function slotsSize(count: u32): u32 {
  return (count + 1) * <u32>SIZE;
}

// @ts-ignore: decorator
@inline
function recordOf(slot: u32): SlotRecord {
  return changetype<SlotRecord>(table + <usize>(slot + 1) * SIZE);
}

/** Puts the value [start, end) into a slot; `end` may follow with `endSlot`. */
export function fillSlot(slot: u32, start: usize, end: usize, marks: u32): void {
  const record = recordOf(slot);
  record.marks = (record.generation == generation ? record.marks : 0) | marks;
  record.generation = generation;
  record.start = start;
  record.end = end;
}

/** Closes a slot whose value has been read to its end. */
export function endSlot(slot: u32, end: usize): void {
  recordOf(slot).end = end;
}

/** Marks a slot, filled or not, as one that has an ambiguous key. */
export function markAmbiguous(slot: u32): void {
  const record = recordOf(slot);
  if (record.generation == generation) record.marks |= MARK_AMBIGUOUS;
  else {
    record.generation = generation;
    record.marks = MARK_AMBIGUOUS;
    record.start = 0;
    record.end = 0;
  }
}

/** A slot of the envelope; all zero when the member is absent. */
// @ts-ignore: decorator
@inline
export function envelopeSlot(slot: u32): SlotRecord {
  return recordOf(slot);
}

/** First byte of the value in a slot of the envelope; 0 when the member is absent. */
// @ts-ignore: decorator
@inline
export function envelopeStart(slot: u32): usize {
  return recordOf(slot).start;
}

/** A slot whose member is present; null when it is absent. */
export function filledSlot(slot: u32): SlotRecord | null {
  const record = recordOf(slot);
  return record.generation == generation && record.start ? record : null;
}

/** First byte of the value in a slot; 0 when the member is absent. */
export function slotStart(slot: u32): usize {
  const record = recordOf(slot);
  return record.generation == generation ? record.start : 0;
}

/** The address after the value in a slot whose member is present. */
export function slotEnd(slot: u32): usize {
  return recordOf(slot).end;
}

/** MARK_ESCAPED and MARK_AMBIGUOUS of a slot. */
export function slotMarks(slot: u32): u32 {
  const record = recordOf(slot);
  return record.generation == generation ? record.marks : 0;
}

/** The slot that a slot's value is a member of; NONE for the two roots. */
export function slotParent(slot: u32): u32 {
  return slot < sectionCount(Section.Nodes)
    ? load<u32>(section(Section.Nodes) + <usize>slot * NODE_SIZE, NodeField.Parent)
    : NONE;
}
