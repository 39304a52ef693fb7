// Checks a `when` against the input schema of a tool: names and types of arguments, values that cannot occur, guards.
import { Tag } from "../../../assembly/program.ts";
import { children, type Call, type Loop, type Node, type Span } from "../cel/ast.ts";
import { check } from "../cel/checker.ts";
import { parse } from "../cel/parser.ts";
import { Problems } from "../cel/problems.ts";
import { type, type Type } from "../cel/types.ts";
import { VARIABLES } from "../cel/vocabulary.ts";
import type { ExpressionProblem } from "../cel/problems.ts";
import { closest } from "../source/spelling.ts";
import { isObject, type Item, type JsonObject } from "./lock.ts";
import {
  ANYTHING,
  elementOf,
  memberNames,
  memberOf,
  shapeOf,
  typesOf,
  valuesOf,
  type MemberShape,
  type Shape,
} from "./schema.ts";

/** What is found wrong with `text` when it is asked about calls of `tool`. Nothing for a text that does not parse. */
export function checkArguments(text: string, tool: Item): ExpressionProblem[] {
  const root = parse(text, new Problems());
  if (!root) return [];
  const shapes = new Shapes(text, tool);
  shapes.visit(root, []);
  const problems = [...shapes.problems, ...typeErrors(root, shapes, tool)];
  const seen = new Set<string>();
  return problems.filter(({ offset, length, severity }) => {
    const key = `${offset} ${length} ${severity}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** A variable of a macro with the shape of what it stands for. */
type Local = [name: string, shape: Shape];

/** Follows every path that begins at the arguments. */
export class Shapes {
  readonly problems: ExpressionProblem[] = [];
  readonly known = new Map<Node, Shape>();
  private readonly guarded = new Set<string>();
  private readonly input: JsonObject;

  constructor(
    private readonly text: string,
    private readonly tool: Item,
  ) {
    const schema = tool.content["inputSchema"];
    this.input = isObject(schema) ? schema : {};
  }

  /** Parts before the whole, so that a path's beginning is known before its end. */
  visit(node: Node, locals: readonly Local[]): void {
    if (node.kind === "loop") return this.visitLoop(node, locals);
    this.noteGuards(node);
    for (const child of children(node)) this.visit(child, locals);
    const shape = this.shapeOf(node, locals);
    if (shape) this.known.set(node, shape);
    if (node.kind === "call") this.checkValues(node);
  }

  private visitLoop(node: Loop, locals: readonly Local[]): void {
    this.visit(node.range, locals);
    const range = this.known.get(node.range) ?? ANYTHING;
    // The keys of a map are texts.
    const item = typesOf(range).includes("object") ? ANYTHING : elementOf(range);
    const inner: Local[] = [...locals, [node.variable, item]];
    if (node.filter) this.visit(node.filter, inner);
    this.visit(node.body, inner);
  }

  /** In `has(x) && …` and `!has(x) || …` what follows knows that x is there. */
  private noteGuards(node: Node): void {
    if (node.kind !== "select") return;
    if (node.mode === "get") return;
    this.guarded.add(`${this.textOf(node.operand)}.${node.field}`);
    // That has() forgives only the last step is told by cel/lint.ts.
    this.guarded.add(this.textOf(node.operand));
  }

  private shapeOf(node: Node, locals: readonly Local[]): Shape | undefined {
    if (node.kind === "ident") return this.ident(node.name, node.global, locals);
    if (node.kind === "call" && node.fn === "_[_]") return this.index(node);
    if (node.kind !== "select") return undefined;
    if (this.isArguments(node)) return shapeOf(this.input, this.input);
    const operand = this.known.get(node.operand);
    if (!operand) return undefined;
    const member = memberOf(operand, node.field);
    this.checkMember(node, node.field, operand, member, node.mode);
    return node.mode === "has" ? undefined : member.shape;
  }

  private ident(name: string, global: boolean, locals: readonly Local[]): Shape | undefined {
    const local = global ? undefined : locals.findLast(([variable]) => variable === name);
    if (local) return local[1];
    return name === "args" ? shapeOf(this.input, this.input) : undefined;
  }

  /** ai-gateway's name of the arguments. */
  private isArguments(node: Node): boolean {
    return this.textOf(node) === "request.mcp.params.arguments";
  }

  private index(node: Call): Shape | undefined {
    const [operand, key] = node.args;
    const shape = operand && this.known.get(operand);
    if (!shape || !key) return undefined;
    if (key.kind !== "literal") return typesOf(shape).includes("object") ? ANYTHING : elementOf(shape);
    if (key.value.tag !== Tag.String) return elementOf(shape);
    const member = memberOf(shape, key.value.value);
    this.checkMember(node, key.value.value, shape, member, "get");
    return member.shape;
  }

  private checkMember(node: Node, name: string, owner: Shape, member: MemberShape, mode: string): void {
    const path = node.kind === "select" ? `${this.textOf(node.operand)}.${name}` : this.textOf(node);
    if (member.state === "unknown") return this.unknown(node, name, owner, member);
    if (!owner.alternatives || member.shape === ANYTHING) return;
    const certain = typesOf(owner).length === 1 && !typesOf(member.shape).includes("null");
    if (mode === "has" && member.state === "required" && certain) {
      const message = `"${name}" is required by the input schema of ${this.tool.id}: the guard is needless`;
      this.add("warning", node.span, message, "the server refuses calls without it");
    }
    if (mode === "get" && member.state === "optional" && !this.guarded.has(path)) {
      const message = `"${name}" is optional in the input schema of ${this.tool.id}: without it this is an error`;
      this.add(
        "warning",
        node.span,
        message,
        `say what a call without it means: !has(${path}) || …, or has(${path}) && …`,
      );
      this.guarded.add(path); // once is enough
    }
  }

  private unknown(node: Node, name: string, owner: Shape, { closed }: MemberShape): void {
    const names = memberNames(owner);
    const near = closest(name, names);
    const span = fieldSpan(node, name, this.text);
    const message = `the input schema of ${this.tool.id} has no "${name}"`;
    const all =
      names.length > 0 ? `it has ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}` : undefined;
    this.add(near || closed ? "error" : "warning", span, message, near ? `did you mean "${near}"?` : all);
  }

  /** `args.mode == "wrte"` and `args.mode in ["wrte"]`, where the schema lists the values. */
  private checkValues({ fn, args }: Call): void {
    const [left, right] = args;
    if (!left || !right) return;
    if (fn === "_==_" || fn === "_!=_") {
      this.checkValue(left, right);
      this.checkValue(right, left);
    }
    if (fn === "@in" && right.kind === "list") for (const { value } of right.items) this.checkValue(left, value);
  }

  private checkValue(path: Node, other: Node): void {
    const values = valuesOf(this.known.get(path) ?? ANYTHING);
    if (!values || other.kind !== "literal" || other.value.tag !== Tag.String) return;
    const { value } = other.value;
    if (values.includes(value)) return;
    const words = values.filter((word) => typeof word === "string");
    // A wrong type is told by the type check.
    if (words.length === 0) return;
    const near = closest(value, words);
    const message = `"${value}" is no value of ${this.textOf(path)} in the input schema of ${this.tool.id}`;
    this.add("error", other.span, message, near ? `did you mean "${near}"?` : `one of: ${words.join(", ")}`);
  }

  private add(severity: "error" | "warning", span: Span, message: string, hint?: string): void {
    this.problems.push({ severity, offset: span.start, length: span.end - span.start, message, ...(hint && { hint }) });
  }

  private textOf({ span }: Node): string {
    return this.text.slice(span.start, span.end);
  }
}

/** Where the name of a member stands: only that is wrong, and only that is to be replaced. */
function fieldSpan(node: Node, name: string, text: string): Span {
  const at = text.lastIndexOf(name, node.span.end - 1);
  return at >= node.span.start ? { start: at, end: at + name.length } : node.span;
}

/**
 * Type errors of cel-go's checker, with the types that the schema gives. A JSON number can be compared with an int as with
 * a double, so only what is wrong for both is an error.
 */
function typeErrors(root: Node, { known }: Shapes, tool: Item): ExpressionProblem[] {
  const asInt = checkWith(root, known, type("int"));
  if (asInt.length === 0) return [];
  const places = new Set(checkWith(root, known, type("double")).map(({ offset }) => offset));
  return asInt
    .filter(({ offset }) => places.has(offset))
    .map((problem) => ({ ...problem, message: `${problem.message} (types of ${tool.id}'s input schema)` }));
}

function checkWith(root: Node, shapes: ReadonlyMap<Node, Shape>, number: Type): ExpressionProblem[] {
  const types = new Map<Node, Type>();
  for (const [node, shape] of shapes) {
    const found = celType(shape, number);
    if (found && !(node.kind === "select" && node.mode !== "get")) types.set(node, found);
  }
  const problems = new Problems();
  const { kind } = check(root, [...VARIABLES, "data"], problems, { known: types }).typeOf(root);
  if (!problems.failed && kind !== "bool" && kind !== "dyn")
    problems.error(root.span, `a \`when\` must be a bool; this is ${kind}`, "compare it with something");
  return problems.list.filter(({ severity }) => severity === "error");
}

/** The CEL type of a shape; undefined when it can be of several. */
function celType(shape: Shape, number: Type, depth = 0): Type | undefined {
  const [only, ...others] = typesOf(shape);
  if (only === undefined || others.length > 0 || only === "null") return undefined;
  if (only === "number") return number;
  if (only === "boolean") return type("bool");
  if (only === "string") return type("string");
  if (only === "object") return type("map", type("string"), type("dyn"));
  const element = depth < 8 ? celType(elementOf(shape), number, depth + 1) : undefined;
  return type("list", element ?? type("dyn"));
}
