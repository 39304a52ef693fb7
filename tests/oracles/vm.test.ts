// The predicate machine by itself: recorded results of cel-go, damaged programs, and inputs made to take long.
// data/vm-cases.jsonl: expressions and arguments from a random generator, evaluated by cel-go 0.28.1 set up as for
// data/cel-cases.jsonl; only those that both compilers accept.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { RE2JS } from "re2js";
import { HEADER_SIZE, SECTION_COUNT, Section } from "../../assembly/program.ts";
import { compileDocument, pluginConfiguration, type Policy } from "../../scripts/compiler/index.ts";
import { checksum } from "../../scripts/compiler/program/writer.ts";
import { compileModule } from "../support/compile-entry.ts";
import { random } from "../support/random.ts";

interface Machine {
  memory: WebAssembly.Memory;
  prepare(size: number): number;
  configure(size: number): number;
  read(size: number): number;
  run(predicate: number): number;
  steps(): number;
}

interface Case {
  expr: string;
  /** JSON text, as it is in the body. */
  args: string;
  expected: string;
}

/** How many damaged programs are tried; DAMAGED sets more for a longer run by hand. */
const DAMAGED = Number(process.env.DAMAGED ?? 6000);
/** By Outcomes, which are bits. */
const TRUTHS: { [outcomes: number]: string } = { 1: "false", 2: "true", 4: "error" };
let module: WebAssembly.Module;
let machine: Machine;

before(async () => {
  module = await compileModule("tests/oracles/vm-entry.ts");
  restart();
});

/** A fresh machine; the fixture never gives the memory of a configuration back. */
function restart(): void {
  const env: Record<string, () => number> = {};
  for (const { name } of WebAssembly.Module.imports(module)) env[name] = () => 1;
  machine = new WebAssembly.Instance(module, { env }).exports as unknown as Machine;
}

function put(text: string): number {
  const bytes = new TextEncoder().encode(text);
  const at = machine.prepare(bytes.length);
  new Uint8Array(machine.memory.buffer).set(bytes, at);
  return bytes.length;
}

function compile(when: string | string[], steps = 16777216): { program: Uint8Array; policy: Policy } | undefined {
  const rules = [when].flat().map((each) => ({ action: "Allow", target: { tools: ["t"] }, when: each }));
  const document = { apiVersion: "scopegate/v1", kind: "Policy", metadata: { name: "p" }, limits: { steps }, rules };
  const { program, policy } = compileDocument(document);
  return program && policy && { program, policy };
}

function configure(program: Uint8Array, policy: Policy): boolean {
  return machine.configure(put(JSON.stringify(pluginConfiguration(program, policy, { holdHeaders: false })))) !== 0;
}

