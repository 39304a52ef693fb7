// The syntax of a `when`: what parses, what is refused and where.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../scripts/compiler/cel/ast.ts";
import { parse } from "../../scripts/compiler/cel/parser.ts";
import { Problems } from "../../scripts/compiler/cel/problems.ts";
import { show } from "../support/code.ts";

/** The tree in an unambiguous form, or the first problem with its place. */
function read(text: string): string {
  const problems = new Problems();
  const root = parse(text, problems);
  const [first] = problems.list;
  return root ? shape(root) : `${first?.offset}+${first?.length}: ${first?.message}`;
}

function shape(node: Node): string {
  switch (node.kind) {
    case "literal":
      return show(node.value);
    case "ident":
      return (node.global ? "." : "") + node.name;
    case "select":
      return `${shape(node.operand)}${{ get: ".", optional: ".?", has: ".has:" }[node.mode]}${node.field}`;
    case "call":
      return `${node.target ? `${shape(node.target)}.` : ""}${node.fn}(${node.args.map(shape).join(", ")})`;
    case "list":
      return `[${node.items.map((item) => (item.optional ? "?" : "") + shape(item.value)).join(", ")}]`;
    case "map":
      return `{${node.entries.map((e) => `${e.optional ? "?" : ""}${shape(e.key)}: ${shape(e.value)}`).join(", ")}}`;
    case "message":
      return `${node.name}{${node.values.map(shape).join(", ")}}`;
    case "loop":
      return `${node.macro}(${node.variable} of ${shape(node.range)}: ${[node.filter, node.body]
        .flatMap((n) => n ?? [])
        .map(shape)
        .join(" ? ")})`;
    case "bind":
      return `${node.flat ? "flat" : "bind"}(${node.variable} = ${shape(node.operand)}: ${shape(node.body)})`;
  }
}

const TREES: [string, string][] = [
  ["a + b * c - d", "_-_(_+_(a, _*_(b, c)), d)"],
  ["a || b && c || d", "_||_(a, _&&_(b, c), d)"],
  ["a < b == c", "_==_(_<_(a, b), c)"],
  ["a ? b : c ? d : e", "_?_:_(a, b, _?_:_(c, d, e))"],
  ["a in b.c", "@in(a, b.c)"],
  ["!!a", "a"],
  ["!!!a", "!_(a)"],
  ["--a", "a"],
  ["-1", "-1"],
  ["--1", "1"],
  ["---1", "-_(1)"],
  ["-a.b", "-_(a.b)"],
  ["-9223372036854775808", "-9223372036854775808"],
  ["a -1", "_-_(a, 1)"],
  ["a.?b.c[?d][0]", "_[_](_[?_](a.?b.c, d), 0)"],
  ["a.`x-y/z`.if", "a.x-y/z.if"],
  [".a.b(.c)", ".a.b(.c)"],
  ["[1, ?a, ]", "[1, ?a]"],
  ["[,] + []", "_+_([], [])"],
  ["{'a': 1, ?b: c,}", '{"a": 1, ?b: c}'],
  ["a.b{c: 1, `d-e`: 2}", "a.b{1, 2}"],
  ["has(a.b.c)", "a.b.has:c"],
  ["a.all(x, x)", "all(x of a: x)"],
  ["a.map(x, y, z)", "map(x of a: y ? z)"],
  ["a.map(x)", "a.map(x)"],
  ["a.filter(x, y, z)", "a.filter(x, y, z)"],
  ["a.optMap(x, y).optFlatMap(z, w)", "flat(z = bind(x = a: y): w)"],
  ["a // the end", "a"],
  ["\u00a0 a\u2003", "a"],
];

test("trees", () => {
  for (const [text, tree] of TREES) assert.equal(read(text), tree, text);
});

