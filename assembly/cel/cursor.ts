// Cursors: going through the elements of a list, or the keys and values of a map, whether it is JSON text or cells.
import { Tag } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import { CELL, copyCell, isJson, isOfCells, lengthOf, startOf, tagOf } from "./cell.ts";
import { countItems, loadKey, loadValue } from "./json-value.ts";
import { firstItem, nextItem, skipValue } from "../json/walk.ts";

//    0        4        8        12       16
//   +--------+--------+--------+--------+
//   | tag    | next   | left   | value  |
//   +--------+--------+--------+--------+
@unmanaged
export class Cursor {
  tag: u32; //     Tag of the container
  next: usize; //  the next item; in JSON text 0 at the end
  left: u32; //    cells that are left, or pairs of them; unused in JSON text
  value: usize; // the value of the key that was loaded last; maps only
}

/** Bytes of a cursor. */
export const CURSOR: usize = offsetof<Cursor>();

/** Puts a cursor before the first item; false when the cell is neither list nor map. */
export function openCursor(cursor: Cursor, container: usize): bool {
  const tag = tagOf(container);
  cursor.tag = tag;
  if (isJson(tag)) cursor.next = firstItem(startOf(container));
  else if (isOfCells(tag)) {
    cursor.next = startOf(container);
    cursor.left = lengthOf(container);
  } else return false;
  return true;
}

/** Loads the next element or key; false at the end, or when the steps have run out. */
export function advance(cursor: Cursor, cell: usize): bool {
  if (!charge(2)) return false;
  const tag = cursor.tag;
  const at = cursor.next;
  if (isJson(tag)) {
    if (!at) return false;
    if (tag == Tag.JsonList) cursor.next = nextItem(loadValue(cell, at));
    else advanceMember(cursor, cell, at);
    return true;
  }
  const left = cursor.left;
  if (!left) return false;
  cursor.left = left - 1;
  cursor.next = at + (tag == Tag.CellMap ? 2 * CELL : CELL);
  cursor.value = at + CELL;
  copyCell(cell, at);
  return true;
}

function advanceMember(cursor: Cursor, cell: usize, at: usize): void {
  const value = loadKey(cell, at);
  const end = skipValue(value);
  charge(((<u32>(end - at)) >> 3) + 2);
  cursor.value = value;
  cursor.next = nextItem(end);
}

/** Loads the value that belongs to the key that was loaded last. */
export function loadCursorValue(cursor: Cursor, cell: usize): void {
  if (cursor.tag == Tag.JsonMap) loadValue(cell, cursor.value);
  else copyCell(cell, cursor.value);
}

/** Elements or members of a container; -1 when the cell is neither list nor map. */
export function countOf(container: usize): i32 {
  const tag = tagOf(container);
  if (isJson(tag)) return <i32>countItems(container, tag == Tag.JsonMap);
  return isOfCells(tag) ? <i32>lengthOf(container) : -1;
}
