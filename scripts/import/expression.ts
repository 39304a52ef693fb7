// One CEL expression of agentgateway's mcpAuthorization as parts of a rule: what it is about, which claims it wants, and the
// rest in our variables. What cannot be said here is refused with the reason.
import { Tag } from "../../assembly/program.ts";
import type { Call, Node, Span } from "../compiler/cel/ast.ts";
import { compileWhen } from "../compiler/cel/index.ts";
import { parse } from "../compiler/cel/parser.ts";
import { Problems } from "../compiler/cel/problems.ts";
import { unparse } from "./unparse.ts";

/** Why an expression is refused; the span is in its text. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly hint: string | undefined,
    readonly span: Span,
  ) {
    super(message);
  }
}

export type About = "tool" | "prompt" | "resource";

/** What an expression says. */
export interface Parts {
  about: Set<About>;
  /** Names with stars; undefined: any. */
  names?: string[];
  backends?: string[];
  claims: { name: string; values: string[] }[];
  when: string[];
}

/** Alternatives at the top: each is a rule of its own. */
export function alternativesOf(text: string): Node[] {
  const root = parseWhole(text);
  return isCall(root, "_||_") && !patternsOf(root) ? root.args : [root];
}

export function parseWhole(text: string): Node {
  const problems = new Problems();
  const root = parse(text, problems);
  const [first] = problems.list;
  if (root && !first) return root;
  throw new Refusal(first!.message, first!.hint, { start: first!.offset, end: first!.offset + first!.length });
}

/** The parts of an alternative; with `whole` (a requirement) only claims are taken out: the rest holds for every call. */
export function partsOf(node: Node, whole: boolean): Parts {
  const parts: Parts = { about: new Set(), claims: [], when: [] };
  for (const conjunct of isCall(node, "_&&_") ? node.args : [node]) {
    const pattern = whole ? undefined : patternsOf(conjunct);
    const claim = claimOf(conjunct);
    if (pattern) addPattern(parts, pattern, conjunct);
    else if (claim) parts.claims.push(claim);
    else parts.when.push(rewritten(conjunct, parts.about));
  }
  if (parts.when.length > 0) checkWhen(parts.when.join(" && "), node);
  return parts;
}

interface Pattern {
  about: About;
  member: "name" | "target";
  patterns: string[];
}

function addPattern(parts: Parts, { about, member, patterns }: Pattern, { span }: Node): void {
  const others = parts.about.size;
  parts.about.add(about);
  if (parts.about.size > Math.max(1, others)) throw new Refusal("no call is about two kinds of thing", undefined, span);
  if (member === "name" && !parts.names) parts.names = patterns;
  else if (member === "target" && about === "tool" && !parts.backends) parts.backends = patterns;
  else if (member === "target" && about !== "tool")
    throw new Refusal(`a ${about} has no target here`, "it is judged by its name alone", span);
  else throw new Refusal(`${about}.${member} is compared twice`, "write it as one condition", span);
}

/** `mcp.tool.name == "x"`, `in [...]`, `startsWith`, and alternatives of these about one member. */
function patternsOf(node: Node): Pattern | undefined {
  if (node.kind !== "call") return undefined;
  if (node.fn === "_||_") return unionOf(node.args.map(patternsOf));
  const compared = comparedOf(node);
  if (!compared) return undefined;
  const [root, about, member, ...more] = compared.path;
  if (root !== "mcp" || more.length > 0 || !isAbout(about) || (member !== "name" && member !== "target"))
    return undefined;
  if (!compared.texts.every((one) => one !== "" && !one.includes("*"))) return undefined;
  const shape = shapeOf(node, about);
  return shape && { about, member, patterns: compared.texts.map(shape) };
}

function unionOf(all: (Pattern | undefined)[]): Pattern | undefined {
  const [first] = all;
  const isOne = all.every((one) => one && one.about === first!.about && one.member === first!.member);
  return isOne ? { ...first!, patterns: all.flatMap((one) => one!.patterns) } : undefined;
}

/** A path and the texts that it is compared with, by an operator or a method. */
function comparedOf({ fn, target, args }: Call): { path: string[]; texts: string[] } | undefined {
  const [left, right] = target ? [target, args[0]] : args;
  if (!left || !right) return undefined;
  const [subject, operand] = fn === "_==_" && left.kind === "literal" ? [right, left] : [left, right];
  const path = pathOf(subject);
  const texts = fn === "@in" ? textsOf(operand) : [textOf(operand)];
  const isWhole = texts?.every((one) => one !== undefined);
  return path && isWhole ? { path, texts } : undefined;
}

