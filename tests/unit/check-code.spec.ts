import { CelType, LoopKind, Op, Section, Tag, SORTED } from "../../assembly/program.ts";
import { BAD_AUTOMATON, BAD_CELL, BAD_PREDICATE, checkCode } from "../../assembly/verify/code.ts";
import { setBool, setInt, setSpan, setTimestamp } from "../../assembly/cel/cell.ts";
import { useProgram } from "../../assembly/sections.ts";
import { resetRegion } from "../../assembly/runtime/memory.ts";
import { newCell } from "./cells.ts";
import {
  CELLS_AT,
  NODE_COUNT,
  PROGRAM_SIZE,
  begin,
  constant,
  emit,
  land,
  program,
  setBounds,
  setSection,
} from "./programs.ts";

/** A program with a bool and a string as constants 0 and 1. */
function start(): void {
  begin();
  const truth = newCell();
  setBool(truth, true);
  constant(truth);
  const text = newCell();
  setSpan(text, Tag.String, 0, 40000, 3);
  constant(text);
}

/** What the check returns for the code emitted since start() and a Return. */
function check(): i32 {
  emit(Op.Return);
  useProgram(program);
  return checkCode();
}

/** What the check returns for a program with one more constant. */
function checkCell(cell: usize): i32 {
  start();
  constant(cell);
  emit(Op.Const, 0);
  return check();
}

function span(tag: u32, aux: u32, offset: u32, length: u32): usize {
  const cell = newCell();
  setSpan(cell, tag, aux, offset, length);
  return cell;
}

/** `[].all(x, x)` with a loop of the kind, up to its Next. */
function openedLoop(kind: i32): u32 {
  start();
  emit(Op.List, 0);
  const loop = emit(Op.Loop, 0, kind);
  emit(Op.Local, 0);
  return loop;
}

