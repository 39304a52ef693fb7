import { LoopKind, Op, Tag } from "../../assembly/program.ts";
import { isExhausted, stepsLeft } from "../../assembly/runtime/budget.ts";
import {
  Truth,
  combined,
  setBool,
  setDouble,
  setError,
  setInt,
  setNone,
  setSpan,
  setStart,
  startOf,
} from "../../assembly/cel/cell.ts";
import { fillSlot, openSlots, slotsSize } from "../../assembly/json/slots.ts";
import { noteAmbiguousKey } from "../../assembly/json/ambiguous-keys.ts";
import { allocate, resetRegion } from "../../assembly/runtime/memory.ts";
import { evaluateOnce, openResults, resultsSize } from "../../assembly/cel/results.ts";
import { metAmbiguousKey } from "../../assembly/cel/ambiguous-key.ts";
import { evaluate, relocate } from "../../assembly/cel/vm.ts";
import { useProgram } from "../../assembly/sections.ts";
import { json, newCell, place, raw } from "./cells.ts";
import { NODE_COUNT, begin, constant, emit, jump, land, open, program, setBudget, CELLS_AT } from "./programs.ts";

// tests/conformance/cel.test.ts compares whole expressions with cel-go; these tests are about what an expression cannot show.

function truth(value: bool): u32 {
  const cell = newCell();
  setBool(cell, value);
  return constant(cell);
}

function int(value: i64): u32 {
  const cell = newCell();
  setInt(cell, value);
  return constant(cell);
}

function error(): u32 {
  const cell = newCell();
  setError(cell);
  return constant(cell);
}

/** 0 false, 1 true, 2 error, 3 an int. */
function operand(kind: i32): u32 {
  return kind == 2 ? error() : kind == 3 ? int(7) : truth(kind == 1);
}

/** The Truth of the first predicate. */
function truthOfFirst(): i32 {
  return <i32>ctz(evaluate(0)); // Outcomes has the bit of each Truth
}

function run(): i32 {
  emit(Op.Return);
  open();
  return truthOfFirst();
}

/** a && b or a || b with operands of the given kinds. */
function logic(skip: i32, op: i32, a: i32, b: i32): i32 {
  begin();
  emit(Op.Const, operand(a));
  const over = emit(skip);
  emit(Op.Const, operand(b));
  emit(op);
  land(over);
  return run();
}

/** A loop over a JSON list whose body compares each element with `wanted`. */
function search(kind: i32, list: string, wanted: f64): i32 {
  begin();
  const cell = newCell();
  setDouble(cell, wanted);
  emit(Op.Const, constant(json(list)));
  const loop = emit(Op.Loop, 0, kind);
  emit(Op.Local, 0);
  emit(Op.Const, constant(cell));
  emit(Op.Lt);
  const next = emit(Op.Next);
  jump(next, loop + 1);
  land(loop);
  return run();
}

/** A block of zeros. */
function cleared(size: u32): usize {
  const block = allocate(size);
  memory.fill(block, 0, size);
  return block;
}

