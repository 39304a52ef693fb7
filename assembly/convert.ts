// The conversions int(), uint(), double(), string(), bool(), bytes(), timestamp() and duration(), as cel-go 0.28.1 has
// them: text is read by the rules of Go's strconv and time. Each replaces its operand by the result or an error.
import { Tag } from "./program.ts";
import { charge, scratch, trimScratch } from "./budget.ts";
import {
  auxOf,
  doubleOf,
  endOf,
  intOf,
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
import { isHexNumber, parseHexNumber } from "./hex-number.ts";
import { isNumber, parseNumber } from "./number.ts";
import { fitsInt, fitsUint } from "./order.ts";
import { DOUBLE_ROOM, printDouble, printUint } from "./shortest.ts";
import { isUtf8, makeRaw } from "./text.ts";
import { BILLION, OTHER_ZONE, TIMESTAMP_ROOM, isInRange, parseTimestamp, printTimestamp } from "./time.ts";
import { parseDuration } from "./duration.ts";

const LOWEST_INT: u64 = 0x8000000000000000;

let magnitude: u64 = 0;

/** Reads [start, end) as decimal digits into `magnitude`; false when it is none or above 2^64 - 1. */
function parseDigits(start: usize, end: usize): bool {
  magnitude = 0;
  for (let p = start; p < end; p++) {
    const digit = <u64>load<u8>(p) - 0x30;
    if (digit > 9 || magnitude > 1844674407370955161 || (magnitude == 1844674407370955161 && digit > 5)) return false;
    magnitude = magnitude * 10 + digit;
  }
  return start < end;
}

export function toInt(cell: usize): void {
  switch (tagOf(cell)) {
    case Tag.Int:
      return;
    case Tag.Uint:
      if (intOf(cell) < 0) setError(cell);
      else setInt(cell, intOf(cell));
      return;
    case Tag.Double:
      if (fitsInt(doubleOf(cell))) setInt(cell, <i64>doubleOf(cell));
      else setError(cell);
      return;
    case Tag.String:
      return textToInt(cell);
    case Tag.Timestamp:
    case Tag.Duration:
      return setInt(cell, intOf(cell));
    default:
      setError(cell);
  }
}

/** strconv.ParseInt, base 10. */
function textToInt(cell: usize): void {
  if (!makeRaw(cell)) return setError(cell);
  const start = startOf(cell);
  const first: u32 = lengthOf(cell) ? load<u8>(start) : 0;
  const negative = first == 0x2d;
  if (!parseDigits(start + usize(negative || first == 0x2b), endOf(cell))) return setError(cell);
  if (negative ? magnitude > LOWEST_INT : magnitude >= LOWEST_INT) setError(cell);
  else setInt(cell, negative ? <i64>(0 - magnitude) : <i64>magnitude);
}

export function toUint(cell: usize): void {
  const tag = tagOf(cell);
  if (tag == Tag.Uint) return;
  if (tag == Tag.Int && intOf(cell) >= 0) setUint(cell, uintOf(cell));
  else if (tag == Tag.Double && fitsUint(doubleOf(cell))) setUint(cell, <u64>doubleOf(cell));
  else if (tag == Tag.String && makeRaw(cell) && parseDigits(startOf(cell), endOf(cell))) setUint(cell, magnitude);
  else setError(cell);
}

export function toDouble(cell: usize): void {
  const tag = tagOf(cell);
  if (tag == Tag.Double) return;
  if (tag == Tag.Int) setDouble(cell, <f64>intOf(cell));
  else if (tag == Tag.Uint) setDouble(cell, <f64>uintOf(cell));
  else if (tag == Tag.String && makeRaw(cell)) textToDouble(cell);
  else setError(cell);
}

/** strconv.ParseFloat: decimal and hexadecimal numbers, infinities, NaN; out of range is an error. */
function textToDouble(cell: usize): void {
  const start = startOf(cell);
  const end = endOf(cell);
  if (!charge(64 + (lengthOf(cell) >> 3))) return setError(cell);
  const signed = start < end && (load<u8>(start) == 0x2d || load<u8>(start) == 0x2b);
  const word = start + usize(signed);
  if (isWord(word, end, "infinity") || isWord(word, end, "inf")) {
    return setDouble(cell, load<u8>(start) == 0x2d ? -Infinity : Infinity);
  }
  if (isWord(start, end, "nan")) return setDouble(cell, NaN);
  let value: f64 = Infinity;
  if (isNumber(start, end)) value = parseNumber(start, end);
  else if (isHexNumber(start, end)) value = parseHexNumber();
  if (abs(value) == Infinity) setError(cell);
  else setDouble(cell, value);
}

/** Whether the text is the ASCII word, in any case. */
function isWord(start: usize, end: usize, word: string): bool {
  if (<i32>(end - start) != word.length) return false;
  for (let i = 0; i < word.length; i++) {
    if ((load<u8>(start + i) | 0x20) != word.charCodeAt(i)) return false;
  }
  return true;
}

/** strconv.ParseBool. */
export function toBool(cell: usize): void {
  if (tagOf(cell) == Tag.Bool) return;
  if (tagOf(cell) != Tag.String || !makeRaw(cell)) return setError(cell);
  const yes = isOneOf(cell, "1 t T true True TRUE ");
  if (yes || isOneOf(cell, "0 f F false False FALSE ")) setBool(cell, yes);
  else setError(cell);
}

/** Whether a raw string is one of the ASCII words, each of which is followed by a blank. */
function isOneOf(cell: usize, words: string): bool {
  const length = <i32>lengthOf(cell);
  let matched = 0; // characters of the current word; -1 when it is another one
  for (let i = 0; i < words.length; i++) {
    const c = words.charCodeAt(i);
    if (c == 0x20) {
      if (matched == length) return true;
      matched = 0;
    } else if (matched >= 0) matched = matched < length && load<u8>(startOf(cell) + matched) == c ? matched + 1 : -1;
  }
  return false;
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
