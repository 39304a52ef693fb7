// Tokens → syntax tree, by cel-go's grammar, including its quirks: an even number of `!` or `-` cancels out, a trailing
// comma is allowed before `]` and `}` but not before `)`, reserved words cannot be variables but can be fields.
import { Tag } from "../../../assembly/program.ts";
import { children, type Call, type ListNode, type MapNode, type Node, type Span } from "./ast.ts";
import { Cursor, SyntaxStop } from "./cursor.ts";
import { tokenize, type Token, type TokenKind } from "./lexer.ts";
import { literalValue } from "./literals.ts";
import { expandCall } from "./macros.ts";
import type { Problems } from "./problems.ts";

const MAX_CODE_POINTS = 100_000;
const MAX_DEPTH = 250;
const RESERVED = new Set([
  ...["as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"],
  ...["namespace", "return", "var", "void", "while"],
]);
const RELATIONS = new Set(["<", "<=", ">=", ">", "==", "!=", "in"]);
const LITERALS = new Set<TokenKind>(["int", "uint", "float", "string", "bytes"]);

/** The tree of the expression, or undefined if it does not parse; every reason is in `problems`. */
export function parse(text: string, problems: Problems): Node | undefined {
  if (text.length > MAX_CODE_POINTS && [...text].length > MAX_CODE_POINTS) {
    problems.error({ start: 0, end: text.length }, "the expression is longer than 100,000 characters");
    return undefined;
  }
  const space = /^\p{White_Space}+|\p{White_Space}+$/gu;
  const tokens = tokenize(
    text.replace(space, (run) => " ".repeat(run.length)),
    problems,
  );
  if (problems.failed) return undefined;
  try {
    const root = new Parser(tokens, problems).whole();
    return problems.failed ? undefined : root;
  } catch (stop) {
    if (!(stop instanceof SyntaxStop)) throw stop;
    return undefined;
  }
}

type Rule = "expression" | "relation" | "sum";

class Parser extends Cursor {
  private readonly depth: Record<Rule, number> = { expression: 0, relation: 0, sum: 0 };
  private readonly heights = new WeakMap<Node, number>();

  whole(): Node {
    if (this.ended) this.stop("the expression is empty", "a `when` needs a condition: args.n > 0");
    const root = this.expression();
    if (!this.ended) this.unexpected("an operator before it");
    return root;
  }

  /** cel-go allows 250 nested calls of a grammar rule. */
  private within<T>(rule: Rule, parsePart: () => T): T {
    if (++this.depth[rule] > MAX_DEPTH) this.tooDeep();
    const part = parsePart();
    this.depth[rule]--;
    return part;
  }

  private tooDeep(): never {
    this.stop(`the expression is nested more than ${MAX_DEPTH} deep`, "split it into several rules");
  }

  /** cel-go allows 250 operators, selections, indexes and method calls applied to one another. */
  private counted<N extends Node>(node: N): N {
    const height = 1 + this.highest(node);
    if (height > MAX_DEPTH) this.tooDeep();
    this.heights.set(node, height);
    return node;
  }

  /** A node that only passes on the height of its parts. */
  private plain<N extends Node>(node: N): N {
    this.heights.set(node, this.highest(node));
    return node;
  }

  private highest(node: Node): number {
    return children(node).reduce((most, part) => Math.max(most, this.heights.get(part) ?? 0), 0);
  }

  private expression(): Node {
    return this.within("expression", () => {
      const condition = this.disjunction();
      const at = this.take("?");
      if (!at) return condition;
      const yes = this.disjunction();
      this.expect(":");
      return this.counted(operator("_?_:_", at, [condition, yes, this.expression()]));
    });
  }

  private disjunction(): Node {
    return this.chain("||", () => this.chain("&&", () => this.relation()));
  }

  private chain(sign: "&&" | "||", part: () => Node): Node {
    const first = part();
    const at = this.token;
    const args = [first];
    while (this.take(sign)) args.push(part());
    return args.length === 1 ? first : this.plain(operator(`_${sign}_`, at, args));
  }

  private relation(): Node {
    return this.within("relation", () => {
      let left = this.sum(0);
      while (this.token.kind === "sign" && RELATIONS.has(this.token.text)) {
        const at = this.advance();
        const right = this.within("relation", () => this.sum(0));
        left = this.counted(operator(at.text === "in" ? "@in" : `_${at.text}_`, at, [left, right]));
      }
      return left;
    });
  }

  /** `+` and `-` bind at level 0; `*`, `/` and `%` at level 1. */
  private sum(level: number): Node {
    return this.within("sum", () => {
      let left = this.unary();
      for (;;) {
        const binds = ["+", "-"].some((sign) => this.is(sign)) ? 0 : 1;
        if (binds < level || (binds === 1 && !["*", "/", "%"].some((sign) => this.is(sign)))) return left;
        const at = this.advance();
        left = this.counted(operator(`_${at.text}_`, at, [left, this.sum(binds + 1)]));
      }
    });
  }

  private unary(): Node {
    const at = this.token;
    const sign = this.is("!") ? "!" : "-";
    if (!this.is(sign) || this.negativeNumber()) return this.member();
    let count = 0;
    while (this.take(sign)) count++;
    const operand = this.member();
    return count % 2 === 0 ? operand : this.plain(operator(`${sign}_`, at, [operand]));
  }

