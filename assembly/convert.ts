// The conversions int(), uint(), double(), string(), bool(), bytes(), timestamp() and duration(), as cel-go 0.28.1 has
// them: text is read by the rules of Go's strconv and time. Each replaces its operand by the result or an error.
import { Tag } from "./program.ts";
import { charge, scratch, trimScratch } from "./budget.ts";
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
  setTimestamp,
  setUint,
  startOf,
  tagOf,
  uintOf,
} from "./cell.ts";
import { numberRead } from "./number.ts";
import { MINUS, isNumber, readDigits, signAt, whole, wholeEnd } from "./number-text.ts";
import { asDouble, fitsInt, fitsUint } from "./order.ts";
import { DOUBLE_ROOM, printDouble, printUint } from "./shortest.ts";
import { isUtf8, makeRaw } from "./text.ts";
import { BILLION, OTHER_ZONE, TIMESTAMP_ROOM, isInRange, parseTimestamp, printTimestamp } from "./time.ts";
import { parseDuration } from "./duration.ts";

const LOWEST_INT: u64 = 0x8000000000000000;

/** 1 t T true True TRUE 0 f F false False FALSE, as wordOf reads them. */
const BOOLS: usize = memory.data<u64>([
  0x31, 0x74, 0x54, 0x74727565, 0x54727565, 0x54525545, 0x30, 0x66, 0x46, 0x66616c7365, 0x46616c7365, 0x46414c5345,
]);

/** Reads [start, end) as decimal digits into `whole`; false when it is none or above `most`. */
function isWhole(start: usize, end: usize, most: u64): bool {
  readDigits(start, end, most);
  return start < end && wholeEnd == end;
}

export function toInt(cell: usize): void {
  const tag = tagOf(cell);
  const isSame = tag == Tag.Int || tag == Tag.Timestamp || tag == Tag.Duration;
  if (tag == Tag.String) textToInt(cell);
  else if (tag == Tag.Double && fitsInt(doubleOf(cell))) setInt(cell, <i64>doubleOf(cell));
  else if (isSame || (tag == Tag.Uint && intOf(cell) >= 0)) setInt(cell, intOf(cell));
  else setError(cell);
}

/** strconv.ParseInt, base 10. */
function textToInt(cell: usize): void {
  if (!makeRaw(cell)) return setError(cell);
  const start = startOf(cell);
  const sign = signAt(start, endOf(cell));
  const negative = sign == MINUS;
  const most = LOWEST_INT - <u64>(!negative);
  if (isWhole(start + usize(sign != 0), endOf(cell), most)) setInt(cell, <i64>(negative ? 0 - whole : whole));
  else setError(cell);
}

export function toUint(cell: usize): void {
  const tag = tagOf(cell);
  if (tag == Tag.Uint) return;
  if (tag == Tag.Int && intOf(cell) >= 0) setUint(cell, uintOf(cell));
  else if (tag == Tag.Double && fitsUint(doubleOf(cell))) setUint(cell, <u64>doubleOf(cell));
  else if (tag == Tag.String && makeRaw(cell) && isWhole(startOf(cell), endOf(cell), u64.MAX_VALUE)) setUint(cell, whole);
  else setError(cell);
}

export function toDouble(cell: usize): void {
  if (isNumeric(tagOf(cell))) setDouble(cell, asDouble(cell));
  else if (tagOf(cell) == Tag.String && makeRaw(cell)) textToDouble(cell);
  else setError(cell);
}

/** strconv.ParseFloat: decimal and hexadecimal numbers, infinities, NaN; out of range is an error. */
function textToDouble(cell: usize): void {
  const start = startOf(cell);
  const end = endOf(cell);
  if (!charge(64 + (lengthOf(cell) >> 3))) return setError(cell);
  const sign = signAt(start, end);
  const letters = wordOf(start + usize(sign != 0), end, 0x20);
  if (letters == 0x696e66 || letters == 0x696e66696e697479) {
    return setDouble(cell, sign == MINUS ? -Infinity : Infinity); // inf, infinity
  }
  if (letters == 0x6e616e && !sign) return setDouble(cell, NaN); // nan
  const value = isNumber(start, end) ? numberRead() : Infinity;
  if (abs(value) == Infinity) setError(cell);
  else setDouble(cell, value);
}

