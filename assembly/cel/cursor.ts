// Cursors: going through the elements of a list, or the keys and values of a map, of either form.
//
// A cursor, 16 bytes:  0: Tag of the container   4: next item, 0 at the end (JSON); next cell
//                      8: cells left (not JSON)  12: value of the key that was loaded last (maps)
import { Tag } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import { CELL, copyCell, isJson, isOfCells, lengthOf, startOf, tagOf } from "./cell.ts";
import { countItems, loadKey, loadValue } from "./json-value.ts";
import { firstItem, nextItem, skipValue } from "../json/walk.ts";

export const CURSOR: usize = 16;

/** Puts a cursor before the first item; false when the cell is neither list nor map. */
export function openCursor(cursor: usize, container: usize): bool {
  const tag = tagOf(container);
  store<u32>(cursor, tag);
  if (isJson(tag)) store<u32>(cursor, <u32>firstItem(startOf(container)), 4);
  else if (isOfCells(tag)) {
    store<u32>(cursor, <u32>startOf(container), 4);
    store<u32>(cursor, lengthOf(container), 8);
  } else return false;
  return true;
}

/** Loads the next element or key; false at the end, or when the steps have run out. */
export function advance(cursor: usize, cell: usize): bool {
  if (!charge(1)) return false;
  const tag = load<u32>(cursor);
  const at = <usize>load<u32>(cursor, 4);
  if (isJson(tag)) {
    if (!at) return false;
    if (tag == Tag.JsonList) store<u32>(cursor, <u32>nextItem(loadValue(cell, at)), 4);
    else advanceMember(cursor, cell, at);
    return true;
  }
  const left = load<u32>(cursor, 8);
  if (!left) return false;
  store<u32>(cursor, left - 1, 8);
  store<u32>(cursor, <u32>(at + (tag == Tag.CellMap ? 2 * CELL : CELL)), 4);
  store<u32>(cursor, <u32>(at + CELL), 12);
  copyCell(cell, at);
  return true;
}

function advanceMember(cursor: usize, cell: usize, at: usize): void {
  const value = loadKey(cell, at);
  const end = skipValue(value);
  charge((<u32>(end - at)) >> 3);
  store<u32>(cursor, <u32>value, 12);
  store<u32>(cursor, <u32>nextItem(end), 4);
}

/** Loads the value that belongs to the key that was loaded last. */
export function loadCursorValue(cursor: usize, cell: usize): void {
  const value = <usize>load<u32>(cursor, 12);
  if (load<u32>(cursor) == Tag.JsonMap) loadValue(cell, value);
  else copyCell(cell, value);
}

/** Elements or members of a container; -1 when the cell is neither list nor map. */
export function countOf(container: usize): i32 {
  const tag = tagOf(container);
  if (isJson(tag)) return <i32>countItems(container, tag == Tag.JsonMap);
  return isOfCells(tag) ? <i32>lengthOf(container) : -1;
}
