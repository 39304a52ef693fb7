// Whole collections: list and map literals, `in`, size, and the zero value test of optional.ofNonZeroValue.
import { CELL_SIZE, SORTED, Tag } from "../program.ts";
import { charge, scratch } from "../runtime/budget.ts";
import {
  CELL,
  Truth,
  auxOf,
  copyCell,
  doubleOf,
  intOf,
  isList,
  isMap,
  isPresent,
  isText,
  isUnknown,
  isWithin,
  lengthOf,
  setBool,
  setError,
  setInt,
  setSpan,
  setTruth,
  setUnknown,
  startOf,
  tagOf,
  unwrapOptional,
} from "./cell.ts";
import { CURSOR, Cursor, advance, countOf, openCursor } from "./cursor.ts";
import { KeyMatch, equal, findKey, findSorted, matchKey } from "./compare.ts";
import { pointCount } from "./string.ts";
import { FIRST_SECOND, nanosOf } from "./time.ts";

const cursor = changetype<Cursor>(memory.data(CURSOR, 8));
const item: usize = memory.data(CELL_SIZE, 8);

/**
 * Replaces the `count` cells at `first` by the list of them. With `optionals`, present optionals are unwrapped and empty
 * ones left out.
 */
export function makeList(first: usize, count: u32, optionals: bool): void {
  const out = count ? scratch(count * <u32>CELL) : 0;
  if ((count && !out) || !charge(count)) return setError(first);
  let q = out;
  for (let i: u32 = 0; i < count; i++) {
    const cell = first + <usize>i * CELL;
    if (tagOf(cell) == Tag.Error) return spoilAll(first, count);
    if (optionals && tagOf(cell) == Tag.OptionalNone) continue;
    copyCell(q, cell);
    if (optionals) unwrapOptional(q);
    q += CELL;
  }
  setSpan(first, Tag.CellList, 0, out, <u32>((q - out) / CELL));
}

/** Replaces `count` pairs of cells at `first` by the map of them; the last of equal keys wins. */
export function makeMap(first: usize, count: u32, optionals: bool): void {
  const out = count ? scratch(count * <u32>CELL * 2) : 0;
  if ((count && !out) || !charge(count * count)) return setError(first);
  let size: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const key = first + <usize>i * CELL * 2;
    const value = key + CELL;
    if (!isKey(tagOf(key)) || tagOf(value) == Tag.Error) return spoilAll(first, count * 2);
    const place = placeOf(out, size, key);
    const target = out + <usize>place * CELL * 2;
    if (optionals && tagOf(value) == Tag.OptionalNone) {
      if (place < size) {
        size--;
        memory.copy(target, target + CELL * 2, <usize>(size - place) * CELL * 2);
      }
      continue;
    }
    copyCell(target, key);
    copyCell(target + CELL, value);
    if (optionals) unwrapOptional(target + CELL);
    if (place == size) size++;
  }
  setSpan(first, Tag.CellMap, 0, out, size);
}

/** Makes the first of `count` cells, which cannot be used together, an error; unknown if they could be but for what is unknown. */
function spoilAll(first: usize, count: u32): void {
  let unknown: bool = false;
  for (let i: u32 = 0; i < count; i++) {
    const cell = first + <usize>i * CELL;
    if (tagOf(cell) != Tag.Error) continue;
    unknown = isUnknown(cell);
    if (!unknown) break;
  }
  if (unknown) setUnknown(first);
  else setError(first);
}

function isKey(tag: u32): bool {
  return isWithin(tag, Tag.Bool, Tag.Uint) || tag == Tag.String;
}

/** The index of a key among `size` pairs; `size` when it is new. */
function placeOf(pairs: usize, size: u32, key: usize): u32 {
  for (let i: u32 = 0; i < size; i++) {
    if (matchKey(pairs + <usize>i * CELL * 2, key) == KeyMatch.Same) return i;
  }
  return size;
}

/** x in y: x is replaced by the result. */
export function contain(x: usize, y: usize): void {
  if (isMap(y)) {
    // Go cannot hash bytes: cel-go fails when it looks for them among the keys of a map literal.
    if (tagOf(x) == Tag.Bytes && tagOf(y) == Tag.CellMap && lengthOf(y)) setError(x);
    else setBool(x, findKey(y, x, item));
  } else setTruth(x, isList(y) ? isElement(x, y) : Truth.Error);
}

/** The Truth of x being an element of a list: a comparison that fails counts only if no other element is equal. */
function isElement(x: usize, list: usize): i32 {
  if (tagOf(list) == Tag.CellList && auxOf(list) == SORTED) {
    const count = lengthOf(list);
    return i32(findSorted(startOf(list) + <usize>count * CELL, count, CELL, x) != 0);
  }
  let result: i32 = Truth.False;
  openCursor(cursor, list);
  while (result != Truth.True && advance(cursor, item)) {
    const equality = equal(x, item, 0);
    if (equality != Truth.False) result = equality;
  }
  return result;
}

/** size(x). */
export function takeSize(x: usize): void {
  const tag = tagOf(x);
  const count = tag == Tag.String ? <i32>pointCount(x) : tag == Tag.Bytes ? <i32>lengthOf(x) : countOf(x);
  if (count < 0) setError(x);
  else setInt(x, <i64>count);
}

/** Whether a value is the zero value of its type: false, 0, "", an empty container, null, optional.none(). */
export function isZero(x: usize): bool {
  const tag = tagOf(x);
  if (tag == Tag.Null || tag == Tag.OptionalNone) return true;
  if (tag == Tag.Double) return doubleOf(x) == 0; // -0 too
  if (tag == Tag.Timestamp) return intOf(x) == FIRST_SECOND && nanosOf(x) == 0;
  if (isText(tag)) return lengthOf(x) == 0;
  if (isList(x) || isMap(x)) return countOf(x) == 0;
  return !isPresent(x) && intOf(x) == 0;
}