const isAbout = (name: string | undefined): name is About => ["tool", "prompt", "resource"].includes(name ?? "");

/** How a literal becomes a name with stars; in a URI only two stars stand for any run. */
function shapeOf({ fn, target }: Call, about: About): ((text: string) => string) | undefined {
  const star = about === "resource" ? "**" : "*";
  if (!target && (fn === "_==_" || fn === "@in")) return (text) => text;
  if (fn === "startsWith") return (text) => `${text}${star}`;
  if (fn === "endsWith") return (text) => `${star}${text}`;
  return fn === "contains" ? (text) => `${star}${text}${star}` : undefined;
}

/** `jwt.x == "y"` and `jwt.x in ["y", "z"]`. */
function claimOf(node: Node): Parts["claims"][number] | undefined {
  if (node.kind !== "call" || node.target || !["_==_", "@in"].includes(node.fn)) return undefined;
  const compared = comparedOf(node);
  const [root, name, ...more] = compared?.path ?? [];
  if (!compared || root !== "jwt" || name === undefined || more.length > 0 || isScope(name)) return undefined;
  return compared.texts.includes("") ? undefined : { name, values: compared.texts };
}

const isScope = (name: string): boolean => name === "scope" || name === "scp";

// ---------------------------------------------------------------- our variables

const RENAMED: Record<string, [path: string, about?: About]> = {
  "mcp.tool.name": ["mcp.tool", "tool"],
  "mcp.tool.target": ["mcp.backend", "tool"],
  "mcp.tool.arguments": ["args", "tool"],
  "mcp.prompt.name": ["mcp.prompt", "prompt"],
  "mcp.resource.name": ["mcp.uri", "resource"],
  "mcp.methodName": ["mcp.method"],
  "source.address": ["source.address"],
  "request.method": ["request.method"],
  "request.host": ["request.host"],
  "request.path": ["request.path"],
  "request.headers": ["request.headers"],
};

/** A condition in our variables; notes what it is about. */
function rewritten(node: Node, about: Set<About>): string {
  const text = unparse(node, (part, locals) => renamed(part, locals, about));
  return isCall(node, "_||_") || isCall(node, "_?_:_") ? `(${text})` : text;
}

/** What a path is written as here; undefined for what is no path from a variable. */
function renamed(node: Node, locals: readonly string[], about: Set<About>): string | undefined {
  const path = pathOf(node);
  const [root = "", member = ""] = path ?? [];
  if (!path || locals.includes(root)) return undefined;
  const known = RENAMED[path.join(".")];
  if (known?.[1]) about.add(known[1]);
  if (known) return known[0];
  if (root === "jwt" && isScope(member)) {
    const hint = "list the scopes under source.jwt.scopes by hand";
    throw new Refusal(`jwt.${member} has the scopes, which are not among the claims here`, hint, node.span);
  }
  if (root === "jwt") return ["jwt.claims", ...path.slice(1)].join(".");
  // A part of what is known is a path of its own, with its end written after it.
  if (Object.keys(RENAMED).some((name) => path.join(".").startsWith(`${name}.`))) return undefined;
  throw new Refusal(`there is no ${path.join(".")} here`, `known: ${Object.keys(RENAMED).join(", ")}, jwt`, node.span);
}

function checkWhen(when: string, { span }: Node): void {
  const found = compileWhen(when).problems.find(({ severity }) => severity === "error");
  if (found) throw new Refusal(found.message, found.hint, span);
}

// ---------------------------------------------------------------- nodes

function isCall(node: Node, fn: string): node is Call {
  return node.kind === "call" && node.fn === fn;
}

/** `a.b.c` from a variable on. */
function pathOf(node: Node): string[] | undefined {
  if (node.kind === "ident") return [node.name];
  if (node.kind !== "select" || node.mode !== "get") return undefined;
  const before = pathOf(node.operand);
  return before && [...before, node.field];
}

function textOf(node: Node): string | undefined {
  return node.kind === "literal" && node.value.tag === Tag.String ? node.value.value : undefined;
}

function textsOf(node: Node): (string | undefined)[] | undefined {
  return node.kind === "list" && node.items.length > 0 ? node.items.map(({ value }) => textOf(value)) : undefined;
}
