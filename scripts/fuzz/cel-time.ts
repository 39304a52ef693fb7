// Timestamps and durations of the reference evaluator: nanoseconds as bigints, parts of a date by JavaScript's Date.

const SECOND = 1_000_000_000n;
const FIRST = BigInt(Date.parse("0001-01-01T00:00:00Z") / 1000) * SECOND;
const LAST = BigInt(Date.parse("9999-12-31T23:59:59Z") / 1000) * SECOND + SECOND - 1n;
const LONGEST = 2n ** 63n - 1n;

export const isTimestamp = (nanos: bigint): boolean => nanos >= FIRST && nanos <= LAST;
export const isDuration = (nanos: bigint): boolean => nanos >= -LONGEST - 1n && nanos <= LONGEST;

/** Nanoseconds since 1970 of an RFC 3339 string; undefined if it is not one, or outside the years 1 to 9999. */
export function readTimestamp(text: string): bigint | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  const [zoneHours, zoneMinutes] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  if (!real || zoneHours > 23 || zoneMinutes > 59) return undefined;
  const zone = (parts[8] === "-" ? -60 : 60) * (zoneHours * 60 + zoneMinutes);
  const nanos =
    (BigInt(date.getTime() / 1000) - BigInt(zone)) * SECOND + BigInt((parts[7] ?? "").slice(0, 9).padEnd(9, "0"));
  return isTimestamp(nanos) ? nanos : undefined;
}

const UNITS: Record<string, bigint> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3600n * SECOND,
};

/** Nanoseconds of a string as Go's time.ParseDuration parses it; fractions of up to nine digits. */
export function readDuration(text: string): bigint | undefined {
  const [, minus, body = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === "0") return 0n;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(body)) return undefined;
  let nanos = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of body.matchAll(/(\d*)\.?(\d*)(ns|us|µs|ms|s|m|h)/g)) {
    nanos +=
      BigInt(whole || "0") * UNITS[unit]! + (BigInt(fraction || "0") * UNITS[unit]!) / 10n ** BigInt(fraction.length);
  }
  if (minus === "-") nanos = -nanos;
  return isDuration(nanos) ? nanos : undefined;
}

const floorDiv = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n);

/** Minutes east of UTC; undefined for anything but a fixed offset. */
function offsetOf(zone: string): number | undefined {
  if (zone === "" || zone === "UTC") return 0;
  const parts = /^([+-]?)(\d{1,2}):(\d{1,2})$/.exec(zone);
  return parts ? (parts[1] === "-" ? -1 : 1) * (Number(parts[2]) * 60 + Number(parts[3])) : undefined;
}

/** The result of `getHours` and the like for a timestamp. */
export function partOfTimestamp(nanos: bigint, name: string, zone: string): number | undefined {
  const offset = offsetOf(zone);
  if (offset === undefined) return undefined;
  const date = new Date(Number(floorDiv(nanos, 1_000_000n)) + offset * 60_000);
  const newYear = new Date(date);
  newYear.setUTCMonth(0, 1);
  const parts: Record<string, number> = {
    getFullYear: date.getUTCFullYear(),
    getMonth: date.getUTCMonth(),
    getDayOfYear: Math.round((date.getTime() - newYear.getTime()) / 86_400_000),
    getDayOfMonth: date.getUTCDate() - 1,
    getDate: date.getUTCDate(),
    getDayOfWeek: date.getUTCDay(),
    getHours: date.getUTCHours(),
    getMinutes: date.getUTCMinutes(),
    getSeconds: date.getUTCSeconds(),
    getMilliseconds: date.getUTCMilliseconds(),
  };
  return parts[name];
}

const DURATION_PARTS: Record<string, bigint> = {
  getHours: 3600n * SECOND,
  getMinutes: 60n * SECOND,
  getSeconds: SECOND,
  getMilliseconds: 1_000_000n,
};

/** The whole duration in the unit given by the name. */
export function partOfDuration(nanos: bigint, name: string): bigint | undefined {
  const unit = DURATION_PARTS[name];
  return unit === undefined ? undefined : nanos / unit;
}

/** RFC 3339 in UTC. */
export function showTimestamp(nanos: bigint): string {
  const fraction = (((nanos % SECOND) + SECOND) % SECOND).toString().padStart(9, "0").replace(/0+$/, "");
  const whole = new Date(Number(floorDiv(nanos, SECOND)) * 1000)
    .toISOString()
    .replace(/\.000Z$/, "")
    .replace(/^\+00/, "");
  return `${whole}${fraction && `.${fraction}`}Z`;
}
