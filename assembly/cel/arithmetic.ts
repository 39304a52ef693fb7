// + - * / % and negation, with the overloads and the overflow checks of cel-go 0.28.1. The first operand is replaced by the
// result, or by an error when there is no such overload or the result overflows.
import { Op, Tag } from "../program.ts";
import { charge, scratch } from "../runtime/budget.ts";
import {
  CELL,
  MOST_CELLS,
  auxOf,
  doubleOf,
  intOf,
  isList,
  isText,
  isWithin,
  lengthOf,
  setDouble,
  setDuration,
  setError,
  setPayload,
  setSpan,
  setTimestamp,
  tagOf,
} from "./cell.ts";
import { CURSOR, Cursor, advance, countOf, openCursor } from "./cursor.ts";
import { copyPoints } from "./string.ts";
import { BILLION, OTHER_ZONE, isInRange, nanosOf } from "./time.ts";

const cursor = changetype<Cursor>(memory.data(CURSOR, 8));

/** a op b for the five operators Add … Mod. */
export function calculate(op: i32, a: usize, b: usize): void {
  const tag = tagOf(a);
  if (op == Op.Add && isList(a) && isList(b)) joinLists(a, b);
  else if (tag != tagOf(b)) calculateMixed(op, a, b);
  else if (tag == Tag.Double && op != Op.Mod) setDouble(a, doubleResult(op, doubleOf(a), doubleOf(b)));
  else if (op == Op.Add && isText(tag)) joinTexts(a, b);
  else if (op == Op.Sub && tag == Tag.Timestamp) setDistance(a, b);
  else setWhole(op, a, intOf(a), intOf(b));
}

/** The only operands of different types are a timestamp and a duration: their sum, and their difference. */
function calculateMixed(op: i32, a: usize, b: usize): void {
  const x = intOf(a);
  const y = intOf(b);
  const isMoment = tagOf(a) == Tag.Timestamp && tagOf(b) == Tag.Duration;
  if (isMoment && op == Op.Add) shiftTime(a, a, y);
  else if (isMoment && op == Op.Sub && y != i64.MIN_VALUE) shiftTime(a, a, -y);
  else if (op == Op.Add && tagOf(a) == Tag.Duration && tagOf(b) == Tag.Timestamp) shiftTime(a, b, x);
  else setError(a);
}

function doubleResult(op: i32, x: f64, y: f64): f64 {
  return op == Op.Add ? x + y : op == Op.Sub ? x - y : op == Op.Mul ? x * y : x / y;
}

/** Gives `a` the value x op y; an error when that overflows its type, or the type does not have the operator. */
function setWhole(op: i32, a: usize, x: i64, y: i64): void {
  const tag = tagOf(a);
  const signed = tag != Tag.Uint;
  if (!isWithin(tag, Tag.Int, Tag.Uint) && (tag != Tag.Duration || op > Op.Sub)) return setError(a);
  let value: i64;
  let fits = true;
  switch (op) {
    case Op.Add:
      value = x + y;
      fits = signed ? ((x ^ value) & (y ^ value)) >= 0 : <u64>value >= <u64>x;
      break;
    case Op.Sub:
      value = x - y;
      fits = signed ? ((x ^ y) & (x ^ value)) >= 0 : <u64>x >= <u64>y;
      break;
    case Op.Mul:
      value = x * y;
      fits = signed ? !overflows(x, y) : y == 0 || <u64>value / <u64>y == <u64>x;
      break;
    default:
      if (y == 0 || (signed && y == -1 && x == i64.MIN_VALUE)) return setError(a);
      value = quotient(op == Op.Mod, signed, x, y);
  }
  if (fits) setPayload(a, value);
  else setError(a);
}

function quotient(remainder: bool, signed: bool, x: i64, y: i64): i64 {
  if (signed) return remainder ? x % y : x / y;
  return <i64>(remainder ? <u64>x % <u64>y : <u64>x / <u64>y);
}

/** Whether the product of two ints overflows. */
function overflows(x: i64, y: i64): bool {
  if (y == -1) return x == i64.MIN_VALUE;
  return y != 0 && (x * y) / y != x;
}

export function negate(a: usize): void {
  const tag = tagOf(a);
  if (tag == Tag.Double) setDouble(a, -doubleOf(a));
  else if (tag == Tag.Uint) setError(a);
  else setWhole(Op.Sub, a, 0, intOf(a));
}

/** out = the timestamp `time` moved by so many nanoseconds. */
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

/** a = the duration between two timestamps; up to about 292 years fit. */
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
  const room = lengthOf(a) + lengthOf(b); // does not overflow: neither is above 2^30
  const out = scratch(room);
  if (!out || !charge(room >> 1)) return setError(a);
  setSpan(a, tagOf(a), 0, out, <u32>(copyPoints(b, copyPoints(a, out)) - out));
}

function joinLists(a: usize, b: usize): void {
  const count = <u32>countOf(a) + <u32>countOf(b);
  const out = count <= MOST_CELLS ? scratch(count * <u32>CELL) : 0;
  if (!out) return setError(a);
  copyItems(b, copyItems(a, out));
  setSpan(a, Tag.CellList, 0, out, count);
}

/** Writes the elements of a list to `out` and returns the address after them. */
function copyItems(list: usize, out: usize): usize {
  let q = out;
  openCursor(cursor, list);
  while (advance(cursor, q)) q += CELL;
  return q;
}
