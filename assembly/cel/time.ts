// Timestamps: RFC 3339 text as Go's time.Parse reads it, the accessors, and RFC3339Nano text.
// A timestamp cell is an instant. One that was parsed with an offset other than UTC is marked in aux: CEL would print it
// with that offset, so printing it is an error here.
import { Tag, TimePart } from "../program.ts";
import { auxOf, endOf, intOf, lengthOf, setError, setInt, setTimestamp, startOf, tagOf } from "./cell.ts";
import { dateOfDays, daysInMonth, daysOfDate, dayOf, monthOf, yearOf } from "./calendar.ts";
import { digitsValue, fittingDigits, isDigitAt, signAt } from "../number/scan.ts";
import { isText } from "../text/ascii.ts";
import { COLON, COMMA, DOT, MINUS, NUL, PLUS, UPPER_T, UPPER_Z, ZERO } from "../text/chars.ts";
import { makeRaw } from "./string.ts";

export const FIRST_SECOND: i64 = -62135596800; // 0001-01-01T00:00:00Z
const LAST_SECOND: i64 = 253402300799; //  9999-12-31T23:59:59Z
export const BILLION: i64 = 1000000000;
/** Bytes that a printed timestamp takes at most. */
export const TIMESTAMP_ROOM: u32 = 32;
/** Added to the nanoseconds in aux when the text had an offset other than UTC. */
export const OTHER_ZONE: u32 = 0x80000000;

const DAY: i64 = 86400;
/** The largest number in the name of a zone; Go takes larger ones, which make no sense. */
const MOST_IN_ZONE: u64 = 9999;
/** Returned in place of seconds east of UTC. */
const NO_ZONE: i32 = i32.MIN_VALUE;
/** A day long before the first one, from which days and seconds are counted where they must not be negative. */
const EARLY_DAY: i64 = -800000;

/** Nanoseconds of a timestamp, 0 … 999,999,999. */
export function nanosOf(cell: usize): i64 {
  return <i64>(auxOf(cell) & ~OTHER_ZONE);
}

/** Whether a count of seconds since 1970 lies in the years 1 to 9999. */
export function isInRange(seconds: i64): bool {
  return seconds >= FIRST_SECOND && seconds <= LAST_SECOND;
}

// The text that is being parsed: how far it has been read, where it ends, and whether something else was expected.
let at: usize = 0;
let end: usize = 0;
let failed: bool = false;

/** Reads exactly `count` digits, a number of at most `most`. */
function number(count: i32, most: u64): i32 {
  const first = at;
  at = fittingDigits(first, min(first + <usize>count, end), most);
  if (at != first + <usize>count) failed = true;
  return <i32>digitsValue(first, at);
}

/** The next character; NUL at the end. */
function peek(): u32 {
  return at < end ? load<u8>(at) : NUL;
}

function literal(c: u32): void {
  if (peek() == c) at++;
  else failed = true;
}

/** Reads exactly `count` digits, a number of at most `most`, and the character `c` after them. */
function field(count: i32, most: u64, c: u32): i32 {
  const value = number(count, most);
  literal(c);
  return value;
}

/** Parses a raw string as a timestamp; false when it is not the text of one. */
export function parseTimestamp(cell: usize): bool {
  openText(cell);
  const year = field(4, 9999, MINUS);
  const month = field(2, 12, MINUS);
  const day = field(2, 31, UPPER_T);
  const hour = field(isDigitAt(at + 1, end) ? 2 : 1, 23, COLON); // Go takes one digit here
  const minute = field(2, 59, COLON);
  const second = number(2, 59);
  const nanos = fraction();
  const offset = zone();
  if (failed || at != end || !month || !day || day > daysInMonth(year, month)) return false;
  const time = <i64>(hour * 3600 + minute * 60 + second - offset);
  const seconds = <i64>daysOfDate(year, month, day) * DAY + time;
  if (!isInRange(seconds)) return false;
  setTimestamp(cell, seconds, nanos | (offset ? OTHER_ZONE : 0));
  return true;
}

function openText(cell: usize): void {
  at = startOf(cell);
  end = endOf(cell);
  failed = false;
}

/** Nanoseconds of a fraction, if there is one; digits after the ninth are dropped. */
function fraction(): u32 {
  const c = peek();
  if ((c != DOT && c != COMMA) || !isDigitAt(at + 1, end)) return 0;
  at++;
  let value: u32 = 0;
  for (let place: u32 = 100000000; isDigitAt(at, end); at++) {
    value += (load<u8>(at) - ZERO) * place;
    place /= 10;
  }
  return value;
}

/** Seconds east of UTC of `Z` or ±hh:mm. */
function zone(): i32 {
  const c = peek();
  at++;
  if (c == UPPER_Z) return 0;
  if (c != PLUS && c != MINUS) failed = true;
  const hours = field(2, 24, COLON); // Go's bounds
  const minutes = number(2, 60);
  const offset = hours * 3600 + minutes * 60;
  return c == MINUS ? -offset : offset;
}

