import { openBudget } from "../../assembly/runtime/budget.ts";
import { useProgram } from "../../assembly/sections.ts";
import { AutomatonField } from "../../assembly/program.ts";
import { allocate } from "../../assembly/runtime/memory.ts";
import { checkAutomaton } from "../../assembly/verify/automata.ts";
import { runAutomaton } from "../../assembly/cel/automaton.ts";
import { json, raw } from "./cells.ts";

const SIZE: u32 = 1024;
const LOOPS_AT: u32 = 768;

/** A program of one automaton without loops or a prefix, its table column by column. */
function start(states: u32, classes: u32, columns: u8[]): usize {
  const program = allocate(SIZE);
  memory.fill(program, 0, SIZE);
  store<u32>(program, SIZE, 8);
  store<u32>(program, SIZE, 20); // Section.Bytes: all of it
  const record = program + 64;
  store<u32>(record, states, AutomatonField.States);
  store<u32>(record, classes, AutomatonField.Classes);
  store<u32>(record, 2, AutomatonField.Start);
  store<u32>(record, 128, AutomatonField.Ascii);
  store<u32>(record, 256, AutomatonField.Ranges);
  store<u32>(record, 1, AutomatonField.RangeCount);
  store<u32>(record, 512, AutomatonField.Table);
  store<u32>(record, LOOPS_AT, AutomatonField.Loops);
  store<u32>(program + 256, 0x80);
  for (let i = 0; i < columns.length; i++) store<u16>(program + 512 + i * 2, columns[i]);
  return program;
}

/**
 * The automaton of ^[a-z]é+$. Classes: 0 other, 1 a-z, 2 é. States: 0 reject, 1 accept, 2 start, 3 after the letter,
 * 4 after an é.
 */
function build(): usize {
  const program = start(5, 3, [0, 1, 0, 0, 0, /**/ 0, 1, 3, 0, 0, /**/ 0, 1, 0, 4, 4, /* end */ 0, 1, 0, 0, 1]);
  const ranges = program + 256;
  store<u32>(program + 64, 3, AutomatonField.RangeCount);
  for (let c = 0x61; c <= 0x7a; c++) store<u8>(program + 128 + c, 1);
  store<u32>(ranges + 8, 0xe9);
  store<u32>(ranges + 12, 2);
  store<u32>(ranges + 16, 0xea);
  return program;
}

/**
 * The automaton of !$ with a loop. Classes: 0 other, 1 "!", 2 above ASCII, which with `wide` rejects. States: 2 after
 * other characters, 3 after a "!".
 */
function buildLoop(wide: bool): usize {
  const program = start(4, 3, [
    0,
    1,
    2,
    2,
    /**/ 0,
    1,
    3,
    3,
    /**/ 0,
    1,
    wide ? 0 : 2,
    wide ? 0 : 2,
    /* end */ 0,
    1,
    0,
    1,
  ]);
  const loop = program + LOOPS_AT;
  store<u8>(program + 128 + 0x21, 1);
  store<u32>(program + 260, 2);
  store<u32>(program + 64, 1, AutomatonField.LoopCount);
  store<u8>(loop + 1, 1 << 2); //  !
  store<u8>(loop + 12, 1 << 5); // backslash
  store<u8>(loop + 16, wide ? 0x80 : 0);
  return program;
}

/** The automaton of ^abc with a prefix of `length` bytes. */
function buildPrefix(length: u32): usize {
  // classes: 0 other, 1 a, 2 b, 3 c; states: 2 start, 3 a, 4 ab, then accepted
  const program = start(
    5,
    4,
    [0, 1, 0, 0, 0, /**/ 0, 1, 3, 0, 0, /**/ 0, 1, 0, 4, 0, /**/ 0, 1, 0, 0, 1, 0, 1, 0, 0, 0],
  );
  for (let i: u32 = 0; i < 3; i++) store<u8>(program + 128 + 0x61 + i, <u8>(i + 1));
  store<u32>(program + 64, length, AutomatonField.PrefixLength);
  store<u32>(program + 64, length == 3 ? 1 : length + 2, AutomatonField.AfterPrefix);
  for (let i: u32 = 0; i < length; i++) store<u8>(program + 64 + AutomatonField.Prefix + i, <u8>(0x61 + i));
  return program;
}

function isSound(program: usize): bool {
  useProgram(program);
  return checkAutomaton(program + 64);
}

function run(program: usize, text: usize): bool {
  expect(isSound(program)).toBe(true);
  return runAutomaton(program + 64, text);
}

function matches(text: usize): bool {
  return run(build(), text);
}

/** Whether the check refuses the automaton with one u32 of its record changed. */
function refuses(field: usize, value: u32): bool {
  const program = build();
  store<u32>(program + 64 + field, value);
  return !isSound(program);
}