const LITERALS: [string, string][] = [
  ["0x1F", "31"],
  ["007", "7"],
  ["18446744073709551615u", "18446744073709551615u"],
  [".5", "0.5"],
  ["1e3", "1000.0"],
  ["1.5E-1", "0.15"],
  ['"\\x41\\101\\u00e9\\U0001F600\\?\\`"', JSON.stringify("AA\u00e9\u{1f600}?`")],
  [String.raw`r"\n"`, JSON.stringify("\\n")],
  ["'''a'b\r\nc'''", JSON.stringify("a'b\nc")],
  ['""""""', '""'],
  [String.raw`b"\xff\377é"`, "bytes[255 255 195 169]"],
  [String.raw`bR'\x'`, "bytes[92 120]"],
];

test("literals", () => {
  for (const [text, value] of LITERALS) assert.equal(read(text), value, text);
});

const REFUSED: [string, string][] = [
  ["", "0+1: the expression is empty"],
  ["a +", "3+1: the expression ends here; a value is missing"],
  ["f(1,)", "4+1: unexpected `)`; a value is missing"],
  ["a b", "2+1: unexpected `b`; an operator before it is missing"],
  ["1.", "2+1: the expression ends here; a field name is missing"],
  ["-!a", "1+1: unexpected `!`; a value is missing"],
  ["a.true", "2+4: `true` cannot be a field name here"],
  ["if", "0+2: `if` is a reserved word"],
  ["a = 1", "2+1: `=` is not a CEL operator"],
  ["a & b", "2+1: `&` is not a CEL operator"],
  [String.raw`"\q" == a`, "0+9: unterminated string, or a `\\` in it that starts no escape"],
  ["a == “x”", "5+1: typographic quotes do not start a string"],
  ["9223372036854775808", "0+19: 9223372036854775808 does not fit into a 64-bit int"],
  ["1e999", "0+5: 1e999 does not fit into a double"],
  [String.raw`"\ud800"`, String.raw`0+8: \ud800 is not a Unicode character`],
  [String.raw`b"\u0041"`, String.raw`0+9: \u0041 is not allowed in bytes: write the bytes as \x..`],
  ["has(a)", "4+1: has() takes a field selection"],
  ["has(a['b'])", "4+6: has() takes a field selection"],
  ["a.all(x.y, true)", "6+3: the first argument of a macro must be the name of its variable"],
];

test("refusals", () => {
  for (const [text, message] of REFUSED) assert.equal(read(text), message, text);
});

// The limits of cel-go 0.28.1: the largest number of repetitions that it accepts.
const LIMITS: [string, (n: number) => string, number][] = [
  ["parentheses", (n) => `${"(".repeat(n)}a${")".repeat(n)}`, 249],
  ["sums", (n) => `a${"+a".repeat(n)}`, 250],
  ["selections", (n) => `a${".b".repeat(n)}`, 250],
  ["method calls", (n) => `a${".b()".repeat(n)}`, 250],
  ["lists", (n) => "[".repeat(n) + "]".repeat(n), 250],
  ["conditions", (n) => `${"a?b:".repeat(n)}c`, 249],
  ["comparisons", (n) => `a${"==a".repeat(n)}`, 250],
  ["mixed", (n) => `a${".b".repeat(n)}${"+a".repeat(n)}`, 125],
  ["sums in parentheses", (n) => `${"(a+".repeat(n)}a${")".repeat(n)}`, 124],
];

test("depth", () => {
  for (const [name, make, most] of LIMITS) {
    assert.doesNotMatch(read(make(most)), /nested more than 250/, name);
    assert.match(read(make(most + 1)), /nested more than 250/, name);
  }
});

test("no limit on && and !, and 100,000 characters", () => {
  assert.doesNotMatch(read(`a${" && a".repeat(3000)}`), /^\d/);
  assert.equal(read(`${"!".repeat(4000)}a`), "a");
  assert.equal(read(`"${"😀".repeat(99_998)}"`).length, 2 * 99_998 + 2);
  assert.match(read(`"${"x".repeat(99_999)}"`), /longer than 100,000/);
});
