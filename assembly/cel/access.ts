// Reaching into values: slots of the body and the claims, members and elements, and whether they are there.
import { NONE, Slot, Tag } from "../program.ts";
import {
  copyCell,
  doubleOf,
  intOf,
  isList,
  isMap,
  isWithin,
  lengthOf,
  setBool,
  setError,
  setNone,
  setNull,
  setTruth,
  startOf,
  tagOf,
  unwrapOptional,
  wrapOptional,
  CELL,
  NO_BOOL,
} from "./cell.ts";
import { findKey, isInt } from "./compare.ts";
import { MARK_AMBIGUOUS, MARK_ESCAPED, filledSlot, slotMarks, slotParent } from "../json/slots.ts";
import { anyAmbiguous } from "../json/ambiguous-keys.ts";
import { findElement, loadSpan, loadValue } from "./json-value.ts";
import { noteTwin } from "./ambiguous-key.ts";

/** The operand a of the slot operations. */
const NULL_WHEN_ABSENT: u32 = 1;
const NULL_IS_ABSENT: u32 = 2;

/** A bit for each slot that is null when absent. */
const NULLABLE: u32 = (1 << Slot.Params) | (1 << Slot.Arguments) | (1 << Slot.Meta);

// What a look-up found; the first three are also what has() says.
const MISSING: i32 = 0; //  no such member or element
const FOUND: i32 = 1;
const WRONG: i32 = NO_BOOL; // not something one can look into with this key
const UNFIT: i32 = 3; //    a scalar or null: has() is false and .? is none there, but selecting is an error

const found: usize = memory.data(16, 8);

/** Whether a twin of the slot's member, or of one that it is in, was seen; those of the envelope are refused before. */
function hasTwinOnPath(slot: u32): bool {
  for (let at = slot; at != NONE && at >= <u32>Slot.Count; at = slotParent(at)) {
    if (slotMarks(at) & MARK_AMBIGUOUS) return true;
  }
  return false;
}

/** Loads a slot; false when it is absent. */
function fetch(slot: u32, mode: u32, cell: usize): bool {
  if (anyAmbiguous && hasTwinOnPath(slot)) noteTwin();
  const record = filledSlot(slot);
  if (!record) return false;
  loadSpan(cell, record.start, record.end, record.marks & MARK_ESCAPED);
  return mode != NULL_IS_ABSENT || tagOf(cell) != Tag.Null;
}

export function loadSlot(slot: u32, mode: u32, cell: usize): void {
  if (fetch(slot, mode, cell)) return;
  if (mode == NULL_WHEN_ABSENT) setNull(cell);
  else setError(cell);
}

/** has() of a slot, or with `optional` .? of it. */
export function askSlot(slot: u32, mode: u32, cell: usize, optional: bool): void {
  const isThere = fetch(slot, mode, cell);
  if (isThere && optional) return wrapOptional(cell);
  if (!isThere) {
    loadParent(slot, cell);
    if (tagOf(cell) == Tag.Error || isList(cell)) return setError(cell);
  }
  if (optional) setNone(cell);
  else setBool(cell, isThere);
}

/** The value that a slot is a member of. */
function loadParent(slot: u32, cell: usize): void {
  const parent = slotParent(slot);
  const nullable = parent < <u32>Slot.Count && (NULLABLE >> parent) & 1;
  if (parent == NONE) setError(cell);
  else loadSlot(parent, nullable ? NULL_WHEN_ABSENT : 0, cell);
}

/** Loads the member or element `key` of `container` into `found`. */
function lookUp(container: usize, key: usize): i32 {
  const tag = tagOf(key);
  let index = intOf(key);
  if (tagOf(container) == Tag.Error || tag == Tag.Error) return WRONG;
  if (isMap(container)) return findKey(container, key, found) ? FOUND : MISSING;
  if (!isList(container)) return UNFIT;
  // An index is a number that is an int without loss.
  if (tag == Tag.Double) {
    if (!isInt(doubleOf(key))) return WRONG;
    index = <i64>doubleOf(key);
  } else if (tag != Tag.Int && (tag != Tag.Uint || index < 0)) return WRONG;
  return loadElement(container, index) ? FOUND : MISSING;
}

function loadElement(list: usize, index: i64): bool {
  if (index < 0) return false;
  if (tagOf(list) == Tag.CellList) {
    if (index >= <i64>lengthOf(list)) return false;
    copyCell(found, startOf(list) + <usize>index * CELL);
    return true;
  }
  const at = findElement(list, index);
  if (at) loadValue(found, at);
  return at != 0;
}

/** container.key and container[key]: the container is replaced by the value or an error. */
export function select(container: usize, key: usize): void {
  if (lookUp(container, key) == FOUND) copyCell(container, found);
  else setError(container);
}

/** has(container.key); an optional stands for its value, and none has no members. */
export function has(container: usize, key: usize): void {
  unwrapOptional(container);
  const result = lookUp(container, key);
  setTruth(container, result == UNFIT ? 0 : result);
}

/** container.?key and container[?key]; an optional stands for its value, and none has no members. */
export function optSelect(container: usize, key: usize): void {
  unwrapOptional(container);
  const result = isQualifier(tagOf(key)) ? lookUp(container, key) : WRONG;
  if (result == WRONG) return setError(container);
  if (result != FOUND) return setNone(container);
  copyCell(container, found);
  wrapOptional(container);
}

/** Whether a value can be a key or an index at all. */
function isQualifier(tag: u32): bool {
  return isWithin(tag, Tag.Bool, Tag.String);
}
