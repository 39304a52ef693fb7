// Operators, functions and methods of the reference evaluator, by cel-go's names. Written from the CEL specification and
// the results of cel-go (tests/data/cel-cases.jsonl); shares nothing with the compiler or the filter.
import { RE2JS } from "re2js";
import {
  isDuration,
  isTimestamp,
  partOfDuration,
  partOfTimestamp,
  readDuration,
  readTimestamp,
  showTimestamp,
} from "./cel-time.ts";
import { isAddress, isInRange, isRange } from "./addresses.ts";
import { bool, compare, equals, fail, find, int, list, text, type Value } from "./cel-values.ts";

type Function = (...args: Value[]) => Value;

const LIMITS = { int: [-(2n ** 63n), 2n ** 63n - 1n], uint: [0n, 2n ** 64n - 1n] } as const;

function whole(type: "int" | "uint", value: bigint): Value {
  const [least, most] = LIMITS[type];
  return value < least || value > most ? fail("overflow") : { type, value };
}

function timestamp(value: bigint): Value {
  return isTimestamp(value) ? { type: "timestamp", value } : fail("not of the years 1 to 9999");
}

function duration(value: bigint): Value {
  return isDuration(value) ? { type: "duration", value } : fail("overflow");
}

const INTEGERS: Record<string, (a: bigint, b: bigint) => bigint> = {
  "_+_": (a, b) => a + b,
  "_-_": (a, b) => a - b,
  "_*_": (a, b) => a * b,
  "_/_": (a, b) => (b === 0n ? fail("division by zero") : a / b),
  "_%_": (a, b) => (b === 0n ? fail("division by zero") : a % b),
};
const DOUBLES: Record<string, (a: number, b: number) => number> = {
  "_+_": (a, b) => a + b,
  "_-_": (a, b) => a - b,
  "_*_": (a, b) => a * b,
  "_/_": (a, b) => a / b,
};

function arithmetic(op: string): Function {
  return (a, b) => {
    if ((a!.type === "int" || a!.type === "uint") && a!.type === b!.type) {
      // For cel-go, the one quotient that overflows an int has an overflowing remainder too.
      if (op === "_%_" && a!.type === "int" && a!.value === LIMITS.int[0] && b!.value === -1n) return fail("overflow");
      return whole(a!.type, INTEGERS[op]!(a!.value, (b as typeof a & { value: bigint }).value));
    }
    if (a!.type === "double" && b!.type === "double" && DOUBLES[op])
      return { type: "double", value: DOUBLES[op](a!.value, b!.value) };
    return (
      (op === "_+_" ? join(a!, b!) : undefined) ??
      (op === "_+_" || op === "_-_" ? shift(a!, b!, op === "_-_") : fail("no such overload"))
    );
  };
}

function join(a: Value, b: Value): Value | undefined {
  if (a.type === "string" && b.type === "string") return text(a.value + b.value);
  if (a.type === "list" && b.type === "list") return list([...a.items, ...b.items]);
  if (a.type === "bytes" && b.type === "bytes") return { type: "bytes", value: Buffer.concat([a.value, b.value]) };
  return undefined;
}

function shift(a: Value, b: Value, minus: boolean): Value {
  if (b.type === "duration" && a.type === "timestamp") return timestamp(minus ? a.value - b.value : a.value + b.value);
  if (b.type === "duration" && a.type === "duration") return duration(minus ? a.value - b.value : a.value + b.value);
  if (b.type === "timestamp" && a.type === "timestamp" && minus) return duration(a.value - b.value);
  if (b.type === "timestamp" && a.type === "duration" && !minus) return timestamp(a.value + b.value);
  return fail("no such overload");
}

function onTexts(test: (a: string, b: string) => boolean): Function {
  return (a, b) =>
    a!.type === "string" && b!.type === "string" ? bool(test(a!.value, b!.value)) : fail("no such overload");
}

function size(value: Value): Value {
  if (value.type === "string") return int([...value.value].length);
  if (value.type === "bytes") return int(value.value.length);
  if (value.type === "list") return int(value.items.length);
  return value.type === "map" ? int(value.entries.length) : fail("no such overload");
}

