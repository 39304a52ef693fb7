// Equality and order of values as in cel-go 0.28.1: numbers compare across their types, values of different types are
// unequal, and only values of the same type have an order.
import { SORTED, Tag } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import {
  CELL,
  Truth,
  auxOf,
  copyCell,
  doubleOf,
  intOf,
  isList,
  isMap,
  isNumeric,
  isPresent,
  isText,
  lengthOf,
  startOf,
  tagOf,
  uintOf,
  unwrapOptional,
} from "./cell.ts";
import { Cursor, advance, countOf, loadCursorValue, openCursor } from "./cursor.ts";
import { nanosOf } from "./time.ts";
import { compareText, sameText } from "./string.ts";
import { findMember, loadValue } from "./json-value.ts";

/** What compare returns beside -1, 0 and 1: the types have no order, or one of the operands is NaN. */
export const UNORDERED: i32 = 2;

/** How deep values may be nested for equal to compare them. */
const MAX_DEPTH: i32 = 128;

/** What the comparison of two containers works with, at each level of nesting. */
@unmanaged
class Level {
  left: v128; //  Cursor
  right: v128; // Cursor
  x: v128; //     cell: the element of the left container
  y: v128; //     cell: the element of the right one
}
const LEVEL: usize = offsetof<Level>();
const levels: usize = memory.data((MAX_DEPTH + 2) * <i32>LEVEL, 8);

/** The Truth of a == b; Error when they are nested too deeply. `depth` is 0 except for nested values. No operand is an error. */
export function equal(a: usize, b: usize, depth: i32): i32 {
  if (isNumeric(tagOf(a)) && isNumeric(tagOf(b))) return i32(compareNumbers(a, b) == 0);
  if (isList(a)) return isList(b) ? equalItems(a, b, depth, false) : Truth.False;
  if (isMap(a)) return isMap(b) ? equalItems(a, b, depth, true) : Truth.False;
  if (isPresent(a)) return isPresent(b) ? equalOptionals(a, b, depth) : Truth.False;
  return i32(tagOf(a) == tagOf(b) && equalScalars(a, b));
}

/** Whether two values of the same type are equal, if it is one without parts and not a number. */
function equalScalars(a: usize, b: usize): bool {
  const tag = tagOf(a);
  if (isText(tag)) return sameText(a, b);
  return tag == Tag.Null || tag == Tag.OptionalNone || (intOf(a) == intOf(b) && nanosOf(a) == nanosOf(b));
}

/** Equality of two lists or two maps: every key of `a` is looked up in `b`. The steps bound the time that this takes. */
function equalItems(a: usize, b: usize, depth: i32, areMaps: bool): i32 {
  if (depth > MAX_DEPTH) return Truth.Error;
  const level = levels + <usize>depth * LEVEL;
  const left = changetype<Cursor>(level + offsetof<Level>("left"));
  const right = changetype<Cursor>(level + offsetof<Level>("right"));
  const x = level + offsetof<Level>("x");
  const y = level + offsetof<Level>("y");
  if (areMaps && countOf(a) != countOf(b)) return Truth.False;
  openCursor(left, a);
  openCursor(right, b);
  while (advance(left, x)) {
    if (!(areMaps ? findKey(b, x, y) : advance(right, y))) return Truth.False;
    if (areMaps) loadCursorValue(left, x);
    const result = equal(x, y, depth + 1);
    if (result != Truth.True) return result;
  }
  return i32(areMaps || !advance(right, y));
}

function equalOptionals(a: usize, b: usize, depth: i32): i32 {
  if (depth > MAX_DEPTH) return Truth.Error;
  const level = levels + <usize>depth * LEVEL;
  const x = level + offsetof<Level>("x");
  const y = level + offsetof<Level>("y");
  copyCell(x, a);
  copyCell(y, b);
  unwrapOptional(x);
  unwrapOptional(y);
  return equal(x, y, depth + 1);
}

/**
 * Loads the value of a key of a map to `out`, which may be the map's own cell; false when there is none. Numeric keys match
 * across types only without loss of precision.
 */
export function findKey(map: usize, key: usize, out: usize): bool {
  if (tagOf(map) == Tag.JsonMap) {
    const value = tagOf(key) == Tag.String ? findMember(map, key) : 0;
    if (value) loadValue(out, value);
    return value != 0;
  }
  if (auxOf(map) == SORTED) {
    const found = findSorted(startOf(map), lengthOf(map), 2 * CELL, key);
    if (found) copyCell(out, found + CELL);
    return found != 0;
  }
  let best: i32 = KeyMatch.None;
  let pair = startOf(map);
  for (let left = countOf(map); left > 0 && charge(1); left--) {
    const match = matchKey(pair, key);
    if (match > best) {
      best = match;
      copyCell(out, pair + CELL);
    }
    pair += 2 * CELL;
  }
  return best != KeyMatch.None;
}

/** Finds what equals `key` among `count` cells of one type in ascending order, `step` bytes apart; 0 when nothing does. */
export function findSorted(first: usize, count: u32, step: usize, key: usize): usize {
  let low: u32 = 0;
  let high = count;
  while (low < high && charge(1)) {
    const middle = (low + high) >> 1;
    const cell = first + <usize>middle * step;
    const order = compare(key, cell); // UNORDERED: of another type, and then nothing equals it
    if (!order) return cell;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return 0;
}

/** How well a key of a map matches the key that is looked up; of several that match, the best one counts. */
export enum KeyMatch {
  None = 0,
  Uint = 1, // a uint with the value of another numeric type
  Int = 2, //  an int likewise
  Same = 3, // same type, same value
}

export function matchKey(own: usize, key: usize): i32 {
  const tag = tagOf(own);
  if (tag == tagOf(key)) {
    const same = tag == Tag.String ? sameText(own, key) : intOf(own) == intOf(key);
    return same ? KeyMatch.Same : KeyMatch.None;
  }
  if ((tag != Tag.Int && tag != Tag.Uint) || !isNumeric(tagOf(key))) return KeyMatch.None;
  const isSame = tagOf(key) == Tag.Double ? isDouble(own, doubleOf(key)) : intOf(key) >= 0 && intOf(own) == intOf(key);
  if (!isSame) return KeyMatch.None;
  return tag == Tag.Int ? KeyMatch.Int : KeyMatch.Uint;
}

/** Whether an int or uint equals a double without loss of precision. */
function isDouble(own: usize, value: f64): bool {
  if (tagOf(own) == Tag.Int) return isInt(value) && <i64>value == intOf(own);
  return fitsUint(value) && trunc(value) == value && <u64>value == uintOf(own);
}

/** Whether a double can be truncated to an int (cel-go excludes the lowest int). */
export function fitsInt(value: f64): bool {
  return value > -9223372036854775808.0 && value < 9223372036854775808.0;
}

export function fitsUint(value: f64): bool {
  return value >= 0 && value < 18446744073709551616.0;
}

/** Whether a double is an int without loss of precision. */
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
  const result = compareWhole(a, b);
  return result ? result : sign(<i32>(nanosOf(a) - nanosOf(b)));
}

function sign(value: i32): i32 {
  return i32(value > 0) - i32(value < 0);
}

/** Compares two numbers. cel-go rounds an int or uint that meets a double to a double, so neighbours above 2^53 are equal. */
function compareNumbers(a: usize, b: usize): i32 {
  if (tagOf(a) != Tag.Double && tagOf(b) != Tag.Double) return compareWhole(a, b);
  const x = asDouble(a);
  const y = asDouble(b);
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : UNORDERED;
}

/** Compares payloads that are integers: one below zero is less, the others compare as unsigned. */
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
