// The conversions int(), uint(), double(), string(), bool(), bytes(), timestamp() and duration(), as cel-go 0.28.1 has
// them: text is read by the rules of Go's strconv and time. Each replaces its operand by the result or an error.
import { Tag } from "../program.ts";
import { charge, scratch, trimScratch } from "../runtime/budget.ts";
import {
  auxOf,
  doubleOf,
  endOf,
  intOf,
  isNumeric,
  lengthOf,
  setBool,
  setDouble,
  setError,
  setInt,
  setSpan,
  setUint,
  startOf,
  tagOf,
  uintOf,
} from "./cell.ts";
import { valueOf } from "../number/parse.ts";
import { digitsValue, fittingDigits, scanNumber, signAt, wordOf } from "../number/scan.ts";
import { MINUS } from "../text/chars.ts";
import { asDouble, fitsInt, fitsUint, isBelowZero } from "./compare.ts";
import { DOUBLE_ROOM, printDouble, printUint } from "../number/print.ts";
import { isUtf8, makeRaw } from "./string.ts";
import { BILLION, OTHER_ZONE, TIMESTAMP_ROOM, inUnits, isInRange, parseTimestamp, printTimestamp } from "./time.ts";
import { parseDuration } from "./duration.ts";

const LOWEST_INT: u64 = 0x8000000000000000;

/** 1 t T true True TRUE 0 f F false False FALSE, as wordOf reads them. */
const BOOLS: usize = memory.data<u64>([
  0x31, 0x74, 0x54, 0x74727565, 0x54727565, 0x54525545, 0x30, 0x66, 0x46, 0x66616c7365, 0x46616c7365, 0x46414c5345,
]);

/** Turns a value into one of the type `target`; an error when that cannot be. */
export function convert(target: u32, cell: usize): void {
  const tag = tagOf(cell);
  if (tag == target) return;
  if (tag == Tag.String ? !makeRaw(cell) || !parse(target, cell) : !cast(target, tag, cell)) setError(cell);
}

/** Turns a raw string into what it writes; false when it writes no such value. */
function parse(target: u32, cell: usize): bool {
  const start = startOf(cell);
  const end = endOf(cell);
  const sign = signAt(start, end);
  const first = start + usize(sign != 0);
  const negative = sign == MINUS;
  switch (target) {
    case Tag.Bool:
      return parseBool(cell);
    case Tag.Int: // strconv.ParseInt, base 10
      if (!isWhole(first, end, LOWEST_INT - u64(!negative))) return false;
      setInt(cell, <i64>(negative ? 0 - digitsValue(first, end) : digitsValue(first, end)));
      return true;
    case Tag.Uint:
      if (!isWhole(start, end, u64.MAX_VALUE)) return false;
      setUint(cell, digitsValue(start, end));
      return true;
    case Tag.Double:
      return parseDouble(cell, sign, first);
    case Tag.Bytes:
      store<u32>(cell, Tag.Bytes);
      return true;
    case Tag.Timestamp:
      return parseTimestamp(cell);
    default:
      return parseDuration(cell);
  }
}

/** Whether [start, end) are decimal digits that make a number of at most `most`. */
function isWhole(start: usize, end: usize, most: u64): bool {
  return start < end && fittingDigits(start, end, most) == end;
}

/** strconv.ParseFloat: decimal and hexadecimal numbers, infinities, NaN; out of range is an error. */
function parseDouble(cell: usize, sign: u32, first: usize): bool {
  if (!charge(64)) return false;
  const end = endOf(cell);
  const letters = wordOf(first, end, 0x20);
  let value: f64 = Infinity;
  // inf, infinity, nan
  if (letters == 0x696e66 || letters == 0x696e66696e697479) value = sign == MINUS ? -value : value;
  else if (letters == 0x6e616e && !sign) value = NaN;
  else {
    const number = scanNumber(startOf(cell), end);
    if (number) value = valueOf(number);
    if (abs(value) == Infinity) return false;
  }
  setDouble(cell, value);
  return true;
}

/** strconv.ParseBool. */
function parseBool(cell: usize): bool {
  const word = wordOf(startOf(cell), endOf(cell), 0);
  for (let i: usize = 0; i < 12; i++) {
    if (load<u64>(BOOLS + (i << 3)) == word) {
      setBool(cell, i < 6);
      return true;
    }
  }
  return false;
}

/** Turns a value that is no string into another type; false when it has no value there. */
// eslint-disable-next-line complexity -- a table: what may become what
function cast(target: u32, tag: u32, cell: usize): bool {
  switch (target) {
    case Tag.Int:
      if (tag == Tag.Double && fitsInt(doubleOf(cell))) store<i64>(cell, <i64>doubleOf(cell), 8);
      else if (tag != Tag.Timestamp && tag != Tag.Duration && (tag != Tag.Uint || intOf(cell) < 0)) return false;
      break;
    case Tag.Uint:
      if (tag == Tag.Double && fitsUint(doubleOf(cell))) store<u64>(cell, <u64>doubleOf(cell), 8);
      else if (tag != Tag.Int || intOf(cell) < 0) return false;
      break;
    case Tag.Double:
      if (!isNumeric(tag)) return false;
      store<f64>(cell, asDouble(cell), 8);
      break;
    case Tag.String:
      if (tag != Tag.Bytes) return write(cell);
      if (!charge(lengthOf(cell) >> 3) || !isUtf8(startOf(cell), endOf(cell))) return false;
      break;
    case Tag.Timestamp:
      if (tag != Tag.Int || !isInRange(intOf(cell))) return false;
      break;
    default:
      return false;
  }
  store<u64>(cell, target); // the payload is right
  return true;
}

/** string() of what is no text; false when it has no text form. */
function write(cell: usize): bool {
  const out = scratch(max(DOUBLE_ROOM, TIMESTAMP_ROOM) + 1);
  const end = out ? print(cell, out) : 0;
  if (!end) return false;
  trimScratch(end);
  setSpan(cell, Tag.String, 0, out, <u32>(end - out));
  return true;
}

/** Writes a value as string() does and returns the address behind it; 0 when it has no text form. */
function print(cell: usize, out: usize): usize {
  const tag = tagOf(cell);
  switch (tag) {
    case Tag.Bool:
      if (!intOf(cell)) {
        store<u32>(out, 0x736c6166); // fals
        store<u8>(out, 0x65, 4);
        return out + 5;
      }
      store<u32>(out, 0x65757274); // true
      return out + 4;
    case Tag.Int:
    case Tag.Uint:
      if (!isBelowZero(cell)) return printUint(uintOf(cell), out);
      store<u8>(out, 0x2d);
      return printUint(0 - uintOf(cell), out + 1);
    case Tag.Double:
    case Tag.Duration: {
      if (!charge(64)) return 0;
      if (tag == Tag.Double) return printDouble(doubleOf(cell), out, false);
      // Seconds as a double, and an s, as cel-go.
      const end = printDouble(inUnits(intOf(cell), BILLION), out, true);
      store<u8>(end, 0x73);
      return end + 1;
    }
    case Tag.Timestamp:
      return auxOf(cell) & OTHER_ZONE ? 0 : printTimestamp(cell, out);
    default:
      return 0;
  }
}
