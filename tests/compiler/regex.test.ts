// Regexes as automata: against recorded results of Go's regexp, against re2js, and the form of the table.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RE2JS } from "re2js";
import { MAX_STATES } from "../../assembly/program.ts";
import { buildAutomaton, type Automaton } from "../../scripts/compiler/regex/automaton.ts";
import { PatternError } from "../../scripts/compiler/regex/machine.ts";
import { readCases, score, type Difference } from "../support/cases.ts";

interface RegexCase {
  id: string;
  section: string;
  pattern: string;
  input: string;
  expected: "match" | "nomatch" | "invalid";
}

/** Follows the table as the filter does (assembly/cel/automaton.ts). */
function matches({ ascii, ranges, classes, start, table }: Automaton, input: string): boolean {
  let state = start;
  for (const char of input) {
    const point = char.codePointAt(0)!;
    const cls = point < 128 ? ascii[point]! : ranges.findLast(({ first }) => first <= point)!.class;
    state = table[state * (classes + 1) + cls]!;
  }
  return table[state * (classes + 1) + classes] === 1;
}

const built = new Map<string, Automaton | PatternError>();

function build(pattern: string): Automaton | PatternError {
  let automaton = built.get(pattern);
  if (!automaton) {
    try {
      automaton = buildAutomaton(pattern);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      automaton = error;
    }
    built.set(pattern, automaton);
  }
  return automaton;
}

function compare({ pattern, input, expected }: RegexCase): Difference {
  const automaton = build(pattern);
  if (automaton instanceof PatternError) return expected === "invalid" ? undefined : `refused: ${automaton.message}`;
  const answer = matches(automaton, input) ? "match" : "nomatch";
  return answer === expected ? undefined : `${answer}, expected ${expected}`;
}

const recorded = readCases<RegexCase>("regex-cases");
score(
  "regex",
  recorded.map((item) => ({ id: item.id, group: item.section, run: () => compare(item) })),
);

test("a listed exception is a refusal, never a different result", () => {
  const others = recorded
    .map((item) => compare(item))
    .filter((difference) => difference && !difference.startsWith("refused:"));
  assert.deepEqual(others, []);
});

