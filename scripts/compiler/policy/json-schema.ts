// JSON Schema as far as policies need it, and what makes pieces of it.
import { LABEL, URL_TEXT } from "../source/shape.ts";

/** A JSON Schema (draft 2020-12) in the keywords that are used here. */
export interface Shape {
  description?: string;
  type?: "object" | "array" | "string" | "integer" | "number" | "boolean" | "null" | readonly string[];
  const?: unknown;
  enum?: readonly unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  minProperties?: number;
  maxProperties?: number;
  items?: Shape;
  properties?: Readonly<Record<string, Shape>>;
  propertyNames?: Shape;
  additionalProperties?: Shape | boolean;
  required?: readonly string[];
  anyOf?: readonly Shape[];
  oneOf?: readonly Shape[];
  not?: Shape;
  default?: unknown;
  /** What a text stands for; for editors only, no part of the schema. */
  means?: Meaning;
}

export type Meaning = "scope" | "tool" | "prompt" | "backend" | "when" | "rule" | "file" | "claim" | "group";

/** The members of a mapping shape, for `mapping()`. */
export function namesOf({ properties = {} }: Shape): string[] {
  return Object.keys(properties);
}

/** The range of an integer member, for `integer()`. */
export function rangeOf({ properties = {} }: Shape, name: string): [least: number, most: number] {
  const { minimum = 0, maximum = 0 } = properties[name] ?? {};
  return [minimum, maximum];
}

export const object = (properties: Record<string, Shape>, more: Shape = {}): Shape => ({
  type: "object",
  properties,
  additionalProperties: false,
  ...more,
});
export const list = (items: Shape, more: Shape = {}): Shape => ({ type: "array", items, minItems: 1, ...more });
export const word = (table: Readonly<Record<string, unknown>>, more: Shape = {}): Shape => ({
  type: "string",
  enum: Object.keys(table),
  ...more,
});
export const integer = (minimum: number, maximum: number, description: string, fallback?: number): Shape => ({
  type: "integer",
  minimum,
  maximum,
  description,
  ...(fallback !== undefined && { default: fallback }),
});
export const text = (more: Shape = {}): Shape => ({ type: "string", minLength: 1, ...more });
export const label = (maxLength: number, more: Shape = {}): Shape =>
  text({ pattern: LABEL.source, maxLength, ...more });
export const url = (description: string): Shape => text({ pattern: URL_TEXT.source, maxLength: 2048, description });
export const described = (shape: Shape, description: string): Shape => ({ ...shape, description });