/** Seconds east of UTC of the zone in the string cell: nothing, UTC, or hours and minutes. NO_ZONE for other names. */
function parseZone(text: usize): i32 {
  if (!makeRaw(text)) return NO_ZONE;
  if (lengthOf(text) == 0 || isText(startOf(text), lengthOf(text), "UTC")) return 0;
  openText(text);
  const negative = load<u8>(at) == MINUS;
  const hours = signed();
  literal(COLON);
  const minutes = signed();
  if (failed || at != end) return NO_ZONE;
  return (negative ? hours * 60 - minutes : hours * 60 + minutes) * 60;
}

/** Reads an integer with an optional sign. */
function signed(): i32 {
  const c = signAt(at, end);
  at += usize(c != 0);
  const first = at;
  at = fittingDigits(first, end, MOST_IN_ZONE);
  if (at == first || isDigitAt(at, end)) failed = true;
  const value = <i32>digitsValue(first, at);
  return c == MINUS ? -value : value;
}

/** Replaces a timestamp or duration by a part of it; `zoneText` is a cell, or 0 for UTC. */
export function takePart(cell: usize, part: u32, zoneText: usize): void {
  const tag = tagOf(cell);
  const value = intOf(cell);
  if (tag == Tag.Duration && !zoneText && part >= <u32>TimePart.Hours) return setInt(cell, durationPart(value, part));
  if (tag != Tag.Timestamp) return setError(cell);
  const offset = zoneText ? offsetOf(zoneText) : 0;
  if (offset == NO_ZONE) setError(cell);
  else setInt(cell, <i64>timestampPart(value + <i64>offset, part, nanosOf(cell)));
}

/** Seconds east of UTC of the zone in a cell; NO_ZONE when it is not a string, or names none. */
function offsetOf(text: usize): i32 {
  return tagOf(text) == Tag.String ? parseZone(text) : NO_ZONE;
}

/** The day, counted from 1970-01-01, that a second is in. */
function dayAt(seconds: i64): i32 {
  return <i32>((seconds - EARLY_DAY * DAY) / DAY + EARLY_DAY);
}

function timestampPart(seconds: i64, part: u32, nanos: i64): i32 {
  const days = dayAt(seconds);
  const second = <i32>(seconds - <i64>days * DAY);
  const date = dateOfDays(days);
  switch (part) {
    case TimePart.FullYear:
      return yearOf(date);
    case TimePart.Month:
      return monthOf(date) - 1;
    case TimePart.DayOfYear:
      return days - daysOfDate(yearOf(date), 1, 1);
    case TimePart.DayOfMonth:
    case TimePart.Date:
      return dayOf(date) - i32(part == TimePart.DayOfMonth);
    case TimePart.DayOfWeek:
      return (days + 770004) % 7; // 1970-01-01 was a Thursday; 770000 is a multiple of 7, so that nothing is negative
    case TimePart.Hours:
      return second / 3600;
    case TimePart.Minutes:
      return (second / 60) % 60;
    case TimePart.Seconds:
      return second % 60;
    default:
      return <i32>(nanos / 1000000);
  }
}

/** Whole hours, minutes, seconds or milliseconds of a duration, through a double as in Go. */
function durationPart(nanos: i64, part: u32): i64 {
  if (part == TimePart.Milliseconds) return nanos / 1000000;
  const unit = part == TimePart.Hours ? 3600 * BILLION : part == TimePart.Minutes ? 60 * BILLION : BILLION;
  return <i64>inUnits(nanos, unit);
}

/** A duration in units of so many nanoseconds, as Go's Duration.Hours() and the like compute it. */
export function inUnits(nanos: i64, unit: i64): f64 {
  return <f64>(nanos / unit) + <f64>(nanos % unit) / <f64>unit;
}

/** Writes `width` digits, then the character `mark`, and returns the address after it. */
function printPadded(value: i32, width: i32, mark: u32, out: usize): usize {
  let left = value;
  for (let i = width - 1; i >= 0; i--) {
    store<u8>(out + i, ZERO + (left % 10));
    left /= 10;
  }
  store<u8>(out + width, mark);
  return out + width + 1;
}

/** Writes a timestamp as RFC3339Nano in UTC and returns the address after it. */
export function printTimestamp(cell: usize, out: usize): usize {
  const seconds = intOf(cell);
  const date = dateOfDays(dayAt(seconds));
  let q = printPadded(yearOf(date), 4, MINUS, out);
  q = printPadded(monthOf(date), 2, MINUS, q);
  q = printPadded(dayOf(date), 2, UPPER_T, q);
  q = printPadded(timestampPart(seconds, TimePart.Hours, 0), 2, COLON, q);
  q = printPadded(timestampPart(seconds, TimePart.Minutes, 0), 2, COLON, q);
  q = printPadded(timestampPart(seconds, TimePart.Seconds, 0), 2, DOT, q);
  const nanos = nanosOf(cell);
  if (nanos) {
    q = printPadded(<i32>nanos, 9, NUL, q) - 1;
    while (load<u8>(q - 1) == ZERO) q--;
  } else q--; // over the point
  store<u8>(q, UPPER_Z);
  return q + 1;
}
