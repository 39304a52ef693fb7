// A syntax tree of CEL as text: an expression in other variables is written anew.
import { Tag } from "../../assembly/program.ts";
import type { Call, Node } from "../compiler/cel/ast.ts";
import type { Constant } from "../compiler/cel/code.ts";

/** What a node is written as in place of itself; undefined: as it is. */
export type Rename = (node: Node, locals: readonly string[]) => string | undefined;

/** The text of a tree; every operand of an operator that is an operation itself has parentheses, but for `&&` in `&&`. */
export function unparse(node: Node, rename: Rename, locals: readonly string[] = []): string {
  const renamed = rename(node, locals);
  if (renamed !== undefined) return renamed;
  const text = (part: Node): string => unparse(part, rename, locals);
  switch (node.kind) {
    case "literal":
      return constantText(node.value);
    case "ident":
      return node.global ? `.${node.name}` : node.name;
    case "select": {
      const path = `${operandText(node.operand, text)}.${node.mode === "optional" ? "?" : ""}${fieldText(node.field)}`;
      return node.mode === "has" ? `has(${path})` : path;
    }
    case "call":
      return callText(node, text);
    case "list":
      return `[${node.items.map(({ value, optional }) => `${optional ? "?" : ""}${text(value)}`).join(", ")}]`;
    case "map":
      return `{${node.entries.map(({ key, value, optional }) => `${optional ? "?" : ""}${text(key)}: ${text(value)}`).join(", ")}}`;
    case "message":
      return `${node.name}{}`;
    case "loop": {
      const inner = (part: Node): string => unparse(part, rename, [...locals, node.variable]);
      const parts = [node.variable, ...(node.filter ? [inner(node.filter)] : []), inner(node.body)];
      return `${operandText(node.range, text)}.${node.macro}(${parts.join(", ")})`;
    }
    case "bind": {
      const body = unparse(node.body, rename, [...locals, node.variable]);
      return `${operandText(node.operand, text)}.${node.flat ? "optFlatMap" : "optMap"}(${node.variable}, ${body})`;
    }
  }
}

function fieldText(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `\`${name}\``;
}

const BINARY = /^_(==|!=|<=|>=|<|>|&&|\|\||\+|-|\*|\/|%)_$/;

function callText(node: Call, text: (part: Node) => string): string {
  const { fn, target, args } = node;
  const operand = (part: Node): string => operandText(part, text);
  if (target) return `${operand(target)}.${fn}(${args.map(text).join(", ")})`;
  const sign = BINARY.exec(fn)?.[1];
  if (sign) {
    const isLogic = sign === "&&" || sign === "||";
    return args.map((arg) => (isLogic && isComparison(arg) ? text(arg) : operand(arg))).join(` ${sign} `);
  }
  const [first, second, third] = args as [Node, Node, Node];
  if (fn === "@in") return `${operand(first)} in ${operand(second)}`;
  if (fn === "!_" || fn === "-_") return `${fn[0]}${operand(first)}`;
  if (fn === "_?_:_") return `${operand(first)} ? ${operand(second)} : ${operand(third)}`;
  if (fn === "_[_]" || fn === "_[?_]") return `${operand(first)}[${fn === "_[?_]" ? "?" : ""}${text(second)}]`;
  return `${fn}(${args.map(text).join(", ")})`;
}

function isComparison(node: Node): boolean {
  return node.kind === "call" && /^(?:_[=!<>]=?_|@in|!_)$/.test(node.fn);
}

/** In parentheses where it is an operation. */
function operandText(node: Node, text: (part: Node) => string): string {
  const isOperation =
    node.kind === "call" && !node.target && (BINARY.test(node.fn) || /^(@in|[!-]_|_\?_:_)$/.test(node.fn));
  return isOperation ? `(${text(node)})` : text(node);
}

function constantText(value: Constant): string {
  switch (value.tag) {
    case Tag.String:
      return JSON.stringify(value.value);
    case Tag.Bytes:
      return `b"${[...value.value].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
    case Tag.Uint:
      return `${value.value}u`;
    case Tag.Double: {
      const text = String(value.value);
      return /^-?\d+$/.test(text) ? `${text}.0` : text;
    }
    case Tag.Bool:
    case Tag.Int:
      return String(value.value);
    default:
      return "null";
  }
}
