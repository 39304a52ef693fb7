// The CEL of `args`: paths, constants, tests of types.
import type { Json } from "./data.ts";
import type { JsonType } from "./words.ts";

const IDENTIFIER = /^[A-Za-z_]\w*$/;
const RESERVED = new Set(
  "as break const continue else false for function if import in let loop namespace null package return true var void while".split(
    " ",
  ),
);
const isWord = (name: string): boolean => IDENTIFIER.test(name) && !RESERVED.has(name);

/** A member of a value. */
export function memberOf(owner: string, name: string): string {
  return isWord(name) ? `${owner}.${name}` : `${owner}[${literal(name)}]`;
}

/** That the member is there. */
export function presenceOf(owner: string, name: string): string {
  return isWord(name) ? `has(${owner}.${name})` : `${owner}[?${literal(name)}].hasValue()`;
}

/** That a map has no other members than these. */
export function others(owner: string, names: readonly string[], variable: string): string {
  if (names.length === 0) return `size(${owner}) == 0`;
  return `${owner}.all(${variable}, ${variable} in [${names.map(literal).join(", ")}])`;
}

const CEL_TYPES: Partial<Record<JsonType, string>> = {
  number: "double", // as all JSON numbers
  string: "string",
  boolean: "bool",
  null: "null_type",
  array: "list",
  object: "map",
};
/** From here on every double is an integer. */
const INTEGERS = "9007199254740992.0";

/** That a value has a type of JSON Schema. */
export function typeTest(type: JsonType, value: string): string {
  if (type !== "integer") return `type(${value}) == ${CEL_TYPES[type]}`;
  return `(type(${value}) == double && (${value} >= ${INTEGERS} || ${value} <= -${INTEGERS} || double(int(${value})) == ${value}))`;
}

/** A JSON value as a constant of CEL. */
export function literal(value: Json): string {
  if (typeof value === "number") {
    const text = String(value);
    return /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${literal(key)}: ${literal(item)}`)
    .join(", ")}}`;
}