/** Up to eight bytes as one number, the first on top, with the bits of `fold` set in each; 0 for others and for more. */
function wordOf(start: usize, end: usize, fold: u32): u64 {
  let word: u64 = 0;
  for (let p = start; p < end; p++) {
    const c = (<u32>load<u8>(p)) | fold;
    if (!c || end - start > 8) return 0;
    word = (word << 8) | (<u64>c);
  }
  return word;
}

/** strconv.ParseBool. */
export function toBool(cell: usize): void {
  if (tagOf(cell) == Tag.Bool) return;
  const word = tagOf(cell) == Tag.String && makeRaw(cell) ? wordOf(startOf(cell), endOf(cell), 0) : 0;
  setError(cell);
  for (let i: usize = 0; i < 12; i++) {
    if (load<u64>(BOOLS + (i << 3)) == word) setBool(cell, i < 6);
  }
}

export function toBytes(cell: usize): void {
  const tag = tagOf(cell);
  if (tag == Tag.Bytes) return;
  if (tag == Tag.String && makeRaw(cell)) store<u32>(cell, Tag.Bytes);
  else setError(cell);
}

export function toTimestamp(cell: usize): void {
  const tag = tagOf(cell);
  if (tag == Tag.Timestamp) return;
  if (tag == Tag.String) parseTimestamp(cell);
  else if (tag == Tag.Int && isInRange(intOf(cell))) setTimestamp(cell, intOf(cell), 0);
  else setError(cell);
}

export function toDuration(cell: usize): void {
  const tag = tagOf(cell);
  if (tag == Tag.Duration) return;
  if (tag == Tag.String) parseDuration(cell);
  else setError(cell);
}

export function toText(cell: usize): void {
  const tag = tagOf(cell);
  if (tag == Tag.String) return;
  if (tag == Tag.Bytes) {
    if (charge(lengthOf(cell) >> 3) && isUtf8(startOf(cell), endOf(cell))) store<u32>(cell, Tag.String);
    else setError(cell);
    return;
  }
  const out = scratch(max(DOUBLE_ROOM, TIMESTAMP_ROOM) + 1);
  const end = out ? print(cell, out) : 0;
  if (!end) return setError(cell);
  trimScratch(end);
  setSpan(cell, Tag.String, 0, out, <u32>(end - out));
}

/** Writes a value as string() does and returns the address behind it; 0 when it has no text form. */
function print(cell: usize, out: usize): usize {
  switch (tagOf(cell)) {
    case Tag.Bool:
      if (!intOf(cell)) {
        store<u32>(out, 0x736c6166); // fals
        store<u8>(out, 0x65, 4);
        return out + 5;
      }
      store<u32>(out, 0x65757274); // true
      return out + 4;
    case Tag.Int:
      if (intOf(cell) >= 0) return printUint(uintOf(cell), out);
      store<u8>(out, 0x2d);
      return printUint(0 - uintOf(cell), out + 1);
    case Tag.Uint:
      return printUint(uintOf(cell), out);
    case Tag.Double:
      return charge(64) ? printDouble(doubleOf(cell), out, false) : 0;
    case Tag.Timestamp:
      return auxOf(cell) & OTHER_ZONE ? 0 : printTimestamp(cell, out);
    case Tag.Duration:
      return printDuration(intOf(cell), out);
    default:
      return 0;
  }
}

/** Seconds as a double, and an s, as cel-go. */
function printDuration(nanos: i64, out: usize): usize {
  const seconds = <f64>(nanos / BILLION) + <f64>(nanos % BILLION) / 1e9;
  const end = charge(64) ? printDouble(seconds, out, true) : 0;
  if (end) store<u8>(end, 0x73);
  return end ? end + 1 : 0;
}
