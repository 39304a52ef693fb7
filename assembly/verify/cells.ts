// Verifies the constants of a program.
import { HeaderField, SORTED, Section, Tag } from "../program.ts";
import { program, section, sectionCount } from "../sections.ts";
import { CELL, auxOf, intOf, isOfCells, isText, lengthOf, startOf, tagOf, uintOf } from "../cel/cell.ts";
import { BILLION, isInRange } from "../cel/time.ts";

/** Whether all cells of the program in use are sound: pointers (still offsets) in bounds, payloads of their types. */
export function checkCells(): bool {
  const cells = section(Section.Cells);
  const count = sectionCount(Section.Cells);
  const end = cells + <usize>count * CELL;
  sortedCells = 0;
  const length = load<u32>(program, HeaderField.Length);
  for (let cell = cells; cell < end; cell += CELL) {
    if (!checkCell(cell, length, <u32>(cells - program), count)) return false;
  }
  return true;
}

/** Checks a cell of a program of `length` bytes, whose `count` cells begin at the offset `first`. */
function checkCell(cell: usize, length: u32, first: u32, count: u32): bool {
  const tag = tagOf(cell);
  if (isOfCells(tag) && auxOf(cell) == SORTED) return checkSorted(cell, first, count);
  if (tag != Tag.Timestamp && auxOf(cell) != 0) return false;
  if (tag == Tag.Bool) return uintOf(cell) <= 1;
  if (tag == Tag.Type) return uintOf(cell) <= <u64>Tag.OptionalNone;
  if (isText(tag)) return <u64>startOf(cell) + <u64>lengthOf(cell) <= <u64>length;
  if (isOfCells(tag)) return isRun(startOf(cell), (<u64>lengthOf(cell)) << u64(tag == Tag.CellMap), first, count);
  if (tag == Tag.Timestamp) return isInRange(intOf(cell)) && <i64>auxOf(cell) < BILLION;
  return tag <= <u32>Tag.OptionalNone && tag != Tag.JsonList && tag != Tag.JsonMap;
}

let sortedCells: u32 = 0; // that were looked at: one is rarely part of two constants

/** Checks a list or map that is searched: what is compared has one type that has an order. */
function checkSorted(cell: usize, first: u32, count: u32): bool {
  const length = lengthOf(cell);
  const isPairs = tagOf(cell) == Tag.CellMap;
  if (length > count || !length || !isRun(startOf(cell), (<u64>length) << 1, first, count)) return false;
  sortedCells += length;
  if (sortedCells > count << 2) return false;
  const step = isPairs ? 2 * CELL : CELL;
  let at = program + startOf(cell) + (isPairs ? 0 : <usize>length * CELL);
  const type = isPairs ? <u32>Tag.String : tagOf(at);
  if (type != Tag.String && type != Tag.Double) return false;
  for (let left = length; left; left--, at += step) {
    if (tagOf(at) != type) return false;
  }
  return true;
}

/** Whether the `size` cells from the offset `start` on are cells of the section. */
function isRun(start: usize, size: u64, first: u32, count: u32): bool {
  if (size == 0) return true;
  if (<u32>start < first || (<u32>start - first) % <u32>CELL) return false;
  return <u64>((<u32>start - first) / <u32>CELL) + size <= <u64>count;
}
