// JSON text that has been checked already as values: loading the value at an address, finding and counting the elements and
// members of a container.
import { CELL_SIZE, Tag } from "../program.ts";
import { charge, isExhausted } from "../runtime/budget.ts";
import { setBool, setDouble, setError, setJson, setNull, setSpan, startOf } from "./cell.ts";
import { parseNumber } from "../number/parse.ts";
import { hasLostDigits } from "../number/readers.ts";
import { LOWER_F, LOWER_N, LOWER_T, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../text/chars.ts";
import { Match, matchKeys, meetAmbiguousKey, meetWideNumber } from "./ambiguous-key.ts";
import { RAW_DOUBLE, firstItem, nextItem, skipString, skipValue, skipWhitespace } from "../json/walk.ts";
import { readingEnd, readingMarks } from "../json/reading.ts";

const keyCell: usize = memory.data(CELL_SIZE, 8);

/** Loads the value at `at` and returns the address after it. Charges for what it reads. */
export function loadValue(cell: usize, at: usize): usize {
  const string = load<u8>(at) == QUOTE ? skipString(at) : 0;
  const end = string ? readingEnd(string) : skipValue(at);
  loadSpan(cell, at, end, readingMarks(string));
  charge(((<u32>(end - at)) >> 3) + 2);
  return end;
}

/** Loads the value whose text is [start, end); `hasEscapes` counts for strings only. */
export function loadSpan(cell: usize, start: usize, end: usize, hasEscapes: u32): void {
  const c = <u32>load<u8>(start);
  if (c == QUOTE) setSpan(cell, Tag.String, hasEscapes, start + 1, <u32>(end - start) - 2);
  else if (c == OPEN_BRACE) setJson(cell, Tag.JsonMap, start, end);
  else if (c == OPEN_BRACKET) setJson(cell, Tag.JsonList, start, end);
  else if (c == LOWER_T || c == LOWER_F) setBool(cell, c == LOWER_T);
  else if (c == LOWER_N) setNull(cell);
  else if (c == RAW_DOUBLE) setDouble(cell, load<f64>(start + 1));
  else loadNumber(cell, start, end);
}

function loadNumber(cell: usize, start: usize, end: usize): void {
  const value = parseNumber(start, end);
  charge((<u32>(end - start)) >> 3);
  if (end - start > 17 && hasLostDigits(value)) meetWideNumber();
  if (abs(value) == Infinity) setError(cell);
  else setDouble(cell, value);
}

/** Loads the key at `at` and returns the address of its value. */
export function loadKey(cell: usize, at: usize): usize {
  const key = skipString(at);
  const end = readingEnd(key);
  setSpan(cell, Tag.String, readingMarks(key), at + 1, <u32>(end - at) - 2);
  return skipWhitespace(skipWhitespace(end) + 1);
}

/** The item after the one at `item`, whose value is at `value`; 0 when there is none, or no steps are left. */
function itemAfter(item: usize, value: usize): usize {
  const end = skipValue(value);
  return charge(((<u32>(end - item)) >> 3) + 3) ? nextItem(end) : 0;
}

/** The value of the member whose key equals the string `name`; 0 when there is none. Notes ambiguous keys. */
export function findMember(map: usize, name: usize): usize {
  let found: usize = 0;
  for (let p = firstItem(startOf(map)); p;) {
    const value = loadKey(keyCell, p);
    charge(2);
    const match = matchKeys(keyCell, name);
    if (match == Match.Same) found = value;
    else if (match == Match.Ambiguous) meetAmbiguousKey();
    p = itemAfter(p, value);
  }
  return isExhausted() ? 0 : found;
}

/** The element `index` of a JSON list; 0 when there are fewer. */
export function findElement(list: usize, index: i64): usize {
  let p = firstItem(startOf(list));
  for (let i: i64 = 0; p && i < index; i++) p = itemAfter(p, p);
  return p;
}

/** Elements of a JSON list, members of a JSON map. */
export function countItems(container: usize, isMap: bool): u32 {
  let count: u32 = 0;
  for (let p = firstItem(startOf(container)); p; count++) p = itemAfter(p, isMap ? loadKey(keyCell, p) : p);
  return count;
}
