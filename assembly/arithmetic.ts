// + - * / % and negation, with the overloads and the overflow checks of cel-go 0.28.1. The first operand is replaced by
// the result, or by an error when there is no such overload or the result does not fit.
import { Tag } from "./program.ts";
import { charge, scratch } from "./budget.ts";
import {
  CELL,
  auxOf,
  doubleOf,
  intOf,
  isList,
  isText,
  lengthOf,
  setDouble,
  setDuration,
  setError,
  setSpan,
  setTimestamp,
  tagOf,
} from "./cell.ts";
import { advance, countOf, openCursor } from "./cursor.ts";
import { copyPoints } from "./text.ts";
import { BILLION, OTHER_ZONE, isInRange, nanosOf } from "./time.ts";

const cursor: usize = memory.data(16, 8);

/** Keeps the type of `a` and gives it another value; an error when that overflowed. */
function settle(a: usize, value: i64, overflow: bool): void {
  if (overflow) setError(a);
  else store<i64>(a, value, 8);
}

export function add(a: usize, b: usize): void {
  const tag = tagOf(a);
  const other = tagOf(b);
  const x = intOf(a);
  const y = intOf(b);
  const sum = x + y;
  if (isList(a) && isList(b)) joinLists(a, b);
  else if (tag == Tag.Duration && other == Tag.Timestamp) shiftTime(a, b, x);
  else if (tag == Tag.Timestamp && other == Tag.Duration) shiftTime(a, a, y);
  else if (tag != other) setError(a);
  else if (tag == Tag.Double) setDouble(a, doubleOf(a) + doubleOf(b));
  else if (isText(tag)) joinTexts(a, b);
  else if (tag == Tag.Uint) settle(a, sum, <u64>sum < <u64>x);
  else settle(a, sum, !isSigned(tag) || ((x ^ sum) & (y ^ sum)) < 0);
}

function isSigned(tag: u32): bool {
  return tag == Tag.Int || tag == Tag.Duration;
}

export function subtract(a: usize, b: usize): void {
  const tag = tagOf(a);
  const other = tagOf(b);
  const x = intOf(a);
  const y = intOf(b);
  const difference = x - y;
  if (tag == Tag.Timestamp && other == Tag.Duration) {
    if (y == i64.MIN_VALUE) setError(a);
    else shiftTime(a, a, -y);
  } else if (tag != other) setError(a);
  else if (tag == Tag.Double) setDouble(a, doubleOf(a) - doubleOf(b));
  else if (tag == Tag.Timestamp) setDistance(a, b);
  else if (tag == Tag.Uint) settle(a, difference, <u64>x < <u64>y);
  else settle(a, difference, !isSigned(tag) || ((x ^ y) & (x ^ difference)) < 0);
}

export function multiply(a: usize, b: usize): void {
  const tag = tagOf(a);
  const x = intOf(a);
  const y = intOf(b);
  if (tag != tagOf(b)) setError(a);
  else if (tag == Tag.Double) setDouble(a, doubleOf(a) * doubleOf(b));
  else if (tag == Tag.Uint) settle(a, x * y, y != 0 && <u64>x > u64.MAX_VALUE / <u64>y);
  else settle(a, x * y, tag != Tag.Int || overflows(x, y));
}

/** Whether the product of two ints does not fit. */
function overflows(x: i64, y: i64): bool {
  if (x == 0 || y == 0) return false;
  if (x == -1 || y == -1) return x == i64.MIN_VALUE || y == i64.MIN_VALUE;
  return (x * y) / y != x;
}

/** Division, or with `remainder` the remainder, which doubles do not have. */
export function divide(a: usize, b: usize, remainder: bool): void {
  const tag = tagOf(a);
  const x = intOf(a);
  const y = intOf(b);
  if (tag != tagOf(b)) setError(a);
  else if (tag == Tag.Double) {
    if (remainder) setError(a);
    else setDouble(a, doubleOf(a) / doubleOf(b));
  } else if (y == 0) setError(a);
  else if (tag == Tag.Uint) settle(a, <i64>(remainder ? <u64>x % <u64>y : <u64>x / <u64>y), false);
  else if (tag != Tag.Int || (x == i64.MIN_VALUE && y == -1)) setError(a);
  else settle(a, remainder ? x % y : x / y, false);
}

export function negate(a: usize): void {
  const tag = tagOf(a);
  if (tag == Tag.Double) setDouble(a, -doubleOf(a));
  else settle(a, -intOf(a), !isSigned(tag) || intOf(a) == i64.MIN_VALUE);
}

/** out = the timestamp `time` moved by nanoseconds. */
function shiftTime(out: usize, time: usize, by: i64): void {
  let seconds = intOf(time) + by / BILLION;
  let nanos = nanosOf(time) + (by % BILLION);
  if (nanos < 0) {
    nanos += BILLION;
    seconds--;
  } else if (nanos >= BILLION) {
    nanos -= BILLION;
    seconds++;
  }
  if (isInRange(seconds)) setTimestamp(out, seconds, (<u32>nanos) | (auxOf(time) & OTHER_ZONE));
  else setError(out);
}

/** a = the duration between two timestamps; it fits for about 292 years. */
function setDistance(a: usize, b: usize): void {
  const seconds = intOf(a) - intOf(b);
  if (overflows(seconds, BILLION)) return setError(a);
  const nanos = nanosOf(a) - nanosOf(b);
  const whole = seconds * BILLION;
  const sum = whole + nanos;
  setDuration(a, sum);
  if (((whole ^ sum) & (nanos ^ sum)) < 0) setError(a);
}

function joinTexts(a: usize, b: usize): void {
  if (!lengthOf(b)) return;
  const room = <u64>lengthOf(a) + <u64>lengthOf(b);
  const out = room < u32.MAX_VALUE ? scratch(<u32>room) : 0;
  if (!out || !charge((<u32>room) >> 3)) return setError(a);
  setSpan(a, tagOf(a), 0, out, <u32>(copyPoints(b, copyPoints(a, out)) - out));
}

function joinLists(a: usize, b: usize): void {
  const count = <u32>countOf(a) + <u32>countOf(b);
  const out = count < 0x1000000 ? scratch(count * <u32>CELL) : 0;
  if (!out) return setError(a);
  copyItems(b, copyItems(a, out));
  setSpan(a, Tag.CellList, 0, out, count);
}

/** Writes the elements of a list to `out` and returns the address behind them. */
function copyItems(list: usize, out: usize): usize {
  let q = out;
  openCursor(cursor, list);
  while (advance(cursor, q)) q += CELL;
  return q;
}
