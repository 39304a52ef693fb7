// The proleptic Gregorian calendar: days since 1970-01-01 and dates.

/** A date as one value:  bits 9 and up: year   5 to 8: month, 1 … 12   0 to 4: day, 1 … 31 */
export type CalendarDate = i32;

function dateOf(year: i32, month: i32, day: i32): CalendarDate {
  return (year << 9) | (month << 5) | day;
}

export function yearOf(date: CalendarDate): i32 {
  return date >> 9;
}

export function monthOf(date: CalendarDate): i32 {
  return (date >> 5) & 15;
}

export function dayOf(date: CalendarDate): i32 {
  return date & 31;
}

/** The date of a day counted from 1970-01-01, within the years -400 to 10000. */
export function dateOfDays(days: i32): CalendarDate {
  // Years begin in March here, so that a leap day is the last day of its year. An era is 400 years long; one era is added,
  // so that nothing is negative.
  const since = days + 719468 + 146097;
  const era = since / 146097;
  const inEra = since % 146097;
  const yearOfEra = (inEra - inEra / 1460 + inEra / 36524 - inEra / 146096) / 365;
  const inYear = inEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const fromMarch = (5 * inYear + 2) / 153;
  const day = inYear - (153 * fromMarch + 2) / 5 + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return dateOf(yearOfEra + (era - 1) * 400 + i32(month <= 2), month, day);
}

/** The day, counted from 1970-01-01, of a date in the years -400 to 9999. */
export function daysOfDate(year: i32, month: i32, day: i32): i32 {
  const marchYear = year - i32(month <= 2) + 400;
  const era = marchYear / 400;
  const yearOfEra = marchYear % 400;
  const inYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const inEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + inYear;
  return (era - 1) * 146097 + inEra - 719468;
}

/** Days of a month, 1 … 12. */
export function daysInMonth(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}