function toInteger(type: "int" | "uint", digits: RegExp): Function {
  return (value) => {
    switch (value!.type) {
      case "int":
      case "uint":
        return whole(type, value!.value);
      case "double": {
        const inside =
          type === "int"
            ? value!.value > -(2 ** 63) && value!.value < 2 ** 63
            : value!.value >= 0 && value!.value < 2 ** 64;
        return inside ? whole(type, BigInt(Math.trunc(value!.value))) : fail("out of range");
      }
      case "string":
        return digits.test(value!.value) ? whole(type, BigInt(value!.value.replace("+", ""))) : fail("no integer");
      case "timestamp":
        return type === "int"
          ? int(
              BigInt.asIntN(
                64,
                (value!.value - (((value!.value % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n,
              ),
            )
          : fail();
      case "duration":
        return type === "int" ? int(value!.value) : fail();
      default:
        return fail("no such overload");
    }
  };
}

function toDouble(value: Value): Value {
  if (value.type === "double") return value;
  if (value.type === "int" || value.type === "uint") return { type: "double", value: Number(value.value) };
  if (value.type !== "string") return fail("no such overload");
  const [, minus, word] = /^([+-]?)(inf|infinity|nan)$/i.exec(value.value) ?? [];
  if (word)
    return /nan/i.test(word)
      ? minus
        ? fail()
        : { type: "double", value: NaN }
      : { type: "double", value: minus === "-" ? -Infinity : Infinity };
  const plain = value.value.replace(/(?<=\d)_(?=\d)/g, "");
  const read = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : hexadecimal(value.value);
  return Number.isFinite(read) ? { type: "double", value: read } : fail("no double");
}

/** A few forms of Go's hexadecimal floats; NaN for the others. */
function hexadecimal(value: string): number {
  const [, minus, digits, exponent] = /^([+-]?)0x([0-9a-f]{1,8})p([+-]?\d{1,3})$/i.exec(value) ?? [];
  return digits === undefined ? NaN : (minus === "-" ? -1 : 1) * parseInt(digits, 16) * 2 ** Number(exponent);
}

/** Go's %g with the shortest digits. */
function showDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return String(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

function toText(value: Value): Value {
  switch (value.type) {
    case "string":
      return value;
    case "bool":
    case "int":
    case "uint":
      return text(String(value.value));
    case "double":
      return text(showDouble(value.value));
    case "bytes":
      return Buffer.from(Buffer.from(value.value).toString()).equals(Buffer.from(value.value))
        ? text(Buffer.from(value.value).toString())
        : fail("no UTF-8");
    case "timestamp":
      return text(showTimestamp(value.value));
    case "duration":
      return text(`${Number(value.value / 1_000_000_000n) + Number(value.value % 1_000_000_000n) / 1e9}s`);
    default:
      return fail("no such overload");
  }
}

function toBool(value: Value): Value {
  if (value.type === "bool") return value;
  if (value.type !== "string" || !/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value.value))
    return fail("no bool");
  return bool(/^[1tT]/.test(value.value));
}

function toTimestamp(value: Value): Value {
  if (value.type === "timestamp") return value;
  if (value.type === "int") return timestamp(value.value * 1_000_000_000n);
  const read = value.type === "string" ? readTimestamp(value.value) : undefined;
  return read === undefined ? fail("no timestamp") : timestamp(read);
}

function toDuration(value: Value): Value {
  if (value.type === "duration") return value;
  const read = value.type === "string" ? readDuration(value.value) : undefined;
  return read === undefined ? fail("no duration") : duration(read);
}

const TYPE_NAMES: Partial<Record<Value["type"], string>> = {
  null: "null_type",
  timestamp: "google.protobuf.Timestamp",
  duration: "google.protobuf.Duration",
  optional: "optional_type",
};
const typeOf = (value: Value): Value => ({ type: "type", name: TYPE_NAMES[value.type] ?? value.type });

function negated(value: Value): Value {
  if (value.type === "int") return whole("int", -value.value);
  if (value.type === "duration") return duration(-value.value); // unknown to the checker, but cel-go supports it
  return value.type === "double" ? { type: "double", value: -value.value } : fail("no such overload");
}

function contains(item: Value, range: Value): Value {
  if (range.type === "list") return bool(range.items.some((other) => equals(item, other)));
  if (range.type !== "map") return fail("no such overload");
  // Go cannot hash bytes, so cel-go fails to look them up in its own maps.
  if (item.type === "bytes" && range.made && range.entries.length > 0) return fail("no key");
  return bool(find(range, item) !== undefined);
}

const relation =
  (test: (order: number) => boolean): Function =>
  (a, b) =>
    bool(test(compare(a!, b!)));
const patterns = new Map<string, RE2JS>();

function matches(subject: string, pattern: string): boolean {
  const compiled = patterns.get(pattern) ?? compilePattern(pattern);
  patterns.set(pattern, compiled);
  return compiled.test(subject);
}

function compilePattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return fail("no pattern");
  }
}

function partOf(name: string): Function {
  return (value, zone) => {
    if (zone && zone.type !== "string") return fail("no such overload");
    const part =
      value!.type === "timestamp"
        ? partOfTimestamp(value!.value, name, zone?.value ?? "")
        : value!.type === "duration" && !zone
          ? partOfDuration(value!.value, name)
          : undefined;
    return part === undefined ? fail("no such overload") : int(part);
  };
}

/** What timestamps and durations can be asked for. */
export const PARTS = [
  "getFullYear",
  "getMonth",
  "getDayOfYear",
  "getDayOfMonth",
  "getDate",
  "getDayOfWeek",
  "getHours",
  "getMinutes",
  "getSeconds",
  "getMilliseconds",
];

/** Kubernetes' CIDR library: a range, and whether an address given as text lies in it. */
function toCidr(value: Value): Value {
  return value.type === "string" && isRange(value.value)
    ? { type: "cidr", range: value.value }
    : fail("no range of addresses");
}

function containsAddress(range: Value, address: Value): Value {
  return range.type === "cidr" && address.type === "string" && isAddress(address.value)
    ? bool(isInRange(address.value, range.range))
    : fail("no such overload");
}

/** Strict functions: an error in an argument is the error of the call. */
export const FUNCTIONS: Record<string, Function> = {
  "_==_": (a, b) => bool(equals(a!, b!)),
  "_!=_": (a, b) => bool(!equals(a!, b!)),
  "_<_": relation((order) => order < 0),
  "_<=_": relation((order) => order <= 0),
  "_>_": relation((order) => order > 0),
  "_>=_": relation((order) => order >= 0),
  ...Object.fromEntries(["_+_", "_-_", "_*_", "_/_", "_%_"].map((op) => [op, arithmetic(op)])),
  "!_": (a) => (a!.type === "bool" ? bool(!a!.value) : fail("no such overload")),
  "-_": (a) => negated(a!),
  "@in": (a, b) => contains(a!, b!),
  size: (a) => size(a!),
  startsWith: onTexts((a, b) => a.startsWith(b)),
  endsWith: onTexts((a, b) => a.endsWith(b)),
  contains: onTexts((a, b) => a.includes(b)),
  matches: onTexts(matches),
  int: toInteger("int", /^[+-]?\d+$/),
  uint: toInteger("uint", /^\d+$/),
  double: (a) => toDouble(a!),
  string: (a) => toText(a!),
  bool: (a) => toBool(a!),
  bytes: (a) =>
    a!.type === "bytes"
      ? a!
      : a!.type === "string"
        ? { type: "bytes", value: Buffer.from(a!.value) }
        : fail("no such overload"),
  timestamp: (a) => toTimestamp(a!),
  duration: (a) => toDuration(a!),
  type: (a) => typeOf(a!),
  cidr: (a) => toCidr(a!),
  containsIP: (a, b) => containsAddress(a!, b!),
  dyn: (a) => a!,
  ...Object.fromEntries(PARTS.map((name) => [name, partOf(name)])),
};
