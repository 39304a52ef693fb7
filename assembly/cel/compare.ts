// Equality and order of values as cel-go 0.28.1 has them: numbers compare across their types, values of different
// kinds are unequal, and only values of one kind have an order.
import { Tag } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import {
  CELL,
  copyCell,
  doubleOf,
  intOf,
  isList,
  isMap,
  isNumeric,
  isPresent,
  isText,
  startOf,
  tagOf,
  uintOf,
  unwrapOptional,
} from "./cell.ts";
import { CURSOR, advance, countOf, loadCursorValue, openCursor } from "./cursor.ts";
import { nanosOf } from "./time.ts";
import { compareText, sameText } from "./string.ts";
import { findMember, loadValue } from "./json-value.ts";

/** Results of compare: no order, or a NaN among the operands. */
export const UNORDERED: i32 = 2;
/** Results of equal: truths, where TOO_DEEP is none. */
export const UNEQUAL: i32 = 0;
export const EQUAL: i32 = 1;
export const TOO_DEEP: i32 = 2;

const MOST_DEPTH: i32 = 128;
// Working cells of one level of nesting: two cursors, two elements.
const LEVEL: usize = 2 * CURSOR + 2 * CELL;
const levels: usize = memory.data(8320, 8); // (MOST_DEPTH + 2) * LEVEL

/** EQUAL, UNEQUAL or TOO_DEEP; `depth` is 0 but for nested values. No operand is an error. */
export function equal(a: usize, b: usize, depth: i32): i32 {
  if (isNumeric(tagOf(a)) && isNumeric(tagOf(b))) return i32(compareNumbers(a, b) == 0);
  if (isList(a)) return isList(b) ? equalItems(a, b, depth, false) : UNEQUAL;
  if (isMap(a)) return isMap(b) ? equalItems(a, b, depth, true) : UNEQUAL;
  if (isPresent(a)) return isPresent(b) ? equalOptionals(a, b, depth) : UNEQUAL;
  return i32(tagOf(a) == tagOf(b) && equalScalars(a, b));
}

/** Equality of two values of one type that has no parts, and is not a number. */
function equalScalars(a: usize, b: usize): bool {
  const tag = tagOf(a);
  if (isText(tag)) return sameText(a, b);
  return tag == Tag.Null || tag == Tag.OptionalNone || (intOf(a) == intOf(b) && nanosOf(a) == nanosOf(b));
}

/** Equality of two lists, or maps: every key of `a` is looked up in `b`. The steps bound the time that this takes. */
function equalItems(a: usize, b: usize, depth: i32, areMaps: bool): i32 {
  if (depth > MOST_DEPTH) return TOO_DEEP;
  const left = levels + <usize>depth * LEVEL;
  const right = left + CURSOR;
  const x = right + CURSOR;
  const y = x + CELL;
  if (areMaps && countOf(a) != countOf(b)) return UNEQUAL;
  openCursor(left, a);
  openCursor(right, b);
  while (advance(left, x)) {
    if (!(areMaps ? findKey(b, x, y) : advance(right, y))) return UNEQUAL;
    if (areMaps) loadCursorValue(left, x);
    const result = equal(x, y, depth + 1);
    if (result != EQUAL) return result;
  }
  return i32(areMaps || !advance(right, y));
}

function equalOptionals(a: usize, b: usize, depth: i32): i32 {
  if (depth > MOST_DEPTH) return TOO_DEEP;
  const x = levels + <usize>depth * LEVEL;
  const y = x + CELL;
  copyCell(x, a);
  copyCell(y, b);
  unwrapOptional(x);
  unwrapOptional(y);
  return equal(x, y, depth + 1);
}

/** Loads the value of a key of a map; false when there is none. Numeric keys match only without loss. */
export function findKey(map: usize, key: usize, out: usize): bool {
  if (tagOf(map) == Tag.JsonMap) {
    const value = tagOf(key) == Tag.String ? findMember(map, key) : 0;
    if (value) loadValue(out, value);
    return value != 0;
  }
  let best = 0;
  let pair = startOf(map);
  for (let left = countOf(map); left > 0 && charge(1); left--) {
    const match = matchKey(pair, key);
    if (match > best) {
      best = match;
      copyCell(out, pair + CELL);
    }
    pair += 2 * CELL;
  }
  return best > 0;
}

/** How well a map's own key fits the key looked for: 3 the same, 2 the same int, 1 the same uint, 0 not. */
export function matchKey(own: usize, key: usize): i32 {
  const tag = tagOf(own);
  if (tag == tagOf(key)) {
    const same = tag == Tag.String ? sameText(own, key) : intOf(own) == intOf(key);
    return same ? 3 : 0;
  }
  if ((tag != Tag.Int && tag != Tag.Uint) || !isNumeric(tagOf(key))) return 0;
  const isSame = tagOf(key) == Tag.Double ? isDouble(own, doubleOf(key)) : intOf(key) >= 0 && intOf(own) == intOf(key);
  return isSame ? (tag == Tag.Int ? 2 : 1) : 0;
}

/** Whether an int or uint is the value of a double, without loss. */
function isDouble(own: usize, value: f64): bool {
  if (tagOf(own) == Tag.Int) return isInt(value) && <i64>value == intOf(own);
  return fitsUint(value) && trunc(value) == value && <u64>value == uintOf(own);
}

/** Whether a double can be truncated to an int (cel-go leaves the lowest int out). */
export function fitsInt(value: f64): bool {
  return value > -9223372036854775808.0 && value < 9223372036854775808.0;
}

export function fitsUint(value: f64): bool {
  return value >= 0 && value < 18446744073709551616.0;
}

/** Whether a double is an int without loss. */
export function isInt(value: f64): bool {
  return fitsInt(value) && trunc(value) == value;
}

/** -1, 0 or 1; UNORDERED when the two have no order. */
export function compare(a: usize, b: usize): i32 {
  const tag = tagOf(a);
  const other = tagOf(b);
  if (isNumeric(tag) && isNumeric(other)) return compareNumbers(a, b);
  if (tag != other) return UNORDERED;
  if (isText(tag)) return sign(compareText(a, b));
  if (tag != Tag.Bool && tag != Tag.Timestamp && tag != Tag.Duration) return UNORDERED;
  const order = compareWhole(a, b);
  return order ? order : sign(<i32>(nanosOf(a) - nanosOf(b)));
}

function sign(order: i32): i32 {
  return i32(order > 0) - i32(order < 0);
}

/** cel-go rounds an int or uint to a double where it meets one, so neighbours above 2^53 are equal. */
function compareNumbers(a: usize, b: usize): i32 {
  if (tagOf(a) != Tag.Double && tagOf(b) != Tag.Double) return compareWhole(a, b);
  const x = asDouble(a);
  const y = asDouble(b);
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : UNORDERED;
}

/** Compares payloads that are ints or uints: what is below zero is less, the others compare as unsigned. */
function compareWhole(a: usize, b: usize): i32 {
  const x = isBelowZero(a);
  if (x != isBelowZero(b)) return x ? -1 : 1;
  return i32(uintOf(a) > uintOf(b)) - i32(uintOf(a) < uintOf(b));
}

export function isBelowZero(cell: usize): bool {
  return tagOf(cell) != Tag.Uint && intOf(cell) < 0;
}

/** The value of a number as a double. */
export function asDouble(cell: usize): f64 {
  const tag = tagOf(cell);
  return tag == Tag.Int ? <f64>intOf(cell) : tag == Tag.Uint ? <f64>uintOf(cell) : doubleOf(cell);
}
