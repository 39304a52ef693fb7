// Instructions: what each part of the language becomes, and what the filter must provide for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Flag } from "../../assembly/program.ts";
import { compileWhen } from "../../scripts/compiler/cel/index.ts";
import { list } from "../support/code.ts";

/** The code without the last Return. */
function code(text: string): string[] {
  const compiled = compileWhen(text);
  if (!compiled.code) return compiled.problems.map(({ message }) => `refused: ${message}`);
  const lines = list(compiled.code);
  assert.equal(lines.pop(), "Return");
  return lines;
}

const CODE: [string, string[]][] = [
  ["args.a == 1", ["Slot Body/params/arguments/a", "Const 1", "Eq"]],
  ["args['a'].b.`c-d` == null", ["Slot Body/params/arguments/a/b/c-d", "Const Null", "Eq"]],
  ["args == null", ["Slot a=1 :Arguments", "Const Null", "Eq"]],
  ["args.l[0].b", ["Slot Body/params/arguments/l", "Const 0", "Index", 'Select "b"']],
  ["args[args.k]", ["Slot a=1 :Arguments", "Slot Body/params/arguments/k", "Index"]],
  ["has(args.a.b)", ["HasSlot Body/params/arguments/a/b"]],
  ["has(args.l[0].b)", ["Slot Body/params/arguments/l", "Const 0", "Index", 'Has "b"']],
  ["args.a.?b.c.hasValue()", ["OptSlot Body/params/arguments/a/b", 'OptSelect "c"', "OptHasValue"]],
  ["has(args.?a.b)", ["OptSlot Body/params/arguments/a", 'OptSelect "b"', "OptHasValue"]],
  ["args.?a[0].value()", ["OptSlot Body/params/arguments/a", "Const 0", "OptIndex", "OptValue"]],
  ["args.?a.orValue(1) == 1", ["OptSlot Body/params/arguments/a", "OptOrJump a=1 to 3", "Const 1", "Const 1", "Eq"]],
  [
    "args.?a.optMap(v, v == 1).orValue(false)",
    [
      ...["OptSlot Body/params/arguments/a", "OptMap to 6", "Local 0", "Const 1", "Eq", "OptBind"],
      ...["OptOrJump a=1 to 8", "Const false"],
    ],
  ],
  ["request.mcp.params.arguments.a.b", ["Slot Body/params/arguments/a/b"]],
  ["request.mcp.params.arguments == {}", ["Slot a=2 :Arguments", "Const {}", "Eq"]],
  ["has(request.mcp.params.arguments)", ["HasSlot a=2 :Arguments"]],
  ["has(request.mcp.params.arguments.a)", ["Slot a=2 :Arguments", 'Has "a"']],
  ["request.mcp.params.name", ["Slot a=2 :Name"]],
  ["has(request.mcp.params.foo)", ["Const false"]],
  ["request.mcp.params.foo", ["Const Error"]],
  ["mcp.tool == 'a'", ["Attribute Tool", 'Const "a"', "Eq"]],
  ["has(mcp.uri)", ["HasAttribute Uri"]],
  [
    "mcp.?uri.hasValue()",
    [...["HasAttribute Uri", "Branch error 6 to 5", "Attribute Uri", "OptOf", "Jump to 6", "OptNone"], "OptHasValue"],
  ],
  ["jwt.claims.org.unit", ["Slot Claims/org/unit"]],
  ["'a' in request.auth.jwt.scopes", ['Const "a"', "Attribute Scopes", "In"]],
  ["request.headers['x-a']", ['Header "x-a"']],
  ["has(request.headers.host)", ['HasHeader "host"']],
  ["'x-a' in request.headers", ['HasHeader "x-a"']],
  ["request.headers_all['x-a'][0]", ['Header a=1 "x-a"', "Const 0", "Index"]],
  ["request.headers[args.h]", ["Attribute Headers", "Slot Body/params/arguments/h", "Index"]],
  [
    "args.a && args.b && args.c",
    [
      ...["Slot Body/params/arguments/a", "AndJump to 7", "Slot Body/params/arguments/b", "And"],
      ...["AndJump to 7", "Slot Body/params/arguments/c", "And"],
    ],
  ],
  [
    "args.a ? args.b : args.c",
    [
      ...["Slot Body/params/arguments/a", "Branch error 5 to 4", "Slot Body/params/arguments/b", "Jump to 5"],
      "Slot Body/params/arguments/c",
    ],
  ],
  ["args.a in [1, 'b', [2u]]", ["Slot Body/params/arguments/a", 'Const [1, "b", [2u]]', "In"]],
  ["args.a in []", ["Slot Body/params/arguments/a", "Pop", "Const false"]],
  [
    "args.l.exists(x, args.m.all(y, x == y))",
    [
      ...["Slot Body/params/arguments/l", "Loop a=Exists to 9", "Slot Body/params/arguments/m", "Loop to 8"],
      ...["Local 0", "Local 1", "Eq", "Next to 4", "Next to 2"],
    ],
  ],
  [
    "args.l.map(x, x > 1, [x]) == []",
    [
      ...["Slot Body/params/arguments/l", "Loop a=Map to 9", "Local 0", "Const 1", "Gt", "Skip to 8"],
      ...["Local 0", "List 1", "Next a=1 to 2", "Const []", "Eq"],
    ],
  ],
  [
    "args.l.exists(args, args == args.x)",
    ["Slot Body/params/arguments/l", "Loop a=Exists to 7", "Local 0", "Local 0", 'Select "x"', "Eq", "Next to 2"],
  ],
  [
    "[1].all(args, .args.a == 1)",
    ["Const [1]", "Loop to 6", "Slot Body/params/arguments/a", "Const 1", "Eq", "Next to 2"],
  ],
  ["[1, ?args.?a] == [1]", ["Const 1", "OptSlot Body/params/arguments/a", "List a=1 2", "Const [1]", "Eq"]],
  [
    "{'a': 1, ?'b': args.?b} == {}",
    ['Const "a"', "Const 1", 'Const "b"', "OptSlot Body/params/arguments/b", "Map a=1 2", "Const {}", "Eq"],
  ],
  ["args.s.matches('a+')", ["Slot Body/params/arguments/s", "Matches a+"]],
  ["args.s.matches('^/public/')", ["Slot Body/params/arguments/s", 'Const "/public/"', "StartsWith"]],
  [String.raw`args.s.matches(r"\.md$")`, ["Slot Body/params/arguments/s", 'Const ".md"', "EndsWith"]],
  ["args.s.matches('^abc$')", ["Slot Body/params/arguments/s", "Matches ^abc$"]],
  ["string(args.s).matches('^abc$')", ["Slot Body/params/arguments/s", "ToString", "Matches ^abc$"]],
  [
    "duration('1h30m') == duration(args.d)",
    ["Const 5400000000000ns", "Slot Body/params/arguments/d", "ToDuration", "Eq"],
  ],
  [
    "timestamp(args.t).getHours('-2:30') > 8",
    ["Slot Body/params/arguments/t", "ToTimestamp", 'Const "-02:30"', "Time a=Hours b=1", "Const 8", "Gt"],
  ],
  [
    "type(args.a) == google.protobuf.Timestamp",
    ["Slot Body/params/arguments/a", "TypeOf", "Const type Timestamp", "Eq"],
  ],
];