describe("matcher", () => {
  beforeEach(() => {
    openBudget(1000000, 0);
  });

  test("ASCII, wider characters, and the end of the text", () => {
    expect(matches(raw("aé"))).toBe(true);
    expect(matches(raw("zééé"))).toBe(true);
    expect(matches(raw("a"))).toBe(false);
    expect(matches(raw("é"))).toBe(false);
    expect(matches(raw("aéa"))).toBe(false);
    expect(matches(raw("aê"))).toBe(false);
    expect(matches(raw("a😀"))).toBe(false);
    expect(matches(raw(""))).toBe(false);
  });

  test("a loop is left wherever the character that ends it is", () => {
    for (let length = 0; length < 70; length++) {
      for (let at = 0; at <= length; at++) {
        const text = "x".repeat(at) + (at < length ? "!" : "") + "x".repeat(max(length - at - 1, 0));
        const expected = at == length - 1;
        expect(run(buildLoop(false), raw(text))).toBe(expected, text);
        expect(run(buildLoop(true), raw(text))).toBe(expected, text);
        expect(run(buildLoop(true), json('"' + text + '"'))).toBe(expected, text);
      }
    }
  });

  test("a loop that is left over and over", () => {
    for (let pairs = 0; pairs < 400; pairs += 19) {
      expect(run(buildLoop(false), raw("x!".repeat(pairs)))).toBe(pairs > 0);
      expect(run(buildLoop(false), raw("x!".repeat(pairs) + "x".repeat(50)))).toBe(false);
    }
  });

  test("a loop over characters above ASCII, and over escapes", () => {
    for (let before = 0; before < 40; before++) {
      const x = "x".repeat(before);
      expect(run(buildLoop(false), raw(x + "é€😀".repeat(9) + x + "!"))).toBe(true);
      expect(run(buildLoop(true), raw(x + "é" + "x".repeat(40) + "!"))).toBe(false);
      expect(run(buildLoop(true), raw("x".repeat(40) + "\\" + x + "!"))).toBe(true);
      expect(run(buildLoop(false), json('"' + x + "\\u0021" + x + '"'))).toBe(before == 0);
      expect(run(buildLoop(false), json('"' + x + x + "\\u0021" + '"'))).toBe(true);
      expect(run(buildLoop(false), json('"' + x + "\\\\" + x + '!"'))).toBe(true);
      expect(run(buildLoop(true), json('"' + x + "\\u00e9" + "x".repeat(40) + '!"'))).toBe(false);
    }
  });

  test("a prefix is compared at once when there is room and no escape", () => {
    for (let length: u32 = 0; length <= 3; length++) {
      const program = buildPrefix(length);
      for (let more = 0; more < 12; more++) {
        const rest = "!".repeat(more);
        expect(run(program, raw("abc" + rest))).toBe(true);
        expect(run(program, raw("abd" + rest))).toBe(false);
        expect(run(program, raw("xbc" + rest))).toBe(false);
        expect(run(program, raw("ab" + rest))).toBe(false);
        expect(run(program, json('"\\u0061bc' + rest + '"'))).toBe(true);
        expect(run(program, json('"abc\\n' + rest + '"'))).toBe(true);
        expect(run(program, json('"\\nbc' + rest + '"'))).toBe(false);
      }
    }
  });

  test("escapes are read as the characters they stand for", () => {
    expect(matches(json('"\\u0061\\u00e9"'))).toBe(true);
    expect(matches(json('"a\\u00E9é"'))).toBe(true);
    expect(matches(json('"a\\n"'))).toBe(false);
  });

  test("a sound automaton is accepted", () => {
    expect(isSound(build())).toBe(true);
  });

  test("an unsound automaton is refused", () => {
    expect(refuses(AutomatonField.States, 1)).toBe(true);
    expect(refuses(AutomatonField.States, 4)).toBe(true, "a transition to a state that does not exist");
    expect(refuses(AutomatonField.States, 70000)).toBe(true);
    expect(refuses(AutomatonField.Classes, 0)).toBe(true);
    expect(refuses(AutomatonField.Classes, 2)).toBe(true, "a class that does not exist");
    expect(refuses(AutomatonField.Start, 5)).toBe(true);
    expect(refuses(AutomatonField.AfterPrefix, 5)).toBe(true);
    expect(refuses(AutomatonField.PrefixLength, 9)).toBe(true);
    expect(refuses(AutomatonField.LoopCount, 4)).toBe(true, "more loops than states that are not final");
    expect(refuses(AutomatonField.Loops, 0xfffffff0)).toBe(true);
    expect(refuses(AutomatonField.Ascii, SIZE - 127)).toBe(true);
    expect(refuses(AutomatonField.Ranges, SIZE - 8)).toBe(true);
    expect(refuses(AutomatonField.Ranges, 264)).toBe(true, "the first range starts after U+0080");
    expect(refuses(AutomatonField.RangeCount, 0)).toBe(true);
    expect(refuses(AutomatonField.RangeCount, 4)).toBe(true, "not ascending");
    expect(refuses(AutomatonField.Table, SIZE - 39)).toBe(true);
    expect(refuses(AutomatonField.Table, 0xfffffff0)).toBe(true);
  });
});
