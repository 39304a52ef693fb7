// Timestamps: RFC 3339 text as Go's time.Parse takes it, the accessors, and RFC3339Nano text.
// A timestamp cell is an instant. A text with another offset than UTC is marked in aux, since its text form would
// show that offset in CEL; printing it is an error here.
import { Tag, TimePart } from "./program.ts";
import { auxOf, endOf, intOf, setError, setInt, setTimestamp, startOf, tagOf } from "./cell.ts";
import { dateOfDays, daysInMonth, daysOfDate, foundDay, foundMonth, foundYear } from "./calendar.ts";
import { MINUS, isDigitAt, readDigits, signAt, whole, wholeEnd } from "./number-text.ts";
import { makeRaw } from "./text.ts";

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

/** Reads exactly `count` digits. */
function number(count: i32): i32 {
  const stop = at + <usize>count;
  at = readDigits(at, min(stop, end), MOST_READ);
  if (at != stop) failed = true;
  return <i32>whole;
}

/** The next character; 0 at the end. */
function peek(): u32 {
  return at < end ? load<u8>(at) : 0;
}

function literal(c: u32): void {
  if (peek() == c) at++;
  else failed = true;
}

/** Reads exactly `count` digits and the character `c` behind them. */
function field(count: i32, c: u32): i32 {
  const value = number(count);
  literal(c);
  return value;
}

/** Turns a raw string into the timestamp that it writes; false when it writes none. */
export function parseTimestamp(cell: usize): bool {
  at = startOf(cell);
  end = endOf(cell);
  failed = false;
  const year = field(4, 0x2d);
  const month = field(2, 0x2d);
  const day = field(2, 0x54);
  const hour = field(isDigitAt(at + 1, end) ? 2 : 1, 0x3a); // Go takes one digit here
  const minute = field(2, 0x3a);
  const second = number(2);
  const nanos = fraction();
  const offset = zone();
  if (failed || at != end || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return false;
  if (day < 1 || day > daysInMonth(year, month)) return false;
  const time = <i64>(hour * 3600 + minute * 60 + second - offset);
  const seconds = <i64>daysOfDate(year, month, day) * DAY + time;
  if (!isInRange(seconds)) return false;
  setTimestamp(cell, seconds, nanos | (offset ? OTHER_ZONE : 0));
  return true;
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
  const hours = field(2, 0x3a);
  const minutes = number(2);
  if (hours > 24 || minutes > 60) failed = true; // Go's bounds
  const offset = hours * 3600 + minutes * 60;
  return c == 0x2d ? -offset : offset;
}

/** Seconds east of UTC that the string cell names: nothing, UTC, or hours and minutes. False for other names. */
function parseZone(text: usize): bool {
  offsetFound = 0;
  if (!makeRaw(text)) return false;
  const length = endOf(text) - startOf(text);
  if (length == 0) return true;
  if (length == 3 && (load<u32>(startOf(text)) & 0xffffff) == 0x435455) return true; // UTC
  at = startOf(text);
  end = endOf(text);
  failed = false;
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
  at = readDigits(at, end, MOST_READ);
  if (at == first || at != wholeEnd) failed = true;
  const value = <i32>whole;
  return c == MINUS ? -value : value;
}

/** Replaces a timestamp or duration by a part of it; `zoneText` is a string cell, or 0 for UTC. */
export function takePart(cell: usize, part: u32, zoneText: usize): void {
  const tag = tagOf(cell);
  if (tag == Tag.Duration && !zoneText) takeDurationPart(cell, part);
  else if (tag != Tag.Timestamp || (zoneText && tagOf(zoneText) != Tag.String)) setError(cell);
  else if (zoneText && !parseZone(zoneText)) setError(cell);
  else setInt(cell, <i64>timestampPart(intOf(cell) + <i64>(zoneText ? offsetFound : 0), part, nanosOf(cell)));
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
      return foundDay() - 1;
    case TimePart.Date:
      return foundDay();
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
function takeDurationPart(cell: usize, part: u32): void {
  const nanos = intOf(cell);
  if (part < <u32>TimePart.Hours) return setError(cell);
  if (part == TimePart.Milliseconds) return setInt(cell, nanos / 1000000);
  const unit = part == TimePart.Hours ? 3600 * BILLION : part == TimePart.Minutes ? 60 * BILLION : BILLION;
  setInt(cell, <i64>(<f64>(nanos / unit) + <f64>(nanos % unit) / <f64>unit));
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