describe("check-code", () => {
  afterEach(() => resetRegion());

  test("sound code is accepted", () => {
    start();
    emit(Op.Const, 0);
    expect(check()).toBe(0);
    start();
    emit(Op.Slot, NODE_COUNT - 1);
    emit(Op.Select, 1);
    const over = emit(Op.AndJump);
    emit(Op.Const, 0);
    emit(Op.And);
    land(over);
    expect(check()).toBe(0);
  });

  test("loops, nested ones too, and bindings are accepted", () => {
    const outer = openedLoop(LoopKind.All);
    const inner = emit(Op.Loop, 0, LoopKind.Exists);
    emit(Op.Local, 1);
    emit(Op.Next, -2);
    land(inner);
    emit(Op.Next, -5);
    land(outer);
    expect(check()).toBe(0);
    start();
    emit(Op.OptNone);
    const bind = emit(Op.OptMap);
    emit(Op.Local, 0);
    emit(Op.OptBind);
    land(bind);
    expect(check()).toBe(0);
  });

  test("no code, or a missing Return, is refused", () => {
    begin();
    useProgram(program);
    expect(checkCode()).toBe(BAD_PREDICATE);
    start();
    emit(Op.Const, 0);
    expect(checkCode()).toBe(1);
  });

  test("operands out of bounds are refused", () => {
    const ops: i32[] = [
      Op.Const,
      Op.Slot,
      Op.HasSlot,
      Op.OptSlot,
      Op.Attribute,
      Op.HasAttribute,
      Op.Header,
      Op.HasHeader,
      Op.Local,
    ];
    for (let i = 0; i < ops.length; i++) {
      start();
      emit(ops[i], 1000);
      expect(check()).toBe(1, ops[i].toString());
      start();
      emit(ops[i], -1);
      expect(check()).toBe(1, ops[i].toString());
    }
    start();
    emit(Op.Const, 1);
    emit(Op.Matches, 0); // there is no automaton
    expect(check()).toBe(2);
    start();
    emit(Op.Const, 0);
    emit(Op.Select, 0); // not a string
    expect(check()).toBe(2);
    start();
    emit(Op.Const, 0);
    emit(Op.Time, 0, 10);
    expect(check()).toBe(2);
    start();
    emit(Op.List, 0);
    emit(Op.Loop, 1, 5);
    expect(check()).toBe(2);
  });

  test("unknown instructions are refused", () => {
    const ops: i32[] = [65, 66, 82, 128, 255];
    for (let i = 0; i < ops.length; i++) {
      start();
      emit(Op.Const, 0);
      emit(ops[i]);
      expect(check()).toBe(2, ops[i].toString());
    }
  });

  test("too few values on the stack are refused", () => {
    const ops: i32[] = [
      Op.Return,
      Op.Pop,
      Op.Dup,
      Op.Eq,
      Op.Not,
      Op.Branch,
      Op.Loop,
      Op.OptMap,
      Op.Size,
      Op.Time,
      Op.OptValue,
      Op.Index,
    ];
    for (let i = 0; i < ops.length; i++) {
      start();
      emit(ops[i]);
      expect(check()).toBe(1, ops[i].toString());
    }
    start();
    emit(Op.Const, 0);
    emit(Op.List, 2);
    expect(check()).toBe(2);
    start();
    emit(Op.Const, 0);
    emit(Op.Map, 0x80000001); // twice this is 2
    expect(check()).toBe(2);
    start();
    emit(Op.Const, 0);
    emit(Op.Time, 0, 0, 1);
    expect(check()).toBe(2);
  });

  test("more values on the stack, or more loops, than the predicate says are refused", () => {
    start();
    setBounds(1, 0);
    emit(Op.Const, 0);
    emit(Op.Const, 0);
    emit(Op.And);
    expect(check()).toBe(2); // the instruction that leaves too much
    const loop = openedLoop(LoopKind.All);
    emit(Op.Next, -2);
    land(loop);
    setBounds(4, 0);
    expect(check()).toBe(2);
    start();
    setBounds(257, 0);
    expect(check()).toBe(BAD_PREDICATE);
    start();
    setBounds(1, 13);
    expect(check()).toBe(BAD_PREDICATE);
  });

  test("jumps out of the code, and different heights where paths meet, are refused", () => {
    start();
    emit(Op.Jump, 5);
    expect(check()).toBe(1);
    start();
    emit(Op.Jump, -1);
    expect(check()).toBe(1);
    start();
    emit(Op.Const, 0);
    emit(Op.AndJump, 1);
    emit(Op.Const, 0);
    expect(check()).toBe(3); // one value comes by the jump, two by this way
    start();
    emit(Op.Const, 0);
    emit(Op.Branch, 1, 0, 0);
    expect(check()).toBe(2); // an error would be left where none is expected
  });

  test("code that is never reached is refused", () => {
    start();
    emit(Op.Const, 0);
    emit(Op.Return);
    emit(Op.Const, 0);
    expect(check()).toBe(3);
  });

  test("loops that do not close as they opened are refused", () => {
    let loop = openedLoop(LoopKind.All);
    emit(Op.Return); // inside
    land(loop);
    expect(check()).toBe(4);
    loop = openedLoop(LoopKind.All);
    emit(Op.Next, -3); // to the Loop itself
    land(loop);
    expect(check()).toBe(4);
    loop = openedLoop(LoopKind.All);
    emit(Op.OptBind);
    land(loop);
    expect(check()).toBe(4);
    loop = openedLoop(LoopKind.All);
    emit(Op.Pop);
    emit(Op.Next, -3);
    land(loop);
    expect(check()).toBe(5);
    start();
    emit(Op.Const, 0);
    emit(Op.Next, -1);
    expect(check()).toBe(2);
    start();
    emit(Op.Const, 0);
    emit(Op.Skip, 0);
    expect(check()).toBe(2);
    openedLoop(LoopKind.All);
    emit(Op.Next, -2);
    expect(check()).toBe(2); // the empty range jumps into the body
  });

  test("constants that are out of bounds or not of their type are refused", () => {
    expect(checkCell(span(Tag.String, 0, PROGRAM_SIZE - 3, 3))).toBe(0);
    expect(checkCell(span(Tag.String, 0, PROGRAM_SIZE - 3, 4))).toBe(BAD_CELL);
    expect(checkCell(span(Tag.Bytes, 0, 0xffffffff, 0xffffffff))).toBe(BAD_CELL);
    expect(checkCell(span(Tag.String, 1, 40000, 1))).toBe(BAD_CELL, "escapes");
    expect(checkCell(span(Tag.JsonList, 0, 40000, 40002))).toBe(BAD_CELL);
    expect(checkCell(span(Tag.CellList, 0, CELLS_AT, 3))).toBe(0);
    expect(checkCell(span(Tag.CellList, 0, CELLS_AT, 4))).toBe(BAD_CELL);
    expect(checkCell(span(Tag.CellList, 0, CELLS_AT + 8, 1))).toBe(BAD_CELL);
    expect(checkCell(span(Tag.CellList, 0, CELLS_AT - 16, 1))).toBe(BAD_CELL);
    expect(checkCell(span(Tag.CellList, 0, 0, 0))).toBe(0);
    expect(checkCell(span(Tag.CellMap, 0, CELLS_AT, 1))).toBe(0);
    expect(checkCell(span(Tag.CellMap, 0, CELLS_AT, 2))).toBe(BAD_CELL);
    expect(checkCell(span(Tag.CellMap, 0, CELLS_AT, 0x80000001))).toBe(BAD_CELL);
    expect(checkCell(span(Tag.Type, 0, CelType.Optional, 0))).toBe(0);
    expect(checkCell(span(Tag.Type, 0, 16, 0))).toBe(BAD_CELL);
    expect(checkCell(span(16, 0, 0, 0))).toBe(BAD_CELL);
    const cell = newCell();
    setTimestamp(cell, 253402300800, 0);
    expect(checkCell(cell)).toBe(BAD_CELL);
    setTimestamp(cell, 0, 1000000000);
    expect(checkCell(cell)).toBe(BAD_CELL);
    setInt(cell, 2);
    store<u32>(cell, Tag.Bool);
    expect(checkCell(cell)).toBe(BAD_CELL);
  });

  test("constants that are searched have cells of one type in order of it", () => {
    // The cells are a bool, a string and the constant itself.
    expect(checkCell(span(Tag.CellMap, SORTED, CELLS_AT + 16, 1))).toBe(0);
    expect(checkCell(span(Tag.CellMap, SORTED, CELLS_AT, 1))).toBe(BAD_CELL, "a bool as a key");
    expect(checkCell(span(Tag.CellMap, SORTED, CELLS_AT + 32, 1))).toBe(BAD_CELL, "its value is out of bounds");
    expect(checkCell(span(Tag.CellList, SORTED, CELLS_AT, 1))).toBe(0);
    expect(checkCell(span(Tag.CellList, SORTED, CELLS_AT + 16, 1))).toBe(BAD_CELL, "a list as an item");
    expect(checkCell(span(Tag.CellList, SORTED, CELLS_AT, 2))).toBe(BAD_CELL, "out of bounds");
    expect(checkCell(span(Tag.CellList, SORTED, CELLS_AT, 0))).toBe(BAD_CELL, "empty");
    expect(checkCell(span(Tag.CellList, SORTED, CELLS_AT, 0x80000001))).toBe(BAD_CELL);
    expect(checkCell(span(Tag.CellList, 2, CELLS_AT, 1))).toBe(BAD_CELL, "another aux");
  });

  test("automata are checked too", () => {
    start();
    setSection(Section.Automata, 2048, 1);
    emit(Op.Const, 0);
    expect(check()).toBe(BAD_AUTOMATON);
  });
});
