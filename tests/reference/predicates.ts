// `when`: the variables of a call, and the reference evaluator over them.
import { walk, type Node } from "../../scripts/compiler/cel/ast.ts";
import { outcomeOf, type Outcome } from "../../scripts/fuzz/cel-reference.ts";
import { readTimestamp } from "../../scripts/fuzz/cel-time.ts";
import { list, text, type Value } from "../../scripts/fuzz/cel-values.ts";
import type { Call, Caller, Json, World } from "./model.ts";
import { claimsOf, scopesSeen } from "./token.ts";

const UNKNOWN: Value = { type: "unknown" };

/** How a predicate comes out in this world. */
export function judge(when: Node, world: World): Outcome {
  const scope = scopes.get(world) ?? new Map(Object.entries(variables(world)));
  scopes.set(world, scope);
  return outcomeOf(when, scope);
}

/** The variables of a world are made once. */
const scopes = new WeakMap<World, Map<string, Value>>();

function variables(world: World): Record<string, Value> {
  const { call, caller, policy } = world;
  return {
    args: world.unknown.args ? UNKNOWN : valueOf(call.args ?? null),
    meta: world.unknown.args ? UNKNOWN : valueOf(call.meta ?? null),
    data: valueOf(policy.data),
    mcp: map(mcpOf(call)),
    request: requestOf(world),
    source: sourceOf(caller),
    ...(world.token && { jwt: jwtOf(world) }),
  };
}

/** Absent members are no keys; JSON numbers are doubles. */
export function valueOf(value: Json): Value {
  if (value === null) return { type: "null" };
  if (Array.isArray(value)) return list(value.map(valueOf));
  if (typeof value === "object") return map(Object.entries(value).map(([key, item]) => [key, valueOf(item)]));
  if (typeof value === "string") return text(value);
  return typeof value === "number" ? { type: "double", value } : { type: "bool", value };
}

function map(entries: [string, Value | undefined][]): Value {
  return { type: "map", entries: entries.flatMap(([key, value]) => (value ? [[text(key), value]] : [])) };
}

const optionalText = (value: string | undefined): Value | undefined => (value === undefined ? undefined : text(value));

function mcpOf({ method, tool, backend, uri, isOpen, prompt }: Call): [string, Value | undefined][] {
  const texts = Object.entries({ method, tool, backend, uri, prompt });
  return texts.map(([key, value]) => [key, key === "uri" && isOpen ? UNKNOWN : optionalText(value)]);
}

function jwtOf({ policy, caller, raw, unknown }: World): Value {
  return map([
    ["claims", unknown.claims ? UNKNOWN : valueOf(claimsOf(caller.payload))],
    ["scopes", list(scopesSeen(policy, raw).map(text))],
  ]);
}

function sourceOf({ address, principal }: Caller): Value {
  const name = principal.uri[0] ?? principal.dns[0] ?? (principal.subject || undefined);
  return map([
    ["address", optionalText(address ?? undefined)],
    ["principal", optionalText(name)],
  ]);
}

function requestOf(world: World): Value {
  const { call, caller } = world;
  const headers = Object.entries(caller.headers);
  const auth = world.token ? map([["jwt", jwtOf(world)]]) : undefined;
  const params = map([
    ["name", optionalText(call.name ?? call.prompt)],
    ["arguments", world.unknown.args ? UNKNOWN : call.args === undefined ? undefined : valueOf(call.args)],
    ["_meta", world.unknown.args ? UNKNOWN : call.meta === undefined ? undefined : valueOf(call.meta)],
  ]);
  return map([
    ["method", text("POST")],
    ["host", text(caller.host)],
    ["path", text(caller.path)],
    ["headers", map(headers.map(([name, values]) => [name, optionalText(values[0])]))],
    ["headers_all", map(headers.map(([name, values]) => [name, list(values.map(text))]))],
    ["auth", auth],
    ["mcp", map([...mcpOf(call), ["params", params]])],
    ["time", { type: "timestamp", value: readTimestamp(caller.time)! }],
  ]);
}

/** Whether a predicate reads anything of the token. */
export function readsToken(when: Node | undefined): boolean {
  return find(when, (node) => isJwt(node));
}

/** Whether a predicate reads the token's scopes. */
export function readsScopes(when: Node | undefined): boolean {
  return find(when, (node) => node.kind === "select" && node.field === "scopes" && isJwt(node.operand));
}

/** Whether a predicate reads `mcp.uri`. */
export function readsUri(when: Node | undefined): boolean {
  return find(when, (node) => node.kind === "select" && node.field === "uri");
}

function find(when: Node | undefined, test: (node: Node) => boolean): boolean {
  let found = false;
  if (when) walk(when, (node) => (found ||= test(node)));
  return found;
}

const isJwt = (node: Node): boolean =>
  (node.kind === "ident" && node.name === "jwt") || (node.kind === "select" && node.field === "jwt");
