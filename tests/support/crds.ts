// What an API server checks when an object is applied: the structural schema of its kind (unknown fields refused, as with
// strict field validation), then the CEL rules in it. The schemas are those of tests/data/crds.
import { readdirSync, readFileSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { Environment } from "@marcbachmann/cel-js";
import { Ajv, type ValidateFunction } from "ajv";

/** A structural schema (apiextensions.k8s.io/v1 JSONSchemaProps), as far as it is used here. */
interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: object[];
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-validations"?: Rule[];
}

interface Rule {
  rule: string;
  message?: string;
}

interface Definition {
  source: string;
  group: string;
  version: string;
  kind: string;
  schema: Schema;
}

export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec?: unknown;
}

const FOLDER = "tests/data/crds";
const definitions = new Map<string, Definition>();
for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".json"))) {
  const definition = JSON.parse(readFileSync(`${FOLDER}/${file}`, "utf8")) as Definition;
  // Every object has these; only some definitions name them.
  definition.schema.properties = {
    apiVersion: {},
    kind: {},
    metadata: { type: "object" },
    ...definition.schema.properties,
  };
  definitions.set(`${definition.group}/${definition.version} ${definition.kind}`, definition);
}

// Defaults are filled in before the rules run, as the API server does.
const ajv = new Ajv({ strict: false, allErrors: true, useDefaults: true });
const integer = (bits: number) => ({
  type: "number" as const,
  validate: (n: number) => Number.isInteger(n) && Math.abs(n) <= 2 ** (bits - 1),
});
ajv.addFormat("int32", integer(32)).addFormat("int64", integer(64));
ajv.addFormat("ipv4", isIPv4).addFormat("ipv6", isIPv6);
ajv.addFormat("byte", /^[A-Za-z0-9+/]*={0,2}$/).addFormat("date-time", (text) => !Number.isNaN(Date.parse(text)));
ajv.addKeyword({
  keyword: "x-kubernetes-list-map-keys",
  type: "array",
  validate: (keys: string[], items: Record<string, unknown>[]) => {
    const seen = items.map((item) => JSON.stringify(keys.map((key) => item[key])));
    return new Set(seen).size === items.length;
  },
});
ajv.addKeyword({
  keyword: "x-kubernetes-list-type",
  type: "array",
  validate: (type: string, items: unknown[]) =>
    type !== "set" || new Set(items.map((item) => JSON.stringify(item))).size === items.length,
});
const compiled = new Map<Definition, ValidateFunction>();

/** Everything that an API server would object to; empty if it would accept the object. */
export function faultsOf(resource: Resource): string[] {
  const definition = definitions.get(`${resource.apiVersion} ${resource.kind}`);
  if (!definition) return [`no schema for ${resource.apiVersion} ${resource.kind}`];
  let validate = compiled.get(definition);
  if (!validate) compiled.set(definition, (validate = ajv.compile(closed(definition.schema))));
  const copy = structuredClone(resource);
  if (!validate(copy))
    return validate.errors!.map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  return brokenRules(definition.schema, copy, "");
}

/**
 * The schema with unknown fields refused, and integers or text where Kubernetes means that. Only the structure is closed:
 * allOf, anyOf, oneOf and not constrain it and declare no fields of their own.
 */
function closed(schema: Schema): Schema {
  const result: Schema = { ...schema };
  if (schema["x-kubernetes-int-or-string"]) result.anyOf = [{ type: "integer" }, { type: "string" }];
  if (schema.items) result.items = closed(schema.items);
  if (typeof schema.additionalProperties === "object")
    result.additionalProperties = closed(schema.additionalProperties);
  if (!schema.properties) return result;
  result.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, own]) => [name, closed(own)]));
  if (!schema["x-kubernetes-preserve-unknown-fields"]) result.additionalProperties ??= false;
  return result;
}

const cel = new Environment({ unlistedVariablesAreDyn: true })
  .registerFunction("isURL(dyn): bool", (text: unknown) => URL.canParse(String(text)))
  .registerFunction("url(dyn): map", (text: unknown) => ({ scheme: new URL(String(text)).protocol.slice(0, -1) }))
  .registerFunction("map.getScheme(): string", ({ scheme }: { scheme: string }) => scheme);

/** Rules that fail for the value, or for values inside it. */
function brokenRules(schema: Schema, value: unknown, path: string): string[] {
  const self = celValue(schema, value);
  const broken = (schema["x-kubernetes-validations"] ?? [])
    .filter(({ rule }) => !holds(rule, self))
    .map(({ rule, message }) => `${path}: ${message ?? rule}`);
  return broken.concat(parts(schema, value).flatMap(([name, own, part]) => brokenRules(own, part, `${path}/${name}`)));
}

function holds(rule: string, self: unknown): boolean {
  // The library's has() takes no index in its path; `in` asks the same.
  const text = rule.replace(/has\((self\.matches\[0\])\.path\)/g, '("path" in $1)');
  return cel.evaluate(text, { self }) === true;
}

function parts(schema: Schema, value: unknown): [name: string, schema: Schema, value: unknown][] {
  if (Array.isArray(value)) return schema.items ? value.map((item, i) => [`${i}`, schema.items!, item]) : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => {
    const own = schema.properties?.[name] ?? schema.additionalProperties;
    return typeof own === "object" ? [[name, own, part] as [string, Schema, unknown]] : [];
  });
}

/** The value with CEL's integers (only the schema can tell 1 from 1.0), and with the names that rules have for reserved words. */
function celValue(schema: Schema, value: unknown): unknown {
  if (typeof value === "number") return schema.type === "number" ? value : BigInt(value);
  if (Array.isArray(value)) return value.map((item) => celValue(schema.items ?? {}, item));
  const members = parts(schema, value).map(([name, own, part]) => [
    name === "namespace" ? "__namespace__" : name,
    celValue(own, part),
  ]);
  return typeof value === "object" && value !== null ? { ...value, ...Object.fromEntries(members) } : value;
}
