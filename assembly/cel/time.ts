// Timestamps: RFC 3339 text as Go's time.Parse takes it, the accessors, and RFC3339Nano text.
// A timestamp cell is an instant. A text with another offset than UTC is marked in aux, since its text form would
// show that offset in CEL; printing it is an error here.
import { Tag, TimePart } from "../program.ts";
import { auxOf, endOf, intOf, setError, setInt, setTimestamp, startOf, tagOf } from "./cell.ts";
import { dateOfDays, daysInMonth, daysOfDate, foundDay, foundMonth, foundYear } from "./calendar.ts";
import { digitsValue, fittingDigits, isDigitAt, signAt } from "../number/scan.ts";
import { MINUS } from "../text/chars.ts";
import { makeRaw } from "./string.ts";

export const FIRST_SECOND: i64 = -62135596800; // 0001-01-01T00:00:00Z
export const LAST_SECOND: i64 = 253402300799; //  9999-12-31T23:59:59Z
export const BILLION: i64 = 1000000000;
/** Bytes that a printed timestamp takes at most. */
export const TIMESTAMP_ROOM: u32 = 32;
/** aux: nanoseconds, and this when the text had another offset than UTC. */
export const OTHER_ZONE: u32 = 0x80000000;

const DAY: i64 = 86400;
const MOST_READ: u64 = 9999;

/** Nanoseconds of a timestamp, 0 … 999,999,999. */
export function nanosOf(cell: usize): i64 {
  return <i64>(auxOf(cell) & ~OTHER_ZONE);
}

/** Whether a count of seconds since 1970 lies in the years 1 to 9999. */
export function isInRange(seconds: i64): bool {
  return seconds >= FIRST_SECOND && seconds <= LAST_SECOND;
}

// The text that is being read.
let at: usize = 0;
let end: usize = 0;
let failed: bool = false;

/** Reads exactly `count` digits, which write at most `most`. */
function number(count: i32, most: u64): i32 {
  const first = at;
  at = fittingDigits(first, min(first + <usize>count, end), most);
  if (at != first + <usize>count) failed = true;
  return <i32>digitsValue(first, at);
}

/** The next character; 0 at the end. */
function peek(): u32 {
  return at < end ? load<u8>(at) : 0;
}

function literal(c: u32): void {
  if (peek() == c) at++;
  else failed = true;
}

/** Reads exactly `count` digits, which write at most `most`, and the character `c` behind them. */
function field(count: i32, most: u64, c: u32): i32 {
  const value = number(count, most);
  literal(c);
  return value;
}

