import { openBudget } from "../../assembly/budget.ts";
import { useProgram } from "../../assembly/sections.ts";
import { AutomatonField } from "../../assembly/program.ts";
import { allocate } from "../../assembly/memory.ts";
import { checkAutomata } from "../../assembly/check-automata.ts";
import { runAutomaton } from "../../assembly/matcher.ts";
import { json, raw, settings } from "./cells.ts";

const SIZE: u32 = 1024;

/**
 * The automaton of ^[a-z]é+$ in a program of its own, with transitions of `width` bytes. Classes: 0 other, 1 a-z, 2 é.
 * States: 0 reject, 1 accept, 2 start, 3 behind the letter, 4 behind an é. Column by column.
 */
function build(width: u32): usize {
  const program = allocate(SIZE);
  memory.fill(program, 0, SIZE);
  store<u32>(program, SIZE, 8);
  store<u32>(program, SIZE, 28); // Section.Bytes: all of it
  const record = program + 64;
  const ascii = program + 128;
  const ranges = program + 256;
  const table = program + 512;
  store<u32>(record, 5, AutomatonField.States);
  store<u32>(record, 3, AutomatonField.Classes);
  store<u32>(record, 2, AutomatonField.Start);
  store<u32>(record, width, AutomatonField.Width);
  store<u32>(record, 128, AutomatonField.Ascii);
  store<u32>(record, 256, AutomatonField.Ranges);
  store<u32>(record, 3, AutomatonField.RangeCount);
  store<u32>(record, 512, AutomatonField.Table);
  for (let c = 0x61; c <= 0x7a; c++) store<u8>(ascii + c, 1);
  store<u32>(ranges, 0x80);
  store<u32>(ranges + 8, 0xe9);
  store<u32>(ranges + 12, 2);
  store<u32>(ranges + 16, 0xea);
  const columns: u8[] = [0, 1, 0, 0, 0, /**/ 0, 1, 3, 0, 0, /**/ 0, 1, 0, 4, 4, /* end */ 0, 1, 0, 0, 1];
  for (let i = 0; i < columns.length; i++) {
    if (width == 1) store<u8>(table + i, columns[i]);
    else store<u16>(table + i * 2, columns[i]);
  }
  return program;
}

function matches(text: usize, width: u32 = 1): bool {
  const program = build(width);
  return runAutomaton(program, program + 64, text);
}

/** Whether the check refuses the automaton with one u32 of its record changed. */
function refuses(field: usize, value: u32): bool {
  const program = build(1);
  store<u32>(program + 64 + field, value);
  return !checkAutomata(program, program + 64, 1);
}

describe("matcher", () => {
  beforeEach(() => {
    useProgram(settings(1000000));
    openBudget();
  });

  test("ASCII, wider characters, and the end", () => {
    for (let width: u32 = 1; width <= 2; width++) {
      expect(matches(raw("aé"), width)).toBe(true);
      expect(matches(raw("zééé"), width)).toBe(true);
      expect(matches(raw("a"), width)).toBe(false);
      expect(matches(raw("é"), width)).toBe(false);
      expect(matches(raw("aéa"), width)).toBe(false);
      expect(matches(raw("aê"), width)).toBe(false);
      expect(matches(raw("a😀"), width)).toBe(false);
      expect(matches(raw(""), width)).toBe(false);
    }
  });

  test("escapes are read as the characters they stand for", () => {
    expect(matches(json('"\\u0061\\u00e9"'))).toBe(true);
    expect(matches(json('"a\\u00E9é"'))).toBe(true);
    expect(matches(json('"a\\n"'))).toBe(false);
  });

  test("a sound automaton is taken", () => {
    for (let width: u32 = 1; width <= 2; width++) {
      const program = build(width);
      expect(checkAutomata(program, program + 64, 1)).toBe(true);
    }
  });

  test("an unsound one is not", () => {
    expect(refuses(AutomatonField.States, 1)).toBe(true);
    expect(refuses(AutomatonField.States, 4)).toBe(true, "a transition to a state that is not there");
    expect(refuses(AutomatonField.States, 70000)).toBe(true);
    expect(refuses(AutomatonField.Classes, 0)).toBe(true);
    expect(refuses(AutomatonField.Classes, 2)).toBe(true, "a class that is not there");
    expect(refuses(AutomatonField.Start, 5)).toBe(true);
    expect(refuses(AutomatonField.Width, 3)).toBe(true);
    expect(refuses(AutomatonField.Ascii, SIZE - 127)).toBe(true);
    expect(refuses(AutomatonField.Ranges, SIZE - 8)).toBe(true);
    expect(refuses(AutomatonField.Ranges, 264)).toBe(true, "the first range starts behind U+0080");
    expect(refuses(AutomatonField.RangeCount, 0)).toBe(true);
    expect(refuses(AutomatonField.RangeCount, 4)).toBe(true, "not ascending");
    expect(refuses(AutomatonField.Table, SIZE - 19)).toBe(true);
    expect(refuses(AutomatonField.Table, 0xfffffff0)).toBe(true);
  });
});