test("code", () => {
  for (const [text, lines] of CODE) assert.deepEqual(code(text), lines, text);
});

// What cel-go computes at compile time, and how Go prints it.
const CONSTANTS: [string, string][] = [
  ["string(1000000.0)", '"1e+06"'],
  ["string(1234567.0)", '"1.234567e+06"'],
  ["string(0.0001)", '"0.0001"'],
  ["string(0.00001)", '"1e-05"'],
  ["string(-0.0)", '"-0"'],
  ["string(duration('90m1.5s'))", '"5401.5s"'],
  ["string(duration('1ns'))", '"0.000000001s"'],
  ["string(timestamp('2020-01-01T00:00:00.120Z'))", '"2020-01-01T00:00:00.12Z"'],
  ["int(-1.9)", "-1"],
  ["int(-0.5)", "0"],
  ["int('+7')", "7"],
  ["uint(3.9)", "3u"],
  ["double('1_0')", "10.0"],
  ["double('-inf')", "-Infinity"],
  ["bytes('é')", "bytes[195 169]"],
  ["string(b'\\xc3\\xa9')", '"é"'],
  ["timestamp('2020-02-29T23:59:59.5-01:30')", "@1583026199.500000000"],
  ["duration('-1.5h')", "-5400000000000ns"],
  ["type([1])", "type List"],
  ["{'a': 1, 'a': 2}", '{"a": 2}'],
];

test("constants", () => {
  for (const [text, value] of CONSTANTS) {
    assert.deepEqual(code(`args.x == dyn(${text})`), ["Slot Body/params/arguments/x", `Const ${value}`, "Eq"], text);
  }
});

const IMPOSSIBLE = [
  ...["int('0x1')", "int(1e19)", "int(-9223372036854775808.0)", "uint(-0.5)", "uint('-1')", "uint(-1)", "bool('yes')"],
  ...["double('1e999')", "string(b'\\xff')", "timestamp('2020-02-30T00:00:00Z')", "timestamp('0000-12-31T00:00:00Z')"],
  ...["timestamp(253402300800)", "duration('1d')", "duration('')", "duration('9999999h')", "string(dyn(null))"],
];

test("an expression with a failing constant is refused, even if it would not be reached", () => {
  for (const text of IMPOSSIBLE) {
    assert.deepEqual(code(`false && args.x == dyn(${text})`).length, 1, text);
    assert.match(code(`false && args.x == dyn(${text})`)[0] ?? "", /^refused: this \w+\(\) always fails$/, text);
  }
});

test("bounds", () => {
  const nested = compileWhen(
    "args.a.all(x, args.b.exists(y, [x, y, 1] == args.c)) && args.?d.optMap(z, z > 1).orValue(true)",
  );
  assert.equal(nested.code?.stack, 3);
  assert.equal(nested.code?.loops, 2);
  assert.deepEqual(nested.cost, { counts: [13, 3 + 4, 7 + 4] }, "instructions, and four steps for each element");
  const deep = Array.from({ length: 13 }, (_, i) => `[1].all(x${i}, `).join("");
  assert.match(compileWhen(`${deep}true${")".repeat(13)}`).problems.at(-1)?.message ?? "", /nested more than 12 deep/);
});

const NEEDS: [string, (keyof typeof Flag)[]][] = [
  ["args.a == mcp.tool", []],
  ["jwt.claims.sub == 'a'", ["NeedsClaims"]],
  ["size(jwt.claims) > 0", ["NeedsClaims"]],
  ["'a' in jwt.scopes", ["NeedsScopeList"]],
  ["has(request.headers.a)", ["NeedsHeaders"]],
  ["request.path.startsWith('/a')", ["NeedsRequest"]],
];

test("needs", () => {
  for (const [text, needs] of NEEDS) {
    const bits = needs.reduce((all, name) => all | Flag[name], 0);
    assert.equal(compileWhen(text).code?.needs, bits, text);
  }
});
