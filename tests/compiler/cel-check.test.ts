// Static types: accepted and refused as in cel-go, with hints on what to write instead.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../../scripts/compiler/cel/checker.ts";
import { compileWhen } from "../../scripts/compiler/cel/index.ts";
import { parse } from "../../scripts/compiler/cel/parser.ts";
import { Problems } from "../../scripts/compiler/cel/problems.ts";
import { show } from "../../scripts/compiler/cel/types.ts";
import { VARIABLES } from "../../scripts/compiler/cel/vocabulary.ts";
import { readCases } from "../support/cases.ts";

/** The type of an expression, or the stage that refuses it. */
function typeOf(text: string): string {
  const problems = new Problems();
  const root = parse(text, problems);
  if (!root) return "parse";
  const checked = check(root, VARIABLES, problems);
  return problems.failed ? "check" : show(checked.typeOf(root));
}

/** All problems of a `when`, as `severity offset+length: message (hint)`. */
function problemsOf(text: string): string[] {
  return compileWhen(text).problems.map(
    ({ severity, offset, length, message, hint }) =>
      `${severity} ${offset}+${length}: ${message}${hint ? ` (${hint})` : ""}`,
  );
}

// Recorded from cel-go 0.28.1: mutations of about thirty expressions, its result and the static type.
test("cel-go's answers", () => {
  const cases = readCases<{ expr: string; type?: string; refused?: string }>("cel-stages");
  assert.ok(cases.length > 600);
  for (const { expr, type, refused } of cases) assert.equal(typeOf(expr), type ?? refused, expr);
});

const TYPES: [string, string][] = [
  ["args.n + 1.0", "double"],
  ["args.n + 1.0 == 2", "check"],
  ["dyn(1) == 1.0", "bool"],
  ["1 == 1.0", "check"],
  ["1 < 1.5", "check"],
  ["[1].all(x, x < 1.5)", "bool"],
  ["[1, 'a']", "list(dyn)"],
  ["{1: 2, 'a': 3.0}", "map(dyn, dyn)"],
  ["[[], [1]]", "list(list(int))"],
  ["args.?a.b", "optional(dyn)"],
  ["[1][?0]", "optional(int)"],
  ["optional.of(1).optMap(x, [x])", "optional(list(int))"],
  ["optional.none().or(optional.of('a')).orValue('b')", "string"],
  ["null == optional.none()", "bool"],
  ["args.l.map(x, x.a)", "list(dyn)"],
  ["[1].filter(x, x)", "check"],
  ["type(1) == int", "bool"],
  ["google.protobuf.Timestamp", "type(timestamp)"],
  ["args.b ? 1 : args.c", "dyn"],
  ["[args].all(args, args == 1)", "bool"],
];

test("types", () => {
  for (const [text, type] of TYPES) assert.equal(typeOf(text), type, text);
});

const PROBLEMS: [string, string[]][] = [
  [
    "argz.a == 1 && args.l.any(x, x)",
    [
      "error 0+4: unknown variable `argz` (did you mean `args`?)",
      "error 22+3: unknown function `any` (not in CEL's standard library: use x.exists(v, …))",
      "error 26+1: unknown variable `x` (the variables are args, meta, jwt, mcp, request, source)",
      "error 29+1: unknown variable `x` (the variables are args, meta, jwt, mcp, request, source)",
    ],
  ],
  [
    "1 == 1.0",
    [
      "error 2+2: there is no operator `int == double` (both sides must have one type: write 1.0 for 1, or double(x) around the int)",
    ],
  ],
  ["'a' in 'abc'", ["error 4+2: there is no operator `string in string` (for a part of a string write x.contains(y))"]],
  ["size(args.l)", ["error 0+12: a `when` must be a bool; this is int (compare it with something)"]],
  ["args.s && 'x'", ["error 10+3: a condition must be a bool; this is string (compare it with something)"]],
  [
    "int('x') == 1 || timestamp('2020') > timestamp(0)",
    [
      "error 0+8: this int() always fails (an int is a whole number between -2^63 and 2^63-1)",
      'error 17+17: this timestamp() always fails (write RFC 3339 with a zone: timestamp("2026-01-02T03:04:05Z"))',
    ],
  ],
  [
    "args.s.matches('a(?!b)')",
    [
      "error 17+6: RE2 rejects the regex: invalid or unsupported Perl syntax ((?!) (RE2 has no look-ahead and no look-behind; combine two conditions with && instead)",
    ],
  ],
  [
    "args.s.matches(args.p)",
    ["error 15+6: the pattern of matches() must be a constant (compare with == or contains())"],
  ],
  [
    "request.auth == jwt",
    [
      "error 0+12: `request.auth` is not a value by itself (use its members: request.auth.jwt)",
      "error 16+3: `jwt` is not a value by itself (use its members: jwt.claims, jwt.scopes)",
    ],
  ],
  ["Foo{a: 1} == null", ["error 0+9: protobuf messages (`Foo{…}`) are not supported"]],
  [
    "timestamp(args.t).getHours('Europe/Berlin') > 8",
    ['error 27+15: the time zone must be a constant offset; zone names are not supported (write "UTC" or "+02:00")'],
  ],
  ["args[null] == 1 || true", ["error 5+4: this cannot be an index (an index must be a string, a number or a bool)"]],
  ["[dyn(optional.of(1))] == []", ["error 5+14: an optional is not allowed here (take its value: x.orValue(…))"]],
];

test("problems", () => {
  for (const [text, problems] of PROBLEMS) assert.deepEqual(problemsOf(text), problems, text);
});

const WARNINGS: [string, string[]][] = [
  ["args.n > 1", []],
  ["has(args.a) && has(args.a.b) && args.a.b == null", []],
  ["1 < 2", ["warning 0+5: this is always true"]],
  [
    "args.n + 1 == 2",
    [
      "warning 0+10: always an error when args.n is a JSON number: JSON numbers are doubles (write 1.0, or write int(args.n))",
    ],
  ],
  [
    "args.q == null",
    ["warning 0+6: an error, not null, when args.q is missing (write !has(args.q) || args.q == null)"],
  ],
  [
    "has(args.a.b)",
    ["warning 0+13: an error when args.a is missing: has() covers only the last step (write has(args.a) && …)"],
  ],
  [
    "args.id == 9007199254740993",
    ["warning 11+16: JSON numbers are doubles: beyond 2^53 this also equals nearby integers (compare strings)"],
  ],
  [
    "mcp.name == 'x'",
    ["warning 0+8: `name` never exists here: it counts as missing (known: method, tool, backend, uri, prompt)"],
  ],
  [
    "request.headers['X-A'] == 'x'",
    ["warning 0+22: no header ever has this name (header names are in lower case: x-a)"],
  ],
];

test("warnings", () => {
  for (const [text, warnings] of WARNINGS) assert.deepEqual(problemsOf(text), warnings, text);
});

test("nested macros that can exhaust the step budget", () => {
  const [warning] = problemsOf("args.a.all(x, args.b.all(y, args.c.all(z, x + y > z)))");
  assert.match(warning ?? "", /^warning .* lists of more than \d+ elements exhaust the step budget/);
});

test("the number of problems is bounded, and errors are always among them", () => {
  const missing = Array.from({ length: 40 }, (_, i) => `mcp.x${i} || `).join("");
  const found = compileWhen(`${missing}args.a.first().hasValue()`);
  assert.equal(found.code, undefined);
  assert.equal(found.problems.filter(({ severity }) => severity === "warning").length, 25);
  assert.equal(found.problems.filter(({ severity }) => severity === "error").length, 1);
});
