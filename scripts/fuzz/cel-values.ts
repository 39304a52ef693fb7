// Values of the reference evaluator, as CEL has them, with the equality and order of cel-go 0.28.1.
import type { Tree } from "./reader.ts";

export type Value =
  | { type: "null" }
  | { type: "bool"; value: boolean }
  | { type: "int" | "uint"; value: bigint }
  | { type: "double"; value: number }
  | { type: "string"; value: string }
  | { type: "bytes"; value: Uint8Array }
  | { type: "list"; items: Value[] }
  | { type: "map"; entries: [key: Value, value: Value][]; made?: true } // made: built by the expression, not from JSON
  | { type: "timestamp" | "duration"; value: bigint } // nanoseconds; for a timestamp since 1970
  | { type: "type"; name: string }
  | { type: "optional"; value?: Value }
  | { type: "cidr"; range: string } // `cidr("10.0.0.0/8")` of Kubernetes' library
  | { type: "unknown" }; // what only a call will tell, when a list is judged

export type Typed<T extends Value["type"]> = Extract<Value, { type: T }>;

/** The error of CEL; what caused it does not matter. */
export class CelError extends Error {}

/** The value depends on something unknown. `never`: it may be false or an error, but never true. */
export class CelUnknown extends Error {
  constructor(readonly never = false) {
    super("unknown");
  }
}

export function fail(message = ""): never {
  throw new CelError(message);
}

export const bool = (value: boolean): Value => ({ type: "bool", value });
export const int = (value: bigint | number): Value => ({ type: "int", value: BigInt(value) });
export const text = (value: string): Value => ({ type: "string", value });
export const list = (items: Value[]): Value => ({ type: "list", items });

/** JSON as cel-go sees it: every number is a double, and only strings are keys. */
export function fromJson(tree: Tree): Value {
  switch (tree.kind) {
    case "object":
      return { type: "map", entries: tree.members.map(({ key, value }) => [text(key), fromJson(value)]) };
    case "array":
      return list(tree.items.map(fromJson));
    case "number":
      return { type: "double", value: Number(tree.raw) };
    case "string":
      return text(tree.value);
    default:
      return tree.value === null ? { type: "null" } : bool(tree.value);
  }
}

type Numeric = Typed<"int" | "uint" | "double">;
export const isNumeric = (value: Value): value is Numeric =>
  value.type === "int" || value.type === "uint" || value.type === "double";

const RANGES = { int: [-(2 ** 63), 2 ** 63], uint: [0, 2 ** 64] } as const;

const sign = (a: number | bigint | string, b: number | bigint | string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Compares a double with an integer: outside the integer's range by the range, inside it as doubles. */
function compareDouble(a: number, b: Typed<"int" | "uint">): number {
  const [least, most] = RANGES[b.type];
  return a < least ? -1 : a > most ? 1 : sign(a, Number(b.value));
}

/** -1, 0 or 1; NaN if one of them is NaN. */
function compareNumbers(a: Numeric, b: Numeric): number {
  if (a.type === "double") {
    if (Number.isNaN(a.value)) return NaN;
    if (b.type !== "double") return compareDouble(a.value, b);
    return Number.isNaN(b.value) ? NaN : sign(a.value, b.value);
  }
  if (b.type !== "double") return sign(a.value, b.value);
  return Number.isNaN(b.value) ? NaN : -compareDouble(b.value, a);
}

/** `==`: values of different kinds are unequal, never an error. */
export function equals(a: Value, b: Value): boolean {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b) === 0;
  if (a.type !== b.type) return false;
  switch (a.type) {
    case "null":
      return true;
    case "list": {
      const { items } = b as typeof a;
      return a.items.length === items.length && a.items.every((item, i) => equals(item, items[i]!));
    }
    case "map": {
      const other = b as typeof a;
      const same = ([key, value]: [Value, Value]): boolean => {
        const found = find(other, key);
        return found !== undefined && equals(value, found);
      };
      return a.entries.length === other.entries.length && a.entries.every(same);
    }
    case "bytes":
      return Buffer.compare(a.value, (b as typeof a).value) === 0;
    case "type":
      return a.name === (b as typeof a).name;
    case "cidr":
      return a.range === (b as typeof a).range;
    case "unknown":
      throw new CelUnknown();
    case "optional": {
      const { value } = b as typeof a;
      return a.value && value ? equals(a.value, value) : a.value === value;
    }
    default:
      return a.value === (b as typeof a).value;
  }
}

/** The value of a key: numbers are the same key only if they are exactly equal. */
export function find({ entries }: Typed<"map">, key: Value): Value | undefined {
  return entries.find(([other]) => isSameKey(other, key))?.[1];
}

export function isSameKey(a: Value, b: Value): boolean {
  if (!isNumeric(a) || !isNumeric(b)) return a.type === b.type && ["string", "bool"].includes(a.type) && equals(a, b);
  const [exactA, exactB] = [a, b].map((key) => (key.type === "double" ? exact(key.value) : key.value));
  return exactA !== undefined && exactA === exactB;
}

function exact(value: number): bigint | undefined {
  return Number.isInteger(value) ? BigInt(value) : undefined;
}

/** Order by bytes of UTF-8, numbers across types; everything else only within its type. */
export function compare(a: Value, b: Value): number {
  if (isNumeric(a) && isNumeric(b)) {
    const order = compareNumbers(a, b);
    return Number.isNaN(order) ? fail("NaN has no order") : order;
  }
  if (a.type !== b.type) return fail("no order between unlike types");
  switch (a.type) {
    case "string":
      return Buffer.compare(Buffer.from(a.value), Buffer.from((b as typeof a).value));
    case "bytes":
      return Buffer.compare(a.value, (b as typeof a).value);
    case "bool":
      return Number(a.value) - Number((b as typeof a).value);
    case "timestamp":
    case "duration":
      return sign(a.value, (b as typeof a).value);
    default:
      return fail("no order for this type");
  }
}