describe("vm", () => {
  afterEach(() => resetRegion());

  test("the deciding operand of && and || wins on either side", () => {
    const and: i32[] = [0, 0, 0, 0, /**/ 0, 1, 2, 2, /**/ 0, 2, 2, 2, /**/ 0, 2, 2, 2];
    const or: i32[] = [0, 1, 2, 2, /**/ 1, 1, 1, 1, /**/ 2, 1, 2, 2, /**/ 2, 1, 2, 2];
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < 4; b++) {
        expect(logic(Op.AndJump, Op.And, a, b)).toBe(and[a * 4 + b], "and " + a.toString() + b.toString());
        expect(logic(Op.OrJump, Op.Or, a, b)).toBe(or[a * 4 + b], "or " + a.toString() + b.toString());
      }
    }
  });

  test("Branch leaves an error for a condition that is not a bool", () => {
    const expected: i32[] = [Truth.False, Truth.True, Truth.Error, Truth.Error];
    for (let kind = 0; kind < 4; kind++) {
      begin();
      emit(Op.Const, operand(kind));
      emit(Op.Branch, 2, 0, 3); // false to the fifth instruction, an error to after it
      emit(Op.Const, truth(true));
      emit(Op.Jump, 1);
      emit(Op.Const, truth(false));
      expect(run()).toBe(expected[kind], kind.toString());
    }
  });

  test("a result that is not a bool is an error", () => {
    begin();
    emit(Op.Const, int(1));
    expect(run()).toBe(Truth.Error);
  });

  test("all and exists absorb the errors of some elements", () => {
    expect(search(LoopKind.All, "[1,2,3]", 4)).toBe(Truth.True);
    expect(search(LoopKind.All, "[1,5,3]", 4)).toBe(Truth.False);
    expect(search(LoopKind.All, '["x",5]', 4)).toBe(Truth.False);
    expect(search(LoopKind.All, '["x",1]', 4)).toBe(Truth.Error);
    expect(search(LoopKind.Exists, '["x",1]', 4)).toBe(Truth.True);
    expect(search(LoopKind.Exists, '["x",5]', 4)).toBe(Truth.Error);
    expect(search(LoopKind.ExistsOne, "[1,5]", 4)).toBe(Truth.True);
    expect(search(LoopKind.ExistsOne, "[1,1]", 4)).toBe(Truth.False);
    expect(search(LoopKind.ExistsOne, '[1,"x"]', 4)).toBe(Truth.Error);
    expect(search(LoopKind.All, "[]", 4)).toBe(Truth.True);
    expect(search(LoopKind.Exists, "[]", 4)).toBe(Truth.False);
    expect(search(LoopKind.All, "5", 4)).toBe(Truth.Error);
    expect(search(LoopKind.All, '{"a":1}', 4)).toBe(Truth.Error, "keys are strings");
  });

  test("the steps are shared by all predicates of a request, and stay used up", () => {
    begin();
    setBudget(50);
    emit(Op.Const, truth(true));
    emit(Op.Return);
    open();
    let runs = 0;
    while (truthOfFirst() == Truth.True) runs++;
    expect(runs).toBe(25);
    expect(isExhausted()).toBe(true);
    expect(stepsLeft()).toBe(0);
    expect(truthOfFirst()).toBe(Truth.Error);
    open();
    expect(truthOfFirst()).toBe(Truth.True);
  });

  test("a long list costs at least one step per element", () => {
    begin();
    let list = "[0";
    for (let i = 0; i < 1000; i++) list += ",1";
    emit(Op.Const, constant(json(list + "]")));
    emit(Op.Size);
    emit(Op.Const, int(1001));
    emit(Op.Eq);
    expect(run()).toBe(Truth.True);
    expect(stepsLeft() < 1000000 - 1001).toBe(true);
  });

  test("strings that do not fit the scratch memory are an error, and the next predicate has all of the memory again", () => {
    for (let doublings = 16; doublings < 20; doublings++) {
      begin();
      emit(Op.Const, constant(raw("a")));
      for (let i = 0; i < doublings; i++) {
        emit(Op.Dup);
        emit(Op.Add);
      }
      emit(Op.Size);
      emit(Op.Const, int(1 << doublings));
      emit(Op.Eq);
      expect(run()).toBe(doublings < 17 ? Truth.True : Truth.Error, doublings.toString()); // all the pieces are kept
      expect(isExhausted()).toBe(false);
    }
  });

  test("optionals", () => {
    begin();
    const none = newCell();
    setNone(none);
    emit(Op.Const, constant(none));
    const over = emit(Op.OptOrJump, 0, 1);
    emit(Op.Const, truth(true));
    land(over);
    expect(run()).toBe(Truth.True);
    begin();
    emit(Op.Const, int(1));
    emit(Op.OptOf);
    emit(Op.OptOf); // an optional of an optional
    emit(Op.OptValue);
    emit(Op.OptHasValue);
    expect(run()).toBe(Truth.True);
    begin();
    emit(Op.Const, int(3));
    emit(Op.OptOf);
    const bind = emit(Op.OptMap);
    emit(Op.Local, 0);
    emit(Op.Local, 0);
    emit(Op.Add);
    emit(Op.OptBind);
    land(bind);
    emit(Op.OptValue);
    emit(Op.Const, int(6));
    emit(Op.Eq);
    expect(run()).toBe(Truth.True);
  });

  test("slots: absent, null, and members of a value that is not a map", () => {
    const slots = cleared(slotsSize(NODE_COUNT));
    for (let which = 0; which < 5; which++) {
      begin();
      emit(Op.HasSlot, 43); // a child of slot 42
      open();
      openSlots(slots);
      const text = which == 0 ? "null" : which == 1 ? "[1]" : which == 2 ? "{}" : '{"x":null}';
      const at = place(text);
      if (which < 4) fillSlot(42, at, at + text.length, 0);
      if (which == 3) fillSlot(43, at + 5, at + 9, 0);
      emit(Op.Return);
      const expected = which == 3 ? Truth.True : which == 1 || which == 4 ? Truth.Error : Truth.False;
      expect(truthOfFirst()).toBe(expected, text);
    }
  });

  test("a slot that was filled before the generations wrapped around is empty", () => {
    const slots = cleared(slotsSize(NODE_COUNT));
    begin();
    emit(Op.HasSlot, 43);
    emit(Op.Return);
    open();
    openSlots(slots);
    const at = place('{"x":true}');
    fillSlot(42, at, at + 10, 0);
    fillSlot(43, at + 5, at + 9, 0);
    expect(truthOfFirst()).toBe(Truth.True);
    store<u32>(slots, 0xffffffff);
    openSlots(slots);
    fillSlot(42, at, at + 10, 0);
    expect(truthOfFirst()).toBe(Truth.False);
  });

  test("a predicate that never ran has no result, however many calls there were", () => {
    const table = cleared(resultsSize(1));
    begin();
    emit(Op.Const, truth(true));
    emit(Op.Return);
    open();
    store<u32>(table, 0xffffffff);
    for (let i = 0; i < 3; i++) {
      openResults(table);
      expect(<i32>ctz(evaluateOnce(0))).toBe(Truth.True);
    }
  });

  test("what && and || may come to is what any pair of their operands comes to", () => {
    for (let x: u32 = 1; x < 8; x++) {
      for (let y: u32 = 1; y < 8; y++) {
        for (let or: i32 = 0; or < 2; or++) {
          let expected: u32 = 0;
          for (let a: i32 = 0; a < 3; a++) {
            for (let b: i32 = 0; b < 3; b++) {
              if (!((x >> a) & 1) || !((y >> b) & 1)) continue;
              const result = a == or || b == or ? or : a == Truth.Error || b == Truth.Error ? Truth.Error : 1 - or;
              expected |= 1 << result;
            }
          }
          expect(combined(x, y, or != 0)).toBe(expected, x.toString() + " " + y.toString() + " " + or.toString());
        }
      }
    }
  });

  test("reading a slot beside an ambiguous key is noted, until the next body", () => {
    const slots = cleared(slotsSize(NODE_COUNT));
    begin();
    emit(Op.Slot, 43);
    emit(Op.Return);
    open();
    openSlots(slots);
    const at = place("true");
    fillSlot(43, at, at + 4, 0);
    noteAmbiguousKey(43);
    expect(truthOfFirst()).toBe(Truth.True);
    expect(metAmbiguousKey()).toBe(true);
    open();
    expect(metAmbiguousKey()).toBe(false);
  });

  test("relocate turns the offsets of constants into addresses", () => {
    begin();
    const text = raw("abc");
    memory.copy(program + 40000, startOf(text), 3);
    setStart(text, 40000);
    const name = constant(text);
    const list = newCell();
    setSpan(list, Tag.CellList, 0, CELLS_AT, 1); // of the string above
    const items = constant(list);
    useProgram(program);
    relocate();
    emit(Op.Const, name);
    emit(Op.Const, items);
    emit(Op.In);
    expect(run()).toBe(Truth.True);
  });
});
