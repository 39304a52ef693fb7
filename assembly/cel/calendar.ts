// The proleptic Gregorian calendar: days since 1970-01-01 and dates.

let year: i32 = 0;
let month: i32 = 0; // 1 … 12
let day: i32 = 0; //   1 … 31

/** The date that dateOfDays found. */
export function foundYear(): i32 {
  return year;
}

export function foundMonth(): i32 {
  return month;
}

export function foundDay(): i32 {
  return day;
}

/** Finds the date of a day counted from 1970-01-01, within the years -400 to 10000. */
export function dateOfDays(days: i32): void {
  // Years begin in March here, so that a leap day is the last day of its year. An era has 400 years; one more is counted,
  // so that nothing is negative.
  const since = days + 719468 + 146097;
  const era = since / 146097;
  const inEra = since % 146097;
  const yearOfEra = (inEra - inEra / 1460 + inEra / 36524 - inEra / 146096) / 365;
  const inYear = inEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const fromMarch = (5 * inYear + 2) / 153;
  day = inYear - (153 * fromMarch + 2) / 5 + 1;
  month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  year = yearOfEra + (era - 1) * 400 + i32(month <= 2);
}

/** The day, counted from 1970-01-01, of a date in the years -400 to 9999. */
export function daysOfDate(y: i32, m: i32, d: i32): i32 {
  const marchYear = y - i32(m <= 2) + 400;
  const era = marchYear / 400;
  const yearOfEra = marchYear % 400;
  const inYear = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  const inEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + inYear;
  return (era - 1) * 146097 + inEra - 719468;
}

/** Days of a month; `m` is 1 … 12. */
export function daysInMonth(y: i32, m: i32): i32 {
  if (m == 2) return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 29 : 28;
  return 30 + ((m + (m >> 3)) & 1);
}
