// The conversions int(), uint(), double(), string(), bool(), bytes(), timestamp() and duration() of cel-go 0.28.1: text is
// parsed by the rules of Go's strconv and time. Each replaces its operand by the result or an error.
import { Tag } from "../program.ts";
import { charge, scratch, trimScratch } from "../runtime/budget.ts";
import {
  auxOf,
  doubleOf,
  endOf,
  intOf,
  isNumeric,
  lengthOf,
  retype,
  setBool,
  setDouble,
  setError,
  setInt,
  setPayload,
  setSpan,
  setUint,
  startOf,
  tagOf,
  uintOf,
} from "./cell.ts";
import { valueOf } from "../number/parse.ts";
import { digitsValue, fittingDigits, scanNumber, signAt } from "../number/scan.ts";
import { bytesOf, copyBytes, isText, isTextFolded, sizeOf } from "../text/ascii.ts";
import { LOWER_S, MINUS } from "../text/chars.ts";
import { Span, spanLength, spanOf, spanStart } from "../text/span.ts";
import { asDouble, fitsInt, fitsUint, isBelowZero } from "./compare.ts";
import { DOUBLE_ROOM, printDouble, printUint } from "../number/print.ts";
import { isUtf8, makeRaw } from "./string.ts";
import { BILLION, OTHER_ZONE, TIMESTAMP_ROOM, inUnits, isInRange, parseTimestamp, printTimestamp } from "./time.ts";
import { parseDuration } from "./duration.ts";

const LOWEST_INT: u64 = 0x8000000000000000;

/** Converts a value to the type with the tag `target`; to an error when it cannot be converted. */
export function convert(target: u32, cell: usize): void {
  const tag = tagOf(cell);
  if (tag == target) return;
  if (tag == Tag.String ? !makeRaw(cell) || !parse(target, cell) : !cast(target, tag, cell)) setError(cell);
}

/** Parses a raw string as `target`; false when it is not the text of such a value. */
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
      retype(cell, Tag.Bytes);
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
  if (!charge(64 + (lengthOf(cell) >> 2))) return false;
  const end = endOf(cell);
  const word = spanOf(first, <u32>(end - first));
  let value: f64 = Infinity;
  if (isWordFolded(word, "inf") || isWordFolded(word, "infinity")) value = sign == MINUS ? -value : value;
  else if (isWordFolded(word, "nan") && !sign) value = NaN;
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
  const word = spanOf(startOf(cell), lengthOf(cell));
  const truth = isTrueWord(word);
  if (!truth && !isFalseWord(word)) return false;
  setBool(cell, truth);
  return true;
}

function isTrueWord(word: Span): bool {
  if (isWord(word, "1") || isWord(word, "t") || isWord(word, "T")) return true;
  return isWord(word, "true") || isWord(word, "True") || isWord(word, "TRUE");
}

function isFalseWord(word: Span): bool {
  if (isWord(word, "0") || isWord(word, "f") || isWord(word, "F")) return true;
  return isWord(word, "false") || isWord(word, "False") || isWord(word, "FALSE");
}

function isWord(text: Span, word: Ascii): bool {
  return isText(spanStart(text), spanLength(text), word);
}

function isWordFolded(text: Span, word: Ascii): bool {
  return isTextFolded(spanStart(text), spanLength(text), word);
}

/** Casts a value that is not a string to another type; false when it has no value of that type. */
// eslint-disable-next-line complexity -- a table: what can be cast to what
function cast(target: u32, tag: u32, cell: usize): bool {
  switch (target) {
    case Tag.Int:
      if (tag == Tag.Double && fitsInt(doubleOf(cell))) setPayload(cell, <i64>doubleOf(cell));
      else if (tag != Tag.Timestamp && tag != Tag.Duration && (tag != Tag.Uint || intOf(cell) < 0)) return false;
      break;
    case Tag.Uint:
      if (tag == Tag.Double && fitsUint(doubleOf(cell))) setPayload(cell, <u64>doubleOf(cell));
      else if (tag != Tag.Int || intOf(cell) < 0) return false;
      break;
    case Tag.Double:
      if (!isNumeric(tag)) return false;
      setPayload(cell, reinterpret<u64>(asDouble(cell)));
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
  retype(cell, target);
  return true;
}

/** string() of a value that is not text; false when it has no text form. */
function write(cell: usize): bool {
  const out = scratch(max(DOUBLE_ROOM, TIMESTAMP_ROOM) + 1);
  const end = out ? print(cell, out) : 0;
  if (!end) return false;
  trimScratch(end);
  setSpan(cell, Tag.String, 0, out, <u32>(end - out));
  return true;
}

/** Writes a value as string() does and returns the address after it; 0 when it has no text form. */
function print(cell: usize, out: usize): usize {
  const tag = tagOf(cell);
  switch (tag) {
    case Tag.Bool:
      return intOf(cell) ? printWord("true", out) : printWord("false", out);
    case Tag.Int:
    case Tag.Uint:
      if (!isBelowZero(cell)) return printUint(uintOf(cell), out);
      store<u8>(out, MINUS);
      return printUint(0 - uintOf(cell), out + 1);
    case Tag.Double:
    case Tag.Duration: {
      if (!charge(192)) return 0;
      if (tag == Tag.Double) return printDouble(doubleOf(cell), out, false);
      // Seconds as a double and an s, as in cel-go.
      const end = printDouble(inUnits(intOf(cell), BILLION), out, true);
      store<u8>(end, LOWER_S);
      return end + 1;
    }
    case Tag.Timestamp:
      return auxOf(cell) & OTHER_ZONE ? 0 : printTimestamp(cell, out);
    default:
      return 0;
  }
}

function printWord(word: Ascii, out: usize): usize {
  copyBytes(out, bytesOf(word), sizeOf(word));
  return out + <usize>sizeOf(word);
}
