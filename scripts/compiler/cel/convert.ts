// Conversions of constants: int("7"), string(1.5), timestamp("…"). cel-go computes them at compile time and
// refuses the expression if one fails, so these follow Go's strconv, fmt and time.
import { CelType, Tag } from "../../../assembly/program.ts";
import type { Constant } from "./code.ts";
import { MAX_INT, MAX_UINT, MIN_INT } from "./literals.ts";
import { MAX_SECONDS, MIN_SECONDS, readDuration, readTimestamp, showTimestamp } from "./moments.ts";

type Convert = (value: Constant) => Constant | undefined;

/** Conversion functions by name; each returns undefined if the value cannot be converted. */
export const CONVERSIONS: Record<string, Convert> = {
  bool: toBool,
  bytes: toBytes,
  double: toDouble,
  duration: toDuration,
  dyn: (value) => value,
  int: (value) => integer(Tag.Int, instant(value) ?? whole(value, /^[+-]?\d+$/), MIN_INT, MAX_INT),
  string: toText,
  timestamp: toTimestamp,
  type: (value) => ({ tag: Tag.Type, value: celType(value.tag) }),
  uint: (value) => integer(Tag.Uint, negative(value) ? undefined : whole(value, /^\d+$/), 0n, MAX_UINT),
};

/** What a timestamp constant keeps besides its instant: string() prints it in the time zone of its source. */
export type Zoned = Constant & { zone?: number };

function celType(tag: Tag): CelType {
  if (tag === Tag.CellList) return CelType.List;
  if (tag === Tag.CellMap) return CelType.Map;
  return tag === Tag.OptionalNone ? CelType.Optional : (tag as number as CelType);
}

function text(value: string): Constant {
  return { tag: Tag.String, value };
}

function integer(tag: Tag.Int | Tag.Uint, value: bigint | undefined, min: bigint, max: bigint): Constant | undefined {
  return value === undefined || value < min || value > max ? undefined : { tag, value };
}

/** Seconds of a timestamp, nanoseconds of a duration. */
function instant(value: Constant): bigint | undefined {
  if (value.tag === Tag.Timestamp) return value.seconds;
  return value.tag === Tag.Duration ? value.value : undefined;
}

function whole(value: Constant, digits: RegExp): bigint | undefined {
  if (value.tag === Tag.Int || value.tag === Tag.Uint) return value.value;
  if (value.tag === Tag.Double) return wholePart(value.value);
  return value.tag === Tag.String && digits.test(value.value) ? BigInt(value.value.replace(/^\+/, "")) : undefined;
}

/** The lower end of the int64 range is refused, as in cel-go; the upper one is not a double. */
function wholePart(value: number): bigint | undefined {
  return Number.isFinite(value) && value > -(2 ** 63) ? BigInt(Math.trunc(value)) : undefined;
}

/** A negative double is not a uint, not even -0.5. */
function negative(value: Constant): boolean {
  return value.tag === Tag.Double && value.value < 0;
}

const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

function toBool(value: Constant): Constant | undefined {
  if (value.tag === Tag.Bool) return value;
  if (value.tag !== Tag.String || !(TRUE.includes(value.value) || FALSE.includes(value.value))) return undefined;
  return { tag: Tag.Bool, value: TRUE.includes(value.value) };
}

function toBytes(value: Constant): Constant | undefined {
  if (value.tag === Tag.Bytes) return value;
  return value.tag === Tag.String ? { tag: Tag.Bytes, value: new TextEncoder().encode(value.value) } : undefined;
}

function toDouble(value: Constant): Constant | undefined {
  if (value.tag === Tag.Double) return value;
  if (value.tag === Tag.Int || value.tag === Tag.Uint) return { tag: Tag.Double, value: Number(value.value) };
  const read = value.tag === Tag.String ? readDouble(value.value) : undefined;
  return read === undefined ? undefined : { tag: Tag.Double, value: read };
}

/** Go's ParseFloat without its hexadecimal form; a number out of range is not a double. */
function readDouble(written: string): number | undefined {
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(written);
  if (word) return /nan/i.test(written) ? (word[1] ? undefined : NaN) : word[1] === "-" ? -Infinity : Infinity;
  const plain = written.replace(/(?<=\d)_(?=\d)/g, "");
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(plain)) return undefined;
  const read = Number(plain);
  return Number.isFinite(read) ? read : undefined;
}

function toDuration(value: Constant): Constant | undefined {
  if (value.tag === Tag.Duration) return value;
  const read = value.tag === Tag.String ? readDuration(value.value) : undefined;
  return read === undefined ? undefined : { tag: Tag.Duration, value: read };
}

function toTimestamp(value: Constant): Zoned | undefined {
  if (value.tag === Tag.Timestamp) return value;
  if (value.tag === Tag.Int) {
    const fits = value.value >= MIN_SECONDS && value.value <= MAX_SECONDS;
    return fits ? { tag: Tag.Timestamp, seconds: value.value, nanos: 0 } : undefined;
  }
  const read = value.tag === Tag.String ? readTimestamp(value.value) : undefined;
  return read && { tag: Tag.Timestamp, ...read };
}

function toText(value: Zoned): Constant | undefined {
  switch (value.tag) {
    case Tag.String:
      return value;
    case Tag.Bool:
    case Tag.Int:
    case Tag.Uint:
      return text(String(value.value));
    case Tag.Double:
      return text(showDouble(value.value));
    case Tag.Duration:
      return text(`${expand(Number(value.value / 1000000000n) + Number(value.value % 1000000000n) / 1e9)}s`);
    case Tag.Timestamp:
      return value.zone ? undefined : text(showTimestamp(value.seconds, value.nanos));
    case Tag.Bytes:
      return decode(value.value);
    default:
      return undefined;
  }
}

function decode(bytes: Uint8Array): Constant | undefined {
  try {
    return text(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** Go's %g: the shortest digits, with an exponent of at least two digits below 1e-4 and from 1e6 on. */
function showDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "-Inf" : "+Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return expand(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** The shortest digits without an exponent. */
function expand(value: number): string {
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  return power >= 0 ? String(value) : value.toFixed(Math.min(100, digits.replace(/[-.]/g, "").length - 1 - power));
}
