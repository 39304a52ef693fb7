// Reaching into values: slots of the body and the claims, members and elements, and whether they are there.
import { NONE, Slot, Tag } from "../program.ts";
import {
  CELL,
  Truth,
  copyCell,
  doubleOf,
  intOf,
  isList,
  isMap,
  isUnknown,
  isWithin,
  lengthOf,
  setBool,
  setError,
  setNone,
  setNull,
  setTruth,
  setUnknown,
  startOf,
  tagOf,
  unwrapOptional,
  wrapOptional,
} from "./cell.ts";
import { findKey, isInt } from "./compare.ts";
import { MARK_AMBIGUOUS, MARK_ESCAPED, filledSlot, slotMarks, slotParent } from "../json/slots.ts";
import { anyAmbiguous } from "../json/ambiguous-keys.ts";
import { findElement, loadSpan, loadValue } from "./json-value.ts";
import { meetAmbiguousKey } from "./ambiguous-key.ts";
import { isAnythingUnknown, isSlotUnknown } from "./unknown.ts";

/** Operand a of the slot instructions. */
const NULL_WHEN_ABSENT: u32 = 1;
const NULL_IS_ABSENT: u32 = 2;

/** A bit for each slot that is null when absent. */
const NULLABLE: u32 = (1 << Slot.Params) | (1 << Slot.Arguments) | (1 << Slot.Meta);

/** What a look-up comes to; the first three are also the Truth of has(). */
enum Found {
  No = 0, //       no such member or element
  Yes = 1,
  Error = 2, //    the container has no keys of this kind, or container or key is an error
  NoMembers = 3, // a scalar or null: has() is false and .? is none, but selecting is an error
}

/**
 * Whether the reader found an ambiguous key beside the slot's member or one of its parents. The envelope's slots need not
 * be asked: the request was refused for those already.
 */
function isAmbiguous(slot: u32): bool {
  for (let at = slot; at != NONE && at >= <u32>Slot.Count; at = slotParent(at)) {
    if (slotMarks(at) & MARK_AMBIGUOUS) return true;
  }
  return false;
}

/** Loads a slot, or what is unknown of it; false when it is absent. */
function fetch(slot: u32, mode: u32, cell: usize): bool {
  if (isAnythingUnknown() && isSlotUnknown(slot)) {
    setUnknown(cell);
    return true;
  }
  if (anyAmbiguous && isAmbiguous(slot)) meetAmbiguousKey();
  const record = filledSlot(slot);
  if (!record) return false;
  loadSpan(cell, record.start, record.end, record.marks & MARK_ESCAPED);
  return mode != NULL_IS_ABSENT || tagOf(cell) != Tag.Null;
}

/** Loads a slot, Op.Slot: an error, or by `mode` null, when it is absent. */
export function loadSlot(slot: u32, mode: u32, cell: usize): void {
  if (fetch(slot, mode, cell)) return;
  if (mode == NULL_WHEN_ABSENT) setNull(cell);
  else setError(cell);
}

/** has() of a slot, or with `optional` .? of it. */
export function askSlot(slot: u32, mode: u32, cell: usize, optional: bool): void {
  const isThere = fetch(slot, mode, cell);
  if (isUnknown(cell) && isThere) return;
  if (isThere && optional) return wrapOptional(cell);
  if (!isThere) {
    loadParent(slot, cell);
    if (tagOf(cell) == Tag.Error || isList(cell)) return setError(cell);
  }
  if (optional) setNone(cell);
  else setBool(cell, isThere);
}

/** Loads the value that a slot is a member of. */
function loadParent(slot: u32, cell: usize): void {
  const parent = slotParent(slot);
  const nullable = parent < <u32>Slot.Count && (NULLABLE >> parent) & 1;
  if (parent == NONE) setError(cell);
  else loadSlot(parent, nullable ? NULL_WHEN_ABSENT : 0, cell);
}

/** Looks up the member or element `key` of `container`, and when it is there replaces the container by it. */
function replaceByMember(container: usize, key: usize): i32 {
  const tag = tagOf(key);
  let index = intOf(key);
  if (tagOf(container) == Tag.Error || tag == Tag.Error) return Found.Error;
  if (isMap(container)) return i32(findKey(container, key, container));
  if (!isList(container)) return Found.NoMembers;
  // An index is a number that is an int without loss of precision.
  if (tag == Tag.Double) {
    if (!isInt(doubleOf(key))) return Found.Error;
    index = <i64>doubleOf(key);
  } else if (tag != Tag.Int && (tag != Tag.Uint || index < 0)) return Found.Error;
  return i32(replaceByElement(container, index));
}

function replaceByElement(list: usize, index: i64): bool {
  if (index < 0) return false;
  if (tagOf(list) == Tag.CellList) {
    if (index >= <i64>lengthOf(list)) return false;
    copyCell(list, startOf(list) + <usize>index * CELL);
    return true;
  }
  const at = findElement(list, index);
  if (at) loadValue(list, at);
  return at != 0;
}

/** container.key and container[key]: the container is replaced by the value or an error. */
export function select(container: usize, key: usize): void {
  if (replaceByMember(container, key) != Found.Yes) setError(container);
}

/** has(container.key); an optional stands for its value, and none has no members. */
export function has(container: usize, key: usize): void {
  unwrapOptional(container);
  const found = replaceByMember(container, key);
  setTruth(container, found == Found.NoMembers ? Truth.False : found);
}

/** container.?key and container[?key]; an optional stands for its value, and none has no members. */
export function optSelect(container: usize, key: usize): void {
  unwrapOptional(container);
  const found: i32 = isQualifier(tagOf(key)) ? replaceByMember(container, key) : Found.Error;
  if (found == Found.Error) return setError(container);
  if (found != Found.Yes) return setNone(container);
  wrapOptional(container);
}

/** Whether a value can be a key or an index at all. */
function isQualifier(tag: u32): bool {
  return isWithin(tag, Tag.Bool, Tag.String);
}
