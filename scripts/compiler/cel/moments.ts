// Timestamps, durations and time zones of constants, as Go parses and prints them.

export const MIN_SECONDS = -62135596800n; // 0001-01-01T00:00:00Z
export const MAX_SECONDS = 253402300799n; // 9999-12-31T23:59:59Z
const MAX_NANOS = 2n ** 63n - 1n;

/** Seconds since 1970 with nanoseconds, and the time zone in minutes east of UTC. */
interface Moment {
  seconds: bigint;
  nanos: number;
  zone: number;
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** RFC 3339 with a capital T and Z, years 1 to 9999; undefined for everything else. */
export function readTimestamp(text: string): Moment | undefined {
  const [, whole = "", fraction = "", sign, hours = "0", minutes = "0"] = TIMESTAMP.exec(text) ?? [];
  const time = Date.parse(`${whole}Z`);
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(whole)) return undefined;
  const zone = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  const seconds = BigInt(time / 1000 - zone * 60);
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) return undefined;
  return { seconds, nanos: Number(fraction.slice(0, 9).padEnd(9, "0")), zone };
}

/** RFC 3339 in UTC with as many fractional digits as needed. */
export function showTimestamp(seconds: bigint, nanos: number): string {
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}${nanos ? `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}` : ""}Z`;
}

const UNITS: Record<string, bigint> = {
  ns: 1n,
  us: 1000n,
  "\u00b5s": 1000n,
  "\u03bcs": 1000n,
  ms: 1000000n,
  s: 1000000000n,
  m: 60000000000n,
  h: 3600000000000n,
};
const DURATION = /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;

/** Nanoseconds of a duration as Go's time.ParseDuration parses it; undefined if it does not. */
export function readDuration(text: string): bigint | undefined {
  const negative = text.startsWith("-");
  const total = sumOf(text.replace(/^[+-]/, ""));
  if (total === undefined || total > (negative ? MAX_NANOS + 1n : MAX_NANOS)) return undefined;
  return negative ? -total : total;
}

function sumOf(body: string): bigint | undefined {
  if (body === "" || body === "0") return body === "" ? undefined : 0n;
  let total = 0n;
  for (let at = 0; at < body.length; at = DURATION.lastIndex) {
    DURATION.lastIndex = at;
    const [part, whole = "", fraction = "", unit = ""] = DURATION.exec(body) ?? [];
    if (!part || whole + fraction === "") return undefined;
    total += BigInt(whole || "0") * (UNITS[unit] ?? 0n) + fractionOf(fraction, UNITS[unit] ?? 0n);
  }
  return total;
}

/** Go multiplies the digits after the point as a double and truncates. */
function fractionOf(digits: string, unit: bigint): bigint {
  const kept = digits.slice(0, 18);
  return kept === "" ? 0n : BigInt(Math.trunc(Number(kept) * (Number(unit) / 10 ** kept.length)));
}

/** A time zone argument as the VM expects it, `UTC` or `+hh:mm`; undefined for zone names and anything else. */
export function readZone(text: string): string | undefined {
  if (text === "" || text === "UTC") return "UTC";
  const match = /^([+-]?)(\d{1,2}):(\d{1,2})$/.exec(text);
  const [hours, minutes] = [Number(match?.[2]), Number(match?.[3])];
  if (!match || hours > 23 || minutes > 59) return undefined;
  return `${match[1] || "+"}${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
}
