// JSON Schema as far as predicates care: which members a value may have, and of which types and values.
import { isObject, type Json, type JsonObject } from "./lock.ts";

const MAX_ALTERNATIVES = 32;
const MAX_STEPS = 64; // of references and combinators on the way to one schema

/** What a schema says of a value: a list of alternatives, each without references and combinators. */
export interface Shape {
  /** undefined: nothing is known, everything can be there. */
  alternatives: JsonObject[] | undefined;
  /** The schema that local references lead into. */
  root: JsonObject;
}

export const ANYTHING: Shape = { alternatives: undefined, root: {} };

/** The shape of a schema; `$ref` to other documents, and what is too tangled, can be anything. */
export function shapeOf(schema: unknown, root: JsonObject): Shape {
  return { alternatives: flatten(schema, root, MAX_STEPS), root };
}

function flatten(schema: unknown, root: JsonObject, left: number): JsonObject[] | undefined {
  if (schema === true || !isObject(schema) || left <= 0) return undefined;
  const { $ref, allOf, anyOf, oneOf, ...own } = schema;
  let found: JsonObject[] | undefined = [own];
  if ($ref !== undefined) found = cross(found, flatten(dereference($ref, root), root, left - 1));
  for (const part of listOf(allOf)) found = cross(found, flatten(part, root, left - 1));
  for (const choices of [anyOf, oneOf]) {
    if (!Array.isArray(choices)) continue;
    const each = choices.map((choice) => flatten(choice, root, left - 1));
    found = cross(found, each.includes(undefined) ? undefined : (each as JsonObject[][]).flat());
  }
  return found;
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** Both of two lists of alternatives hold. */
function cross(a: JsonObject[] | undefined, b: JsonObject[] | undefined): JsonObject[] | undefined {
  if (!a || !b || a.length * b.length > MAX_ALTERNATIVES) return undefined;
  return a.flatMap((left) => b.map((right) => merge(left, right)));
}

function merge(a: JsonObject, b: JsonObject): JsonObject {
  const merged: JsonObject = { ...a, ...b };
  if (isObject(a["properties"]) && isObject(b["properties"]))
    merged["properties"] = { ...a["properties"], ...b["properties"] };
  if (Array.isArray(a["required"]) && Array.isArray(b["required"]))
    merged["required"] = [...a["required"], ...b["required"]];
  return merged;
}

/** A JSON Pointer into the same document (RFC 6901). */
function dereference(ref: Json, root: JsonObject): Json | undefined {
  if (typeof ref !== "string" || !/^#(?:\/|$)/.test(ref)) return undefined;
  let at: Json | undefined = root;
  for (const step of ref.split("/").slice(1)) {
    const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    at = isObject(at) && Object.hasOwn(at, key) ? at[key] : Array.isArray(at) ? at[Number(key)] : undefined;
  }
  return at;
}

/** `free`: not named by the schema, which allows others. */
export type MemberState = "required" | "optional" | "free" | "unknown";

export interface MemberShape {
  shape: Shape;
  state: MemberState;
  /** Only for `unknown`: the schema refuses such members. */
  closed?: boolean;
}

/** The member of an object: its shape, and whether the schema requires or knows it. */
export function memberOf({ alternatives, root }: Shape, name: string): MemberShape {
  if (!alternatives) return { shape: ANYTHING, state: "free" };
  const objects = alternatives.filter((alternative) => mayBe(alternative, "object"));
  const found = objects.map((alternative) => memberOfOne(alternative, root, name));
  const known = found.filter(({ state }) => state !== "unknown");
  if (known.length === 0) {
    const closed = found.length > 0 && found.every((member) => member.closed);
    return { shape: ANYTHING, state: "unknown", closed };
  }
  const shapes = known.map(({ shape }) => shape);
  const required = found.length === alternatives.length && found.every(({ state }) => state === "required");
  const free = known.every(({ state }) => state === "free");
  return { shape: union(shapes, root), state: required ? "required" : free ? "free" : "optional" };
}

function memberOfOne(schema: JsonObject, root: JsonObject, name: string): MemberShape {
  const { properties, required, additionalProperties, patternProperties } = schema;
  if (isObject(properties) && Object.hasOwn(properties, name)) {
    const isRequired = Array.isArray(required) && required.includes(name);
    return { shape: shapeOf(properties[name], root), state: isRequired ? "required" : "optional" };
  }
  if (isObject(patternProperties) && Object.keys(patternProperties).length > 0)
    return { shape: ANYTHING, state: "free" };
  if (additionalProperties === false) return { shape: ANYTHING, state: "unknown", closed: true };
  if (additionalProperties !== undefined) return { shape: shapeOf(additionalProperties, root), state: "free" };
  // An object of which nothing is said can have any members; one with properties has those.
  return { shape: ANYTHING, state: isObject(properties) ? "unknown" : "free" };
}

function union(shapes: Shape[], root: JsonObject): Shape {
  const lists = shapes.map(({ alternatives }) => alternatives);
  return { alternatives: lists.includes(undefined) ? undefined : (lists as JsonObject[][]).flat(), root };
}

/** The elements of a list. */
export function elementOf({ alternatives, root }: Shape): Shape {
  if (!alternatives) return ANYTHING;
  const lists = alternatives.filter((alternative) => mayBe(alternative, "array"));
  const items = lists.map((list) => (list["items"] === undefined ? ANYTHING : shapeOf(list["items"], root)));
  return items.length === 0 ? ANYTHING : union(items, root);
}

/** The names of all members that the schema knows, for hints and completion. */
export function memberNames({ alternatives }: Shape): string[] {
  const all = (alternatives ?? []).flatMap(({ properties }) => (isObject(properties) ? Object.keys(properties) : []));
  return [...new Set(all)];
}

const TYPES = ["null", "boolean", "number", "string", "array", "object"] as const;
export type JsonType = (typeof TYPES)[number];

/** The types that a value can have; integers are numbers. */
export function typesOf({ alternatives }: Shape): JsonType[] {
  if (!alternatives) return [...TYPES];
  return TYPES.filter((type) => alternatives.some((alternative) => mayBe(alternative, type)));
}

function mayBe(schema: JsonObject, type: JsonType): boolean {
  const { type: said, enum: words, const: one } = schema;
  const given = said === undefined ? undefined : [said].flat();
  if (given) return given.includes(type) || (type === "number" && given.includes("integer"));
  const values = one !== undefined ? [one] : Array.isArray(words) ? words : undefined;
  if (values) return values.some((value) => typeOfValue(value) === type);
  if (isObject(schema["properties"])) return type === "object";
  if (schema["items"] !== undefined) return type === "array";
  return true;
}

export function typeOfValue(value: Json): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as JsonType;
}

/** The only values that can occur, when the schema lists them. */
export function valuesOf({ alternatives }: Shape): Json[] | undefined {
  if (!alternatives || alternatives.length === 0) return undefined;
  const lists = alternatives.map(({ const: one, enum: words, type }) => {
    if (one !== undefined) return [one];
    if (Array.isArray(words)) return words;
    return type === "null" ? [null] : type === "boolean" ? [true, false] : undefined;
  });
  return lists.includes(undefined) ? undefined : (lists as Json[][]).flat();
}
