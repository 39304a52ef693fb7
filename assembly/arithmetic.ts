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
  lengthOf,
  setDouble,
  setDuration,
  setError,
  setInt,
  setSpan,
  setTimestamp,
  setUint,
  tagOf,
  uintOf,
} from "./cell.ts";
import { advance, countOf, openCursor } from "./cursor.ts";
import { copyPoints } from "./text.ts";
import { BILLION, OTHER_ZONE, isInRange, nanosOf } from "./time.ts";

const cursor: usize = memory.data(16, 8);

export function add(a: usize, b: usize): void {
  const tag = tagOf(a);
  if (isList(a) && isList(b)) return joinLists(a, b);
  if (tag == Tag.Duration && tagOf(b) == Tag.Timestamp) return shiftTime(a, b, intOf(a));
  if (tag == Tag.Timestamp && tagOf(b) == Tag.Duration) return shiftTime(a, a, intOf(b));
  if (tag != tagOf(b)) return setError(a);
  if (tag == Tag.Double) setDouble(a, doubleOf(a) + doubleOf(b));
  else if (tag == Tag.String || tag == Tag.Bytes) joinTexts(a, b);
  else if (tag == Tag.Uint) {
    const sum = uintOf(a) + uintOf(b);
    if (sum < uintOf(a)) setError(a);
    else setUint(a, sum);
  } else if (tag == Tag.Int || tag == Tag.Duration) {
    const sum = intOf(a) + intOf(b);
    if (((intOf(a) ^ sum) & (intOf(b) ^ sum)) < 0) setError(a);
    else store<i64>(a, sum, 8);
  } else setError(a);
}

export function subtract(a: usize, b: usize): void {
  const tag = tagOf(a);
  if (tag == Tag.Timestamp && tagOf(b) == Tag.Duration) {
    if (intOf(b) == i64.MIN_VALUE) return setError(a);
    return shiftTime(a, a, -intOf(b));
  }
  if (tag != tagOf(b)) return setError(a);
  if (tag == Tag.Double) setDouble(a, doubleOf(a) - doubleOf(b));
  else if (tag == Tag.Timestamp) setDistance(a, b);
  else if (tag == Tag.Uint) {
    if (uintOf(a) < uintOf(b)) setError(a);
    else setUint(a, uintOf(a) - uintOf(b));
  } else if (tag == Tag.Int || tag == Tag.Duration) {
    const difference = intOf(a) - intOf(b);
    if (((intOf(a) ^ intOf(b)) & (intOf(a) ^ difference)) < 0) setError(a);
    else store<i64>(a, difference, 8);
  } else setError(a);
}

export function multiply(a: usize, b: usize): void {
  const tag = tagOf(a);
  if (tag != tagOf(b)) setError(a);
  else if (tag == Tag.Double) setDouble(a, doubleOf(a) * doubleOf(b));
  else if (tag == Tag.Uint) {
    const y = uintOf(b);
    if (y != 0 && uintOf(a) > u64.MAX_VALUE / y) setError(a);
    else setUint(a, uintOf(a) * y);
  } else if (tag == Tag.Int) {
    if (overflows(intOf(a), intOf(b))) setError(a);
    else setInt(a, intOf(a) * intOf(b));
  } else setError(a);
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
  if (tag != tagOf(b)) setError(a);
  else if (tag == Tag.Double && !remainder) setDouble(a, doubleOf(a) / doubleOf(b));
  else if (tag == Tag.Uint) {
    if (uintOf(b) == 0) setError(a);
    else setUint(a, remainder ? uintOf(a) % uintOf(b) : uintOf(a) / uintOf(b));
  } else if (tag == Tag.Int) {
    if (intOf(b) == 0 || (intOf(a) == i64.MIN_VALUE && intOf(b) == -1)) setError(a);
    else setInt(a, remainder ? intOf(a) % intOf(b) : intOf(a) / intOf(b));
  } else setError(a);
}

export function negate(a: usize): void {
  const tag = tagOf(a);
  if (tag == Tag.Double) setDouble(a, -doubleOf(a));
  else if ((tag != Tag.Int && tag != Tag.Duration) || intOf(a) == i64.MIN_VALUE) setError(a);
  else store<i64>(a, -intOf(a), 8);
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
  if (isInRange(seconds)) setTimestamp(out, seconds, <u32>nanos | (auxOf(time) & OTHER_ZONE));
  else setError(out);
}

/** a = the duration between two timestamps; it fits for about 292 years. */
function setDistance(a: usize, b: usize): void {
  const seconds = intOf(a) - intOf(b);
  if (overflows(seconds, BILLION)) return setError(a);
  const nanos = nanosOf(a) - nanosOf(b);
  const whole = seconds * BILLION;
  const sum = whole + nanos;
  if (((whole ^ sum) & (nanos ^ sum)) < 0) setError(a);
  else setDuration(a, sum);
}

function joinTexts(a: usize, b: usize): void {
  if (!lengthOf(b)) return;
  const room = <u64>lengthOf(a) + <u64>lengthOf(b);
  const out = room < u32.MAX_VALUE ? scratch(<u32>room) : 0;
  if (!out || !charge(<u32>room >> 3)) return setError(a);
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