/** A small seeded generator, so that every run tries the same patterns. */
function randomizer(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const ATOMS = [
  ..."a b k ſ é 😀 - . ^ $ [ab] [^a] [a-y] \\n \\w \\W \\d \\s \\A \\z \\b \\B \\pL \\p{Lu} \\P{Greek} \\x{212a}".split(
    " ",
  ),
  ..."(?i:k) (?i:[k-s]) (?i:é) (?i:σ) (?i:[^s]) (?m:^) (?m:$) (?s:.) [[:alpha:]] [[:^word:]] a{0}".split(" "),
];
const CHARACTERS = [..."abkKsſKéÉ😀\n\r 1_ZσςΣα-"];

function randomPattern(random: (limit: number) => number, depth: number): string {
  const inner = (): string => randomPattern(random, depth - 1);
  const kind = depth === 0 ? 0 : random(10);
  if (kind < 4) return ATOMS[random(ATOMS.length)]!;
  if (kind < 7) return inner() + inner();
  if (kind === 7) return `(${inner()}|${inner()})`;
  return `(?:${inner()})${["*", "+", "?", "{1,2}", "{2}", "*?", "{0,2}?"][random(7)]}`;
}

test("random patterns match as in re2js", () => {
  const random = randomizer(20260728);
  let positive = 0;
  for (let round = 0; round < 1500; round++) {
    const flags = ["", "", "", "(?i)", "(?m)", "(?s)", "(?im)", "(?U)"][random(8)]!;
    const pattern = flags + randomPattern(random, 3);
    const automaton = buildAutomaton(pattern);
    const reference = RE2JS.compile(pattern);
    for (let i = 0; i < 8; i++) {
      const input = Array.from({ length: random(7) }, () => CHARACTERS[random(CHARACTERS.length)]).join("");
      const expected = reference.test(input);
      positive += Number(expected);
      assert.equal(matches(automaton, input), expected, `${JSON.stringify(pattern)} on ${JSON.stringify(input)}`);
    }
  }
  assert.ok(positive > 2000 && positive < 10000, `${positive} of 12000 match`);
});

const TABLES: [pattern: string, states: number, classes: number][] = [
  ["^Hello, .*!$", 11, 9],
  ["(a+)+$", 4, 2],
  ["(x+x+)+y", 5, 3],
  ["(^|/)\\.\\.(/|$)", 6, 3],
  ["^\\p{L}+$", 4, 2],
  ["^.{1,200}$", 203, 2],
  ["x{1000}", 1002, 2],
  ["", 2, 1],
  ["[^\\x00-\\x{10FFFF}]", 2, 1],
  ["a\\bb", 2, 1],
];

for (const [pattern, states, classes] of TABLES) {
  test(`the automaton of ${JSON.stringify(pattern)} is the smallest`, () => {
    const automaton = buildAutomaton(pattern);
    assert.deepEqual([automaton.states, automaton.classes], [states, classes]);
  });
}

test("loops and prefixes agree with the table", () => {
  let loopCount = 0;
  let prefixed = 0;
  for (const automaton of built.values()) {
    if (automaton instanceof PatternError) continue;
    const { classes, ascii, ranges, table, loops, start, prefix, afterPrefix } = automaton;
    const to = (state: number, cls: number): number => table[state * (classes + 1) + cls]!;
    loops.forEach(({ leaves, wide }, i) => {
      for (let point = 0; point < 128; point++) {
        const left = (leaves[point & 15]! >> (point >> 4)) & 1;
        assert.equal(
          left,
          Number(point === 0x5c || to(2 + i, ascii[point]!) !== 2 + i),
          `${automaton.source} ${point}`,
        );
      }
      assert.equal(
        wide,
        ranges.some((range) => to(2 + i, range.class) !== 2 + i),
      );
    });
    let state = start;
    for (const point of prefix) {
      for (let other = 0; other < 128; other++) assert.equal(to(state, ascii[other]!) !== 0, other === point);
      assert.ok(ranges.every((range) => to(state, range.class) === 0) && to(state, classes) === 0);
      state = to(state, ascii[point]!);
    }
    assert.equal(state, afterPrefix);
    loopCount += loops.length;
    prefixed += Number(prefix.length > 0);
  }
  assert.ok(loopCount > 100 && prefixed > 20, `${loopCount} loops, ${prefixed} prefixes`);
});

test("the table has the form that the filter expects", () => {
  for (const automaton of built.values()) {
    if (automaton instanceof PatternError) continue;
    const { states, classes, start, ascii, ranges, table } = automaton;
    const columns = classes + 1;
    assert.ok(start < states && states <= MAX_STATES);
    assert.equal(table.length, states * columns);
    assert.ok(table.every((state) => state < states));
    assert.ok(
      table.subarray(0, columns).every((state) => state === 0),
      "state 0 rejects for good",
    );
    assert.ok(
      table.subarray(columns, 2 * columns).every((state) => state === 1),
      "state 1 accepts for good",
    );
    for (let state = 0; state < states; state++)
      assert.ok(table[state * columns + classes]! <= 1, "the text ends in 0 or 1");
    assert.equal(ascii.length, 128);
    assert.ok(ascii.every((cls) => cls < classes) && ranges.every((range) => range.class < classes));
    assert.equal(ranges[0]!.first, 128);
    ranges.reduce((before, range) => (assert.ok(before.first < range.first && before.class !== range.class), range));
  }
});

test("patterns that grow too large are refused quickly, with a hint", () => {
  for (const pattern of ["[ab]*a[ab]{14}c", ".{0,100}foo.{0,100}bar", "(?:[a-y]{1,30}[b-z]{1,30}){16}x"]) {
    const start = performance.now();
    assert.throws(
      () => buildAutomaton(pattern),
      (error) => error instanceof PatternError && /states/.test(error.message) && error.hint !== undefined,
    );
    assert.ok(performance.now() - start < 5000, `${pattern} took ${performance.now() - start} ms`);
  }
});

test("classes that re2js knows but Go does not are refused, unless they are quoted", () => {
  for (const name of ["Old_Italic", "SignWriting", "Emoji", "greek", "Lowercase_Letter", "Dash", "^Old_Italic"]) {
    assert.throws(() => buildAutomaton(`a[\\p{${name}}]`), PatternError, name);
  }
  for (const pattern of ["\\Q\\p{Old_Italic}\\E", "\\\\p{Old_Italic}", "\\p{LC}", "\\p{^Greek}", "\\PN", "\\p{Han}"]) {
    buildAutomaton(pattern);
  }
});

const FAULTS: [pattern: string, offset: number, hint: RegExp | undefined][] = [
  ["ab(?=c)", 2, /look-ahead/],
  ["(a)\\1", 3, /back-references/],
  ["a\\u20ac", 1, /x\{20AC\}/],
  ["x[z-a]", 2, undefined],
  ["abc(", 0, undefined],
  ["ab\\p{Old_Italic}", 2, /\\p\{Greek\}/],
];

for (const [pattern, offset, hint] of FAULTS) {
  test(`${pattern} is refused at its fault`, () => {
    const error = build(pattern);
    assert.ok(error instanceof PatternError);
    assert.equal(error.offset, offset);
    if (hint) assert.match(error.hint ?? "", hint);
    else assert.equal(error.hint, undefined);
  });
}

test("re2js still has the instruction list that the compiler uses", () => {
  const { prog } = (
    RE2JS.compile("(a|b)*^\\b.[^c](?i:k)") as unknown as { re2Input: { prog: Record<string, unknown> } }
  ).re2Input;
  assert.equal(typeof prog.start, "number");
  const steps = prog.inst as { op: number; out: number; arg: number; runes: Int32Array }[];
  assert.ok(steps.length > 8);
  for (const { op, out, arg, runes } of steps) {
    assert.ok(op >= 1 && op <= 11);
    assert.ok(out < steps.length && typeof arg === "number" && runes instanceof Int32Array);
  }
});