/** Turns a raw string into the timestamp that it writes; false when it writes none. */
export function parseTimestamp(cell: usize): bool {
  openText(cell);
  const year = field(4, 9999, 0x2d);
  const month = field(2, 12, 0x2d);
  const day = field(2, 31, 0x54);
  const hour = field(isDigitAt(at + 1, end) ? 2 : 1, 23, 0x3a); // Go takes one digit here
  const minute = field(2, 59, 0x3a);
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

/** Nanoseconds of a fraction, if there is one; digits behind the ninth are dropped. */
function fraction(): u32 {
  const c = peek();
  if ((c != 0x2e && c != 0x2c) || !isDigitAt(at + 1, end)) return 0;
  at++;
  let value: u32 = 0;
  for (let place: u32 = 100000000; isDigitAt(at, end); at++) {
    value += (load<u8>(at) - 0x30) * place;
    place /= 10;
  }
  return value;
}

/** Seconds east of UTC of `Z` or ±hh:mm. */
function zone(): i32 {
  const c = peek();
  at++;
  if (c == 0x5a) return 0;
  if (c != 0x2b && c != 0x2d) failed = true;
  const hours = field(2, 24, 0x3a); // Go's bounds
  const minutes = number(2, 60);
  const offset = hours * 3600 + minutes * 60;
  return c == 0x2d ? -offset : offset;
}

/** Finds the seconds east of UTC that the string cell names: nothing, UTC, or hours and minutes. False for other names. */
function parseZone(text: usize): bool {
  if (!makeRaw(text)) return false;
  const length = endOf(text) - startOf(text);
  if (length == 0) return true;
  if (length == 3 && (load<u32>(startOf(text)) & 0xffffff) == 0x435455) return true; // UTC
  openText(text);
  const negative = load<u8>(at) == 0x2d;
  const hours = signed();
  literal(0x3a);
  const minutes = signed();
  offsetFound = (negative ? hours * 60 - minutes : hours * 60 + minutes) * 60;
  return !failed && at == end;
}

let offsetFound: i32 = 0;

/** An integer with an optional sign, below 10,000; Go takes larger ones, which make no sense. */
function signed(): i32 {
  const c = signAt(at, end);
  at += usize(c != 0);
  const first = at;
  at = fittingDigits(first, end, MOST_READ);
  if (at == first || isDigitAt(at, end)) failed = true;
  const value = <i32>digitsValue(first, at);
  return c == MINUS ? -value : value;
}

/** Replaces a timestamp or duration by a part of it; `zoneText` is a cell, or 0 for UTC. */
export function takePart(cell: usize, part: u32, zoneText: usize): void {
  const tag = tagOf(cell);
  const value = intOf(cell);
  offsetFound = 0;
  if (tag == Tag.Duration && !zoneText && part >= <u32>TimePart.Hours) setInt(cell, durationPart(value, part));
  else if (tag == Tag.Timestamp && (!zoneText || (tagOf(zoneText) == Tag.String && parseZone(zoneText)))) {
    setInt(cell, <i64>timestampPart(value + <i64>offsetFound, part, nanosOf(cell)));
  } else setError(cell);
}

function timestampPart(seconds: i64, part: u32, nanos: i64): i32 {
  const fromYear0 = seconds + 800000 * DAY; // nothing is negative
  const days = <i32>(fromYear0 / DAY) - 800000;
  const second = <i32>(fromYear0 % DAY);
  dateOfDays(days);
  switch (part) {
    case TimePart.FullYear:
      return foundYear();
    case TimePart.Month:
      return foundMonth() - 1;
    case TimePart.DayOfYear:
      return days - daysOfDate(foundYear(), 1, 1);
    case TimePart.DayOfMonth:
    case TimePart.Date:
      return foundDay() - i32(part == TimePart.DayOfMonth);
    case TimePart.DayOfWeek:
      return (days + 770004) % 7; // 1970-01-01 was a Thursday
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

/** Whole hours, minutes, seconds or milliseconds of a duration, by way of a double as in Go. */
function durationPart(nanos: i64, part: u32): i64 {
  if (part == TimePart.Milliseconds) return nanos / 1000000;
  const unit = part == TimePart.Hours ? 3600 * BILLION : part == TimePart.Minutes ? 60 * BILLION : BILLION;
  return <i64>inUnits(nanos, unit);
}

/** A duration in units of so many nanoseconds, as Go's Duration.Hours() and its like have it. */
export function inUnits(nanos: i64, unit: i64): f64 {
  return <f64>(nanos / unit) + <f64>(nanos % unit) / <f64>unit;
}

function printPadded(value: i32, width: i32, mark: u32, out: usize): usize {
  let left = value;
  for (let i = width - 1; i >= 0; i--) {
    store<u8>(out + i, 0x30 + (left % 10));
    left /= 10;
  }
  store<u8>(out + width, mark);
  return out + width + 1;
}

/** Writes a timestamp as RFC3339Nano in UTC and returns the address behind it. */
export function printTimestamp(cell: usize, out: usize): usize {
  const seconds = intOf(cell);
  let q = printPadded(timestampPart(seconds, TimePart.FullYear, 0), 4, 0x2d, out);
  q = printPadded(foundMonth(), 2, 0x2d, q);
  q = printPadded(foundDay(), 2, 0x54, q);
  q = printPadded(timestampPart(seconds, TimePart.Hours, 0), 2, 0x3a, q);
  q = printPadded(timestampPart(seconds, TimePart.Minutes, 0), 2, 0x3a, q);
  q = printPadded(timestampPart(seconds, TimePart.Seconds, 0), 2, 0x2e, q);
  const nanos = nanosOf(cell);
  if (nanos) {
    q = printPadded(<i32>nanos, 9, 0, q) - 1;
    while (load<u8>(q - 1) == 0x30) q--;
  } else q--;
  store<u8>(q, 0x5a);
  return q + 1;
}