  /** A single minus directly before a number belongs to the number. */
  private negativeNumber(): boolean {
    return this.is("-") && ["int", "float"].includes(this.ahead(1).kind);
  }

  private member(): Node {
    let left = this.primary();
    for (;;) {
      if (this.is(".")) left = this.dotted(left);
      else if (this.is("[")) left = this.indexed(left);
      else return left;
    }
  }

  private dotted(operand: Node): Node {
    this.advance();
    const optional = this.take("?") !== undefined;
    const name = this.token;
    if (name.kind !== "ident" && name.kind !== "quoted") this.fieldMissing(name);
    this.advance();
    const { start } = operand.span;
    if (!optional && name.kind === "ident" && this.is("(")) {
      const args = this.args();
      return this.counted(this.call({ fn: name.text, at: name, target: operand, args }, start));
    }
    const field = name.kind === "quoted" ? name.text.slice(1, -1) : name.text;
    const mode = optional ? "optional" : "get";
    return this.counted({ kind: "select", operand, field, mode, span: { start, end: name.end } });
  }

  private fieldMissing({ kind, text }: Token): never {
    if (kind !== "sign" || !/^\w/.test(text)) this.unexpected("a field name");
    this.stop(`\`${text}\` cannot be a field name here`, `write ["${text}"]`);
  }

  private indexed(operand: Node): Node {
    const at = this.advance();
    const fn = this.take("?") ? "_[?_]" : "_[_]";
    const index = this.expression();
    this.expect("]");
    const span = { start: operand.span.start, end: this.previousEnd };
    return this.counted({ kind: "call", fn, at, args: [operand, index], span });
  }

  private args(): Node[] {
    this.expect("(");
    const args: Node[] = [];
    if (this.take(")")) return args;
    do args.push(this.expression());
    while (this.take(","));
    this.expect(")");
    return args;
  }

  private call(parts: Pick<Call, "fn" | "at" | "target" | "args">, start: number): Node {
    return expandCall({ kind: "call", ...parts, span: { start, end: this.previousEnd } }, this.problems);
  }

  private primary(): Node {
    const { kind, start } = this.token;
    if (this.take("(")) {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (this.is("[")) return this.list();
    if (this.is("{")) return this.map();
    if (kind === "ident" || this.is(".")) return this.named();
    if (this.negativeNumber()) {
      this.advance();
      return this.literal(true, start);
    }
    const constant = ["true", "false", "null"].some((word) => this.is(word));
    return constant || LITERALS.has(kind) ? this.literal(false, start) : this.unexpected("a value");
  }

  private literal(negative: boolean, start: number): Node {
    const token = this.advance();
    const span = { start, end: token.end };
    const value = literalValue(token, negative);
    if (typeof value !== "string") return { kind: "literal", value, span };
    this.problems.error(span, value);
    return { kind: "literal", value: { tag: Tag.Null }, span };
  }

  /** A variable, a global call or a message literal. */
  private named(): Node {
    const { start } = this.token;
    const global = this.take(".") !== undefined;
    const name = this.token;
    if (name.kind !== "ident") this.unexpected("a name");
    if (this.messageAhead()) return this.message(start);
    this.advance();
    if (RESERVED.has(name.text)) {
      this.problems.error(name, `\`${name.text}\` is a reserved word`, "it can only be a field: x.if");
    }
    if (this.is("(")) return this.plain(this.call({ fn: name.text, at: name, args: this.args() }, start));
    return { kind: "ident", name: name.text, global, span: { start, end: name.end } };
  }

  private messageAhead(): boolean {
    let i = 1;
    while (this.ahead(i).text === "." && this.ahead(i + 1).kind === "ident") i += 2;
    return this.ahead(i).kind === "sign" && this.ahead(i).text === "{";
  }

  private message(start: number): Node {
    let name = "";
    while (!this.is("{")) name += this.advance().text;
    this.advance();
    const values: Node[] = [];
    this.items("}", () => {
      this.take("?");
      if (!["ident", "quoted"].includes(this.token.kind)) this.unexpected("a field name");
      this.advance();
      this.expect(":");
      values.push(this.expression());
    });
    return this.plain({ kind: "message", name, values, span: { start, end: this.previousEnd } });
  }

  private list(): Node {
    const { start } = this.advance();
    const items: ListNode["items"] = [];
    this.items("]", () => items.push({ optional: this.take("?") !== undefined, value: this.expression() }));
    return this.plain({ kind: "list", items, span: { start, end: this.previousEnd } });
  }

  private map(): Node {
    const { start } = this.advance();
    const entries: MapNode["entries"] = [];
    this.items("}", () => {
      const optional = this.take("?") !== undefined;
      const key = this.expression();
      this.expect(":");
      entries.push({ key, optional, value: this.expression() });
    });
    return this.plain({ kind: "map", entries, span: { start, end: this.previousEnd } });
  }
}

function operator(fn: string, at: Span, args: Node[]): Call {
  const start = Math.min(at.start, args[0]?.span.start ?? at.start);
  const end = args.at(-1)?.span.end ?? at.end;
  return { kind: "call", fn, at: { start: at.start, end: at.end }, args, span: { start, end } };
}
