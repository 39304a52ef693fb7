// Types that are known although CEL's variables are dynamic: `jwt.scopes` is a list of texts, `mcp.tool` a text. An
// expression that no such value fits has the same result for every call, which nobody means.
import { Tag } from "../../../assembly/program.ts";
import { walk, type Call, type Node, type Select } from "./ast.ts";
import { check } from "./checker.ts";
import type { Known } from "./plan.ts";
import { Problems } from "./problems.ts";
import { DYN, type, type Type } from "./types.ts";
import { VARIABLES } from "./vocabulary.ts";

const TEXT = type("string");
const TEXTS = type("list", TEXT);
const PATHS: Record<string, Type> = {
  "jwt.scopes": TEXTS,
  ...Object.fromEntries(["method", "tool", "backend", "uri", "prompt"].map((name) => [`mcp.${name}`, TEXT])),
  ...Object.fromEntries(["method", "host", "path"].map((name) => [`request.${name}`, TEXT])),
  ...Object.fromEntries(["address", "principal"].map((name) => [`source.${name}`, TEXT])),
  "request.time": type("timestamp"),
  "request.headers": type("map", TEXT, TEXT),
  "request.headers_all": type("map", TEXT, TEXTS),
};
/** Claims that every provider issues as lists. */
const LISTS = /^(?:roles|groups|permissions|amr|cognito:groups|realm_access\.roles|resource_access\..+\.roles)$/;
/** Claims that are numbers (RFC 7519 section 4.1, OpenID Connect Core section 2). */
const SECONDS = ["exp", "iat", "nbf", "auth_time"];
/** The first parts of keys with a dot. */
const DOTTED = /^jwt\.claims\.(kubernetes\.io|(?:https?:)?[\w-]+\.(?:com|org|net))(?:\.|$)/;

/** Adds warnings about types that are known, and about claims that no token has. */
export function lintTypes(root: Node, known: Known, problems: Problems): void {
  const types = new Map<Node, Type>();
  walk(root, (node) => {
    const path = pathOf(node);
    const found = path === undefined ? undefined : typeAt(path);
    if (found) types.set(node, found);
    if (path !== undefined && node.kind !== "ident") lintClaim(node, path, problems);
    if (node.kind === "call" && ["timestamp", "duration"].includes(node.fn)) lintSeconds(node, problems);
    if (node.kind === "select" && node.mode === "has") lintPresence(node, problems);
    if (node.kind === "call" && node.fn === "@in") lintHeaderName(node, problems);
  });
  if (types.size === 0) return;
  const strict = new Problems();
  check(root, [...VARIABLES, "data"], strict, { known: types });
  for (const { offset, length, message, hint } of strict.list) {
    const span = { start: offset, end: offset + length };
    problems.warn(span, `the same result for every call: ${message}`, hintFor(known.text.slice(0, offset), hint));
  }
}

function hintFor(before: string, hint: string | undefined): string | undefined {
  return /(?:scopes|roles|groups|permissions|amr|"\])\s*\.?$/.test(before)
    ? 'for an item of a list write "x" in list'
    : hint;
}

function typeAt(path: string): Type | undefined {
  if (Object.hasOwn(PATHS, path)) return PATHS[path];
  const claim = /^jwt\.claims\.(.*)$/.exec(path)?.[1];
  return claim !== undefined && LISTS.test(claim) ? type("list", DYN) : undefined;
}

/** `a.b.c` for selections and constant indexes from a variable on; the long names of ai-gateway are shortened. */
function pathOf(node: Node): string | undefined {
  if (node.kind === "ident") return VARIABLES.includes(node.name) ? node.name : undefined;
  const [before, name] = stepOf(node) ?? [];
  const path = before && pathOf(before);
  return path === undefined ? undefined : `${path}.${name}`.replace(/^request\.(auth\.(?=jwt)|(?=mcp\.))/, "");
}

function stepOf(node: Node): [Node, string] | undefined {
  if (node.kind === "select") return node.mode === "get" ? [node.operand, node.field] : undefined;
  const [operand, index] = node.kind === "call" && node.fn === "_[_]" ? node.args : [];
  return operand && index?.kind === "literal" && index.value.tag === Tag.String
    ? [operand, index.value.value]
    : undefined;
}

function lintClaim(node: Node, path: string, problems: Problems): void {
  const scopes = /^jwt\.claims\.(scope|scp)$/.exec(path);
  if (scopes)
    problems.warn(node.span, `${path} is always missing: scopes are not among the claims`, 'write "x" in jwt.scopes');
  const dotted = DOTTED.exec(path)?.[1];
  if (dotted !== undefined && path === `jwt.claims.${dotted}`) {
    if (node.kind === "select")
      problems.warn(node.span, `this looks for "${node.field}" in another claim`, `write jwt.claims["${dotted}"]`);
  }
}

/** Scopes are not among the claims. */
function lintPresence({ operand, field, span }: Select, problems: Problems): void {
  if (pathOf(operand) !== "jwt.claims" || !["scope", "scp"].includes(field)) return;
  problems.warn(span, `this is always false: scopes are not among the claims`, 'write "x" in jwt.scopes');
}

/** Envoy writes the names of headers in lower case. */
function lintHeaderName({ args: [name, map] }: Call, problems: Problems): void {
  if (name?.kind !== "literal" || name.value.tag !== Tag.String || !map) return;
  if (!["request.headers", "request.headers_all"].includes(pathOf(map) ?? "")) return;
  const text = name.value.value;
  if (text !== text.toLowerCase())
    problems.warn(name.span, "no header ever has this name", `write "${text.toLowerCase()}"`);
}

function lintSeconds(node: Call, problems: Problems): void {
  const [arg] = node.args;
  const claim = arg && /^jwt\.claims\.(.*)$/.exec(pathOf(arg) ?? "")?.[1];
  if (!arg || claim === undefined || !SECONDS.includes(claim)) return;
  problems.warn(
    node.span,
    `always an error: ${claim} is a JSON number, which is a double`,
    node.fn === "timestamp" ? `write timestamp(int(jwt.claims.${claim}))` : "a duration is a text such as 1h",
  );
}
