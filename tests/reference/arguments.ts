// `args` of a tool entry: the keywords of JSON Schema that docs/policy.md lists, over the arguments of a call. A named
// property that is missing, or of another type than its keywords speak about, cannot be judged: an error.
import { RE2JS } from "re2js";
import { isDeepStrictEqual } from "node:util";
import type { Truth } from "../../scripts/fuzz/cel-reference.ts";
import { isMembers, type Json, type Members } from "./model.ts";

type Keyword = (value: never, operand: never) => boolean;
const on =
  <T extends Json, O>(test: (value: T, operand: O) => boolean): Keyword =>
  (value, operand) =>
    test(value as T, operand as O);

const NUMBER: Record<string, Keyword> = {
  minimum: on<number, number>((value, least) => value >= least),
  maximum: on<number, number>((value, most) => value <= most),
  exclusiveMinimum: on<number, number>((value, bound) => value > bound),
  exclusiveMaximum: on<number, number>((value, bound) => value < bound),
};
const TEXT: Record<string, Keyword> = {
  minLength: on<string, number>((value, least) => [...value].length >= least),
  maxLength: on<string, number>((value, most) => [...value].length <= most),
  pattern: on<string, string>((value, pattern) => RE2JS.compile(pattern).test(value)),
};
const LIST: Record<string, Keyword> = {
  minItems: on<Json[], number>((value, least) => value.length >= least),
  maxItems: on<Json[], number>((value, most) => value.length <= most),
};
const TYPES: Record<string, (value: Json) => boolean> = {
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: isMembers,
};
const IMPLIED: [type: string, keywords: string[]][] = [
  ["number", Object.keys(NUMBER)],
  ["string", Object.keys(TEXT)],
  ["array", [...Object.keys(LIST), "items"]],
  ["object", ["properties", "required", "additionalProperties"]],
];

/** False decides, then an error. */
function both(truths: Truth[]): Truth {
  if (truths.includes("false")) return "false";
  return truths.includes("error") ? "error" : "true";
}

const truth = (value: boolean): Truth => (value ? "true" : "false");

/** Whether the arguments of a call hold. `only`: no others than those named. */
export function argumentsHold(named: Record<string, Members>, args: Json | undefined, only: boolean): Truth {
  return isMembers(args) ? membersHold(named, args, only) : "error";
}

function membersHold(named: Record<string, Members>, value: Members, only: boolean): Truth {
  const truths = Object.entries(named).map(([key, schema]): Truth => {
    if (Object.hasOwn(value, key)) return holds(schema, value[key]!);
    return schema["optional"] === true ? "true" : "error";
  });
  const others = Object.keys(value).filter((key) => !Object.hasOwn(named, key));
  return both([...truths, truth(!only || others.length === 0)]);
}

function holds(schema: Members, value: Json): Truth {
  const types = IMPLIED.filter(([, keywords]) => keywords.some((keyword) => keyword in schema)).map(([type]) => type);
  const wanted = [schema["type"] ?? []].flat() as string[];
  const typed =
    types.every((type) => TYPES[type]!(value)) && (wanted.length === 0 || wanted.some((t) => TYPES[t]!(value)));
  if (!typed) return "error";
  const keywords = { ...NUMBER, ...TEXT, ...LIST };
  const simple = Object.entries(keywords).map(([keyword, test]) =>
    truth(!(keyword in schema) || test(value as never, schema[keyword] as never)),
  );
  return both([...simple, ...wholes(schema, value)]);
}

/** The keywords over whole values and their parts. */
function wholes(schema: Members, value: Json): Truth[] {
  const { const: constant, enum: listed, items, properties, required, additionalProperties } = schema;
  const truths: Truth[] = [];
  if ("const" in schema) truths.push(truth(isDeepStrictEqual(value, constant)));
  if (listed) truths.push(truth((listed as Json[]).some((item) => isDeepStrictEqual(item, value))));
  if (items) truths.push(...(value as Json[]).map((item) => holds(items as Members, item)));
  const named = (properties ?? {}) as Record<string, Members>;
  if (isMembers(value)) truths.push(membersHold(named, value, additionalProperties === false));
  if (required) truths.push(truth((required as string[]).every((key) => Object.hasOwn(value as Members, key))));
  return truths;
}