function read(args: string): boolean {
  const params = `{"name":"t","arguments":${args}}`;
  return machine.read(put(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`)) !== 0;
}

/** The Truth that the machine comes to, or why there is none. */
function resultOf(when: string, args: string): string {
  const compiled = compile(when);
  // What cel-go settles on without knowing is refused; there it is an error.
  if (!compiled) return "error";
  if (!configure(compiled.program, compiled.policy)) return "no configuration";
  return read(args) ? (TRUTHS[machine.run(0)] ?? "?") : "not read";
}

function readCases(): Case[] {
  const text = readFileSync(new URL("../data/vm-cases.jsonl", import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Case);
}

test("random expressions over random arguments have cel-go's results", () => {
  const wrong: string[] = [];
  for (const [i, { expr, args, expected }] of readCases().entries()) {
    if (i % 300 === 0) restart();
    const got = resultOf(expr, args);
    if (got !== expected) wrong.push(`${expr}\n  over ${args}\n  is ${got}, not ${expected}`);
  }
  assert.deepEqual(wrong, []);
});

test("strings become numbers and bools exactly as in Go's strconv", () => {
  const resultFor = (when: string, x: string) => resultOf(when, JSON.stringify({ x }));
  for (const sign of ["", "+", "-"])
    for (const word of ["inf", "INF", "infinity", "Infinity", "iNFINITy"])
      assert.equal(resultFor(`double(args.x) == double("${sign}inf")`, sign + word), "true", sign + word);
  for (const word of ["nan", "NaN", "NAN"])
    assert.equal(resultFor("double(args.x) != double(args.x)", word), "true", word);
  const none = ["in", "infi", "infinit", "infinitys", "xinfinity", "-nan", "+nan", "nann", "na", "\0inf", "++inf"];
  for (const word of none) assert.equal(resultFor("double(args.x) != 1.0", word), "error", word);
  for (const word of ["1", "t", "T", "true", "TRUE", "True"])
    assert.equal(resultFor("bool(args.x)", word), "true", word);
  for (const word of ["0", "f", "F", "false", "FALSE", "False"])
    assert.equal(resultFor("!bool(args.x)", word), "true", word);
  for (const word of ["tRUE", "fALSE", "yes", "", "tru", "truee", "falsefalse", "2", "\0t"])
    assert.equal(resultFor("bool(args.x)", word), "error", word);
});

test("null is a zero value, whatever its cell held before", () => {
  for (const first of ["args.n == 5", "args.n + 1.0 == 6.0", 'args.t == "text"', "args.l == [1.0]"]) {
    const when = `${first} && !optional.ofNonZeroValue(args.x).hasValue()`;
    assert.equal(resultOf(when, '{"n":5,"t":"text","l":[1],"x":null}'), "true", when);
  }
});

test("a lone match takes as many steps as the same match among other instructions", () => {
  const steps = 1000;
  const match = 'args.t.matches("^Hello, [a-z ]*!$")';
  const run = (when: string, args: string): [string | undefined, number] => {
    const compiled = compile(when, steps);
    assert.ok(compiled && configure(compiled.program, compiled.policy) && read(args));
    return [TRUTHS[machine.run(0)], machine.steps()];
  };
  for (const value of ['"Hello, !"', '"Hello!"', '"Hello, é!"', '""', '"\\u0048ello, you!"', "1", "null", undefined]) {
    const args = value === undefined ? "{}" : `{"t":${value}}`;
    const [alone, left] = run(match, args);
    const [among, leftAmong] = run(`!${match}`, args); // one instruction more
    assert.equal(alone, among === "true" ? "false" : among === "false" ? "true" : among);
    assert.equal(left, leftAmong + 1);
  }
  // Three instructions, and a step for every four bytes.
  for (let size = 3960; size < 4020; size++) {
    const [alone] = run(match, `{"t":"Hello, ${"a".repeat(size - 8)}!"}`);
    assert.equal(alone, 3 + (size >> 2) <= steps ? "true" : "error", `${size} bytes`);
  }
});

test("matches on the same member share its value, but only within one message", () => {
  const compiled = compile(['args.t.matches("^a.*z$")', 'args.t.matches("^[a-y]+$")', 'args.u.matches("^a.*z$")']);
  assert.ok(compiled && configure(compiled.program, compiled.policy));
  const rounds: [args: string, results: string][] = [
    ['{"t":"abcz","u":"abcy"}', "true false false"],
    ['{"t":"abcy","u":"abcz"}', "false true true"],
    ['{"u":"abcz"}', "error error true"],
    ['{"t":1,"u":"abcz"}', "error error true"],
    ['{"t":"\\u0061bcy","u":null}', "false true error"],
    ['{"t":"abcz","u":"abcz"}', "true false true"],
  ];
  for (const [args, results] of [...rounds, ...rounds.reverse()]) {
    assert.ok(read(args));
    for (let again = 0; again < 2; again++)
      assert.equal([0, 1, 2].map((predicate) => TRUTHS[machine.run(predicate)]).join(" "), results, args);
  }
});

test("long texts match as in re2js, wherever the deciding character is", () => {
  const patterns = ["^Hello, .*!$", "^[a-z/]*$", "é.*x", "^.*$", "(?s)^.*[^!]$", "^(?:[^!]|!!)*$", "\\\\.*é"];
  for (const pattern of patterns) {
    const compiled = compile(`args.t.matches(${JSON.stringify(pattern)})`);
    assert.ok(compiled && configure(compiled.program, compiled.policy));
    const reference = RE2JS.compile(pattern);
    for (const odd of ["!", "é", "x", "\n", "\\", "😀", "Z"]) {
      for (let length = 0; length < 50; length++) {
        for (const at of [0, length >> 1, length]) {
          for (const head of ["", "Hello, "]) {
            const text = `${head}${"a".repeat(at)}${odd}${"a".repeat(length - at)}`;
            assert.ok(read(JSON.stringify({ t: text })));
            assert.equal(TRUTHS[machine.run(0)], `${reference.test(text)}`, `${pattern} on ${JSON.stringify(text)}`);
          }
        }
      }
    }
  }
});

/** Where the records of a section are: their offset, and the start of the next section. */
function spanOf(program: Uint8Array, section: Section): [number, number] {
  const view = new DataView(program.buffer, program.byteOffset);
  const offset = (index: number): number => view.getUint32(HEADER_SIZE + index * 8, true);
  const start = offset(section);
  const later = Array.from({ length: SECTION_COUNT }, (_, i) => offset(i)).filter((at) => at > start);
  return [start, Math.min(program.length, ...later)];
}

test("a damaged program is refused, or runs without a trap", () => {
  const whens = [
    'args.a.matches("^[a-zé]+$") && args.l.filter(x, x > 1).map(y, {"k": y})[0].k in [1, 2] || has(args.m.x)',
    'args.?m.?x.optMap(v, [v, "é"]).orValue(["a"]) == args.l || args.l.exists_one(x, x.all(y, y == args.a + "b"))',
    '(args.n > 1.5 ? timestamp(args.a) : timestamp(0)).getHours("+02:00") == 2 || string(args.n) in {"1": true, "b": 2}',
  ];
  const args = '{"a":"\\u0061é","l":[1,2,[3,"x"],{"y":1}],"m":{"x":[1,"é"]},"n":1.25}';
  const sections = [Section.Code, Section.Cells, Section.Automata, Section.Predicates, Section.Bytes];
  const next = random(1);
  const below = (limit: number): number => Math.floor(next() * limit);
  let taken = 0;
  const sound = whens.map((when) => compile(when));
  for (let i = 0; i < DAMAGED; i++) {
    if (i % 300 === 0) restart();
    const compiled = sound[i % sound.length];
    assert.ok(compiled);
    const program = compiled.program.slice();
    const [start, end] = spanOf(program, sections[below(sections.length)] ?? Section.Code);
    for (let flips = 1 + below(2); flips > 0; flips--) program[start + below(end - start)] = below(below(2) ? 90 : 256);
    new DataView(program.buffer).setUint32(12, checksum(program), true);
    if (!configure(program, compiled.policy)) continue;
    taken++;
    assert.ok(read(args));
    machine.run(0); // any result, but no trap
  }
  assert.ok(taken > DAMAGED / 10, `only ${taken} damaged programs were accepted, too few to learn from`);
});

test("inputs made to take long run out of steps within seconds", () => {
  const keys = Array.from({ length: 60000 }, (_, i) => `"key${i}":${i}`).join();
  const ones = Array.from({ length: 20000 }, () => 1);
  const hostile: [when: string, args: string][] = [
    ["args.a.contains(args.b)", JSON.stringify({ a: "a".repeat(2000000), b: `${"a".repeat(100000)}b` })],
    ["args.a.contains(args.b)", `{"a":"${"\\u0061".repeat(300000)}","b":"${"a".repeat(30000)}b"}`],
    ["args.a == args.b", `{"a":{${keys}},"b":{${keys}}}`],
    ["args.l.all(x, args.l.all(y, x != y + 0.5))", `{"l":[${"1,".repeat(100000)}1]}`],
    ["args.l.all(x, x > 0.0)", `{"l":[${"9007199254740993.00000000000000000000000000000001,".repeat(80000)}1]}`],
    ["args.l.all(x, args.l[99999] >= x)", `{"l":[${"1,".repeat(100000)}1]}`],
    ["args.k in args.m", `{"k":"${"\\u0000".repeat(8000)}k","m":{${keys}}}`],
    ["args.l.all(x, int(args.t) == 1)", JSON.stringify({ l: ones, t: `${"0".repeat(20000)}1` })],
    ["args.l.all(x, duration(args.t) > duration('1s'))", JSON.stringify({ l: ones, t: `1.${"0".repeat(20000)}h` })],
    [
      "args.l.all(x, timestamp(args.t) > timestamp('2020-01-01T00:00:00Z'))",
      JSON.stringify({ l: ones, t: `2026-01-01T00:00:00.${"1".repeat(20000)}Z` }),
    ],
    ["args.l.all(x, double(x) >= 0.0)", `{"l":[${'"2.4703282292062327208e-324",'.repeat(80000)}"1"]}`],
  ];
  for (const [when, args] of hostile) {
    restart();
    const start = performance.now();
    assert.equal(resultOf(when, args), "error", when);
    assert.equal(machine.steps(), 0, when);
    assert.ok(performance.now() - start < 8000, `${when} took ${Math.round(performance.now() - start)} ms`);
  }
});

test("large but honest inputs stay within the steps", () => {
  restart();
  const list = `[${"1,".repeat(200000)}1]`;
  assert.equal(resultOf("args.l.all(x, x > 0)", `{"l":${list}}`), "true");
  assert.equal(resultOf("args.l == args.k", `{"l":${list},"k":${list}}`), "true");
  const text = JSON.stringify({ a: "x".repeat(3000000) });
  assert.equal(resultOf('args.a.matches("^x+$") && !args.a.contains("xy") && size(args.a) == 3000000', text), "true");
});
