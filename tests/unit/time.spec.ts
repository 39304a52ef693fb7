import { openBudget, openScratch } from "../../assembly/runtime/budget.ts";
import { TimePart } from "../../assembly/program.ts";
import { parseDuration } from "../../assembly/cel/duration.ts";
import { parseTimestamp, printTimestamp, takePart } from "../../assembly/cel/time.ts";
import { dateOfDays, dayOf, daysOfDate, monthOf, yearOf } from "../../assembly/cel/calendar.ts";
import { setError, setInt } from "../../assembly/cel/cell.ts";
import { newCell, raw, show } from "./cells.ts";

function timestamp(text: string): string {
  const cell = raw(text);
  if (!parseTimestamp(cell)) setError(cell);
  return show(cell);
}

function duration(text: string): string {
  const cell = raw(text);
  if (!parseDuration(cell)) setError(cell);
  return show(cell);
}

function part(text: string, which: i32, zone: string = ""): string {
  const cell = raw(text);
  if (!parseTimestamp(cell)) setError(cell);
  takePart(cell, which, zone.length ? raw(zone) : 0);
  return show(cell);
}

/** Days of a month, without the module under test. */
function lastDay(year: i32, month: i32): i32 {
  const leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
  const days: i32[] = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return days[month - 1];
}

/** The timestamp printed again. */
function printed(text: string): string {
  const cell = raw(text);
  if (!parseTimestamp(cell)) setError(cell);
  const out = memory.data(64);
  return String.UTF8.decodeUnsafe(out, printTimestamp(cell, out) - out);
}

const wrongTimestamps = [
  "",
  "2024-01-01",
  "2024-01-01T00:00:00",
  "2024-01-01t00:00:00Z",
  "2024-01-01T00:00:00z",
  "2024-1-01T00:00:00Z",
  "2024-13-01T00:00:00Z",
  "2024-00-01T00:00:00Z",
  "2024-02-30T00:00:00Z",
  "2023-02-29T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2024-04-31T00:00:00Z",
  "2024-01-00T00:00:00Z",
  "2024-01-01T24:00:00Z",
  "2024-01-01T00:60:00Z",
  "2024-01-01T00:00:60Z",
  "2024-01-01T00:00:00.Z",
  "2024-01-01T00:00:00Z ",
  "0000-12-31T23:59:59Z",
  "2024-01-01T00:00:00+0200",
  "2024-01-01T00:00:00+02",
  "2024-01-01T00:00:00+25:00",
  "9999-12-31T23:59:59-01:00",
  "0001-01-01T00:00:00+00:01",
];
const wrongDurations = [
  "1\0s",
  "",
  "1",
  "-",
  "1d",
  "s",
  ".s",
  "1h 30m",
  "1hm",
  "h1",
  "1µ",
  "9223372036.854775808s",
  "2562048h",
  "1e3s",
  "٣s",
];

describe("time", () => {
  beforeEach(() => {
    openBudget(1000000, 0);
    openScratch();
  });

  test("every day from year 1 to 9999 has its date", () => {
    let year = 1;
    let month = 1;
    let day = 1;
    for (let days = -719162; days <= 2932896; days += 1) {
      const date = dateOfDays(days);
      if (
        yearOf(date) != year ||
        monthOf(date) != month ||
        dayOf(date) != day ||
        daysOfDate(year, month, day) != days
      ) {
        expect(days).toBe(0, "the first wrong day");
        return;
      }
      const last = lastDay(year, month);
      day = day == last ? 1 : day + 1;
      if (day == 1) month = month == 12 ? 1 : month + 1;
      if (day == 1 && month == 1) year++;
    }
    expect(year).toBe(10000);
  });

  test("timestamps parse as in Go", () => {
    expect(timestamp("1970-01-01T00:00:00Z")).toBe("@0.0");
    expect(timestamp("2009-02-13T23:31:30Z")).toBe("@1234567890.0");
    expect(timestamp("2009-02-13T23:31:30+02:00")).toBe("@1234560690.0");
    expect(timestamp("1969-12-31T23:59:59.5Z")).toBe("@-1.500000000");
    expect(timestamp("2024-02-29T5:00:00,1234567899Z")).toBe("@1709182800.123456789");
    expect(timestamp("0001-01-01T00:00:00Z")).toBe("@-62135596800.0");
    expect(timestamp("9999-12-31T23:59:59.999999999Z")).toBe("@253402300799.999999999");
    for (let i = 0; i < wrongTimestamps.length; i++)
      expect(timestamp(wrongTimestamps[i])).toBe("error", wrongTimestamps[i]);
  });

  test("accessors, in UTC and with an offset", () => {
    const text = "2024-12-31T23:30:15.123456789Z";
    expect(part(text, TimePart.FullYear)).toBe("2024");
    expect(part(text, TimePart.Month)).toBe("11");
    expect(part(text, TimePart.DayOfYear)).toBe("365");
    expect(part(text, TimePart.DayOfMonth)).toBe("30");
    expect(part(text, TimePart.Date)).toBe("31");
    expect(part(text, TimePart.DayOfWeek)).toBe("2");
    expect(part(text, TimePart.Milliseconds)).toBe("123");
    expect(part(text, TimePart.FullYear, "+00:30")).toBe("2025");
    expect(part(text, TimePart.DayOfYear, "01:00")).toBe("0");
    expect(part(text, TimePart.Hours, "-05:30")).toBe("18");
    expect(part(text, TimePart.Minutes, "UTC")).toBe("30");
    expect(part(text, TimePart.Hours, "Europe/Berlin")).toBe("error");
    expect(part(text, TimePart.Hours, "+1")).toBe("error");
    expect(part("0001-01-01T00:00:00Z", TimePart.DayOfWeek)).toBe("1");
    expect(part("0001-01-01T00:00:00Z", TimePart.FullYear, "-01:00")).toBe("0");
  });

  test("timestamps print as RFC3339Nano", () => {
    expect(printed("2024-02-29T12:30:45Z")).toBe("2024-02-29T12:30:45Z");
    expect(printed("0099-01-02T03:04:05.120Z")).toBe("0099-01-02T03:04:05.12Z");
    expect(printed("1969-12-31T23:59:59.000000001Z")).toBe("1969-12-31T23:59:59.000000001Z");
  });

  test("durations parse as in Go", () => {
    expect(duration("0")).toBe("0ns");
    expect(duration("90m")).toBe("5400000000000ns");
    expect(duration("-1.5h")).toBe("-5400000000000ns");
    expect(duration("1h30m15.5s")).toBe("5415500000000ns");
    expect(duration("+.5s")).toBe("500000000ns");
    expect(duration("1.s")).toBe("1000000000ns");
    expect(duration("1us2µs3μs4ms5ns")).toBe("4006005ns");
    expect(duration("9223372036.854775807s")).toBe("9223372036854775807ns");
    expect(duration("-9223372036.854775808s")).toBe("-9223372036854775808ns");
    expect(duration("0.0000000009s")).toBe("0ns");
    for (let i = 0; i < wrongDurations.length; i++)
      expect(duration(wrongDurations[i])).toBe("error", wrongDurations[i]);
  });

  test("parts of durations", () => {
    const cell = raw("-1h30m");
    parseDuration(cell);
    takePart(cell, TimePart.Minutes, 0);
    expect(show(cell)).toBe("-90");
    const year = raw("1h");
    parseDuration(year);
    takePart(year, TimePart.FullYear, 0);
    expect(show(year)).toBe("error");
    const number = newCell();
    setInt(number, 5);
    takePart(number, TimePart.Hours, 0);
    expect(show(number)).toBe("error");
  });
});
