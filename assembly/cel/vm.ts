// The predicate machine: runs the code of one `when` over the slots and attributes of the call. It comes to Outcomes. The
// code was checked when the configuration was loaded (verify/code.ts), so nothing about it is tested here.
import {
  ADDRESS_RANGE_SIZE,
  AUTOMATON_SIZE,
  CELL_SIZE,
  MAX_STACK,
  Op,
  PREDICATE_SIZE,
  PredicateField,
  Section,
  Setting,
  Tag,
} from "../program.ts";
import { askSlot, has, loadSlot, optSelect, select } from "./access.ts";
import { calculate, negate } from "./arithmetic.ts";
import { loadAttribute, loadHeader } from "./attributes.ts";
import { charge, isExhausted, openBudget, openScratch, spend } from "../runtime/budget.ts";
import {
  CELL,
  Outcomes,
  Truth,
  combined,
  copyCell,
  isOfCells,
  isPresent,
  isText,
  isUnknown,
  lengthOf,
  negated,
  outcomesOf,
  setBool,
  setError,
  setNone,
  setOutcomes,
  setSpan,
  setStart,
  setTruth,
  setUnknown,
  spoil,
  startOf,
  tagOf,
  truthOf,
  typeOf,
  unwrapOptional,
  wrapOptional,
} from "./cell.ts";
import { contain, isZero, makeList, makeMap, takeSize } from "./collection.ts";
import { convert } from "./convert.ts";
import { closeBinding, loopVariable, nextTurn, openBinding, openLoop, resetLoops } from "./loop.ts";
import { runAutomaton } from "./automaton.ts";
import { UNORDERED, compare, equal } from "./compare.ts";
import { openings } from "../json/slots.ts";
import { contains, hasPart, makeRaw } from "./string.ts";
import { ADDRESS_SIZE, isInRange, parseAddress } from "../text/address.ts";
import { spanOf } from "../text/span.ts";
import { takePart } from "./time.ts";
import { forgetAmbiguousKeys } from "./ambiguous-key.ts";
import { isAnythingUnknown, isListing } from "./unknown.ts";
import { INSTRUCTION, instructionAt } from "./instruction.ts";
import { program, section, sectionCount, setting } from "../sections.ts";

/** The Tag that each of ToInt … ToDuration makes. */
// prettier-ignore
const CONVERTED: usize = memory.data<u8>([
  <u8>Tag.Int, <u8>Tag.Uint, <u8>Tag.Double, <u8>Tag.String, <u8>Tag.Bool, <u8>Tag.Bytes, <u8>Tag.Timestamp,
  <u8>Tag.Duration,
]);

const address: usize = memory.data(<i32>ADDRESS_SIZE, 8);
const stack: usize = memory.data(MAX_STACK * CELL_SIZE, 16);

/**
 * Begins a body: gives its predicates the steps for `size` bytes, and forgets which ambiguous keys were met. Called by openBody in
 * config.ts, before anything is evaluated and after every reset of the region, which has the scratch memory in it. Pinned by
 * "a request after …" in tests/wasm/ambiguous-keys.test.ts and tests/wasm/bounds.test.ts.
 */
export function resetVm(size: u32): void {
  openBudget(setting(Setting.StepBudget), size);
  forgetAmbiguousKeys();
}

/** Turns the offsets in the cells of the program in use into addresses. Once, after the checks; it stays where it is then. */
export function relocate(): void {
  let cell = section(Section.Cells);
  for (let left = sectionCount(Section.Cells); left; left--, cell += CELL) {
    const tag = tagOf(cell);
    if (isText(tag) || isOfCells(tag)) setStart(cell, startOf(cell) + program);
  }
}

/** What a predicate of the program in use may come to: Outcomes. */
export function evaluate(predicate: u32): u32 {
  const record = section(Section.Predicates) + <usize>predicate * PREDICATE_SIZE;
  const first = section(Section.Code) + <usize>load<u32>(record, PredicateField.Code) * INSTRUCTION;
  if (isLoneMatch(first) && !isAnythingUnknown()) return Outcomes.False << matchSlot(first);
  const outcomes = run(first);
  // The steps of a list are for all its items: an item for which none are left may be anything.
  return isListing && isExhausted() ? Outcomes.Unknown : outcomes;
}

/** Whether the code is Slot, Matches, Return: what most predicates are. */
// @ts-ignore: decorator
@inline
function isLoneMatch(first: usize): bool {
  return (
    instructionAt(first).op == Op.Slot &&
    instructionAt(first + INSTRUCTION).op == Op.Matches &&
    instructionAt(first + 2 * INSTRUCTION).op == Op.Return
  );
}

// The text that matchSlot loaded last, the instruction that loaded it (0: none), and in which opening of the slots.
const subject: usize = memory.data(CELL_SIZE, 16);
let subjectLoad: u64 = 0;
let subjectOpening: u32 = 0;

/** The Truth of a lone match, without a stack. It takes the same steps as `run`. */
function matchSlot(first: usize): i32 {
  if (!spend(1)) return Truth.Error;
  const instruction = load<u64>(first);
  if (instruction != subjectLoad || subjectOpening != openings) {
    loadSlot(instructionAt(first).c, instructionAt(first).a, subject);
    // Texts are loaded without a charge, so they need not be loaded again for the next predicate.
    subjectLoad = tagOf(subject) == Tag.String ? instruction : 0;
    subjectOpening = openings;
    if (!subjectLoad) {
      spend(2);
      return Truth.Error;
    }
  }
  if (!spend(2 + (lengthOf(subject) >> 2))) return Truth.Error;
  return <i32>runAutomaton(automatonAt(instructionAt(first + INSTRUCTION).c), subject);
}

// @ts-ignore: decorator
@inline
function automatonAt(index: u32): usize {
  return section(Section.Automata) + <usize>index * AUTOMATON_SIZE;
}

/** Runs code that takes values from the stack and leaves values on it. */
// eslint-disable-next-line complexity, max-lines-per-function -- a table: what each instruction does to the stack
function run(first: usize): u32 {
  const cells = section(Section.Cells);
  let pc = first;
  let x = stack - CELL; // the top of the stack
  let truth: i32;
  let y: usize;
  openScratch();
  resetLoops();
  while (spend(1)) {
    const instruction = instructionAt(pc);
    const op = <i32>instruction.op;
    const a = <u32>instruction.a;
    const c = instruction.c;
    pc += INSTRUCTION;
    const target = pc + <usize>c * INSTRUCTION;
    switch (op) {
      case Op.Return:
        return outcomesOf(x);
      case Op.Const:
        x += CELL;
        copyCell(x, cells + <usize>c * CELL);
        break;
      case Op.Slot:
        x += CELL;
        loadSlot(c, a, x);
        break;
      case Op.Matches:
        if (tagOf(x) == Tag.Error) spoil(x);
        else setTruth(x, match(c, x));
        break;

      case Op.Jump:
        pc = target;
        break;
      case Op.AndJump:
      case Op.OrJump:
        if (truthOf(x) == i32(op == Op.OrJump)) pc = target;
        break;
      case Op.And:
      case Op.Or:
        x -= CELL;
        combine(x, x + CELL, i32(op == Op.Or));
        break;
      case Op.Branch:
        truth = truthOf(x);
        if (truth == Truth.Error) {
          spoil(x);
          pc += <usize>instruction.b * INSTRUCTION;
        } else {
          x -= CELL;
          if (truth == Truth.False) pc = target;
        }
        break;
      case Op.OptOrJump:
        if (tagOf(x) == Tag.OptionalNone) x -= CELL;
        else {
          if (!isPresent(x)) spoil(x);
          else if (a) unwrapOptional(x);
          pc = target;
        }
        break;
      case Op.OptBind:
        closeBinding(x, a != 0);
        break;
      case Op.OptMap:
      case Op.Loop:
        if (op == Op.Loop ? openLoop(a, x) : openBinding(x)) x -= CELL;
        else pc = target;
        break;
      case Op.Next:
        if (nextTurn(x, a != 0)) {
          x -= CELL;
          pc = target;
        }
        break;
      case Op.Skip:
        truth = truthOf(x);
        if (truth == Truth.True) x -= CELL;
        else {
          if (truth == Truth.False) setNone(x);
          else spoil(x);
          pc = target;
        }
        break;
      case Op.Pop:
        x -= CELL;
        break;
      case Op.Dup:
        x += CELL;
        copyCell(x, x - CELL);
        break;
      case Op.List:
        x -= <usize>c * CELL - CELL;
        makeList(x, c, a != 0);
        break;
      case Op.Map:
        x -= <usize>c * CELL * 2 - CELL;
        makeMap(x, c, a != 0);
        break;

      default:
        y = x;
        if (op < Op.Select) x += CELL;
        else {
          if (op > Op.Time || (op == Op.Time && instruction.b)) x -= CELL;
          if (tagOf(x) == Tag.Error || tagOf(y) == Tag.Error) {
            passOn(op, x, y);
            break;
          }
        }
        apply(op, a, c, x, op <= Op.OptSelect ? cells + <usize>c * CELL : y);
    }
  }
  return Outcomes.Error;
}

/** What an instruction leaves in x when x or y, which may be the same, is an error or unknown. A sure error comes first. */
function passOn(op: i32, x: usize, y: usize): void {
  const sure = (tagOf(x) == Tag.Error && !isUnknown(x)) || (tagOf(y) == Tag.Error && !isUnknown(y));
  if (sure) setError(x);
  else if (op == Op.Not) setOutcomes(x, negated(outcomesOf(x)));
  else setUnknown(x);
}

/**
 * The remaining instructions: they put a new value in `x`, or replace it by one made of it and of `y`, which is cell c of
 * the program, the second operand, or `x` itself when there is none.
 */
// eslint-disable-next-line max-lines-per-function -- a table: what each instruction does to the stack
function apply(op: i32, a: u32, c: u32, x: usize, y: usize): void {
  switch (op) {
    case Op.HasSlot:
    case Op.OptSlot:
      return askSlot(c, a, x, op == Op.OptSlot);
    case Op.Attribute:
      return loadAttribute(c, x);
    case Op.HasAttribute:
      loadAttribute(c, x);
      return isUnknown(x) ? setUnknown(x) : setBool(x, tagOf(x) != Tag.Error);
    case Op.Header:
      return loadHeader(startOf(y), lengthOf(y), a != 0, x);
    case Op.HasHeader:
      loadHeader(startOf(y), lengthOf(y), false, x);
      return isUnknown(x) ? setUnknown(x) : setBool(x, tagOf(x) != Tag.Error);
    case Op.Local:
      return copyCell(x, loopVariable(c));
    case Op.OptNone:
      return setNone(x);
    case Op.Select:
    case Op.Index:
      return select(x, y);
    case Op.Has:
      return has(x, y);
    case Op.OptSelect:
    case Op.OptIndex:
      return optSelect(x, y);
    case Op.Not:
      return setTruth(x, 1 - truthOf(x));
    case Op.Neg:
      return negate(x);
    case Op.Size:
      return takeSize(x);
    case Op.ToInt:
    case Op.ToUint:
    case Op.ToDouble:
    case Op.ToString:
    case Op.ToBool:
    case Op.ToBytes:
    case Op.ToTimestamp:
    case Op.ToDuration:
      return convert(load<u8>(CONVERTED + <usize>(op - Op.ToInt)), x);
    case Op.Time:
      return takePart(x, a, y == x ? 0 : y);
    case Op.TypeOf:
      return takeType(x);
    case Op.OptOf:
    case Op.OptOfNonZero:
    case Op.OptValue:
    case Op.OptHasValue:
      return optional(op, x);
    case Op.Eq:
      return setTruth(x, equal(x, y, 0));
    case Op.Ne:
      return setTruth(x, 1 - equal(x, y, 0));
    case Op.In:
      return contain(x, y);
    case Op.InRange:
      return setTruth(x, findInRange(x, y));
    case Op.Lt:
    case Op.Le:
    case Op.Gt:
    case Op.Ge:
      return setTruth(x, inequality(op, compare(x, y)));
    case Op.Add:
    case Op.Sub:
    case Op.Mul:
    case Op.Div:
    case Op.Mod:
      return calculate(op, x, y);
    default:
      setTruth(x, search(op, x, y));
  }
}

function takeType(x: usize): void {
  if (tagOf(x) == Tag.Error) return;
  const type = typeOf(x);
  setSpan(x, Tag.Type, 0, type, 0);
}

function optional(op: i32, x: usize): void {
  const tag = tagOf(x);
  if (tag == Tag.Error) return;
  if (op == Op.OptOf) wrapOptional(x);
  else if (op == Op.OptOfNonZero) {
    if (isZero(x)) setNone(x);
    else wrapOptional(x);
  } else if (tag < <u32>Tag.OptionalNone) setError(x);
  else if (op == Op.OptHasValue) setBool(x, isPresent(x));
  else if (isPresent(x)) unwrapOptional(x);
  else setError(x);
}

/** The Truth of < <= > >= for what `compare` returned. */
function inequality(op: i32, comparison: i32): i32 {
  if (comparison == UNORDERED) return Truth.Error;
  if (op == Op.Lt) return i32(comparison < 0);
  if (op == Op.Le) return i32(comparison <= 0);
  return i32(op == Op.Gt ? comparison > 0 : comparison >= 0);
}

function search(op: i32, x: usize, y: usize): i32 {
  if (tagOf(x) != Tag.String || tagOf(y) != Tag.String) return Truth.Error;
  return i32(op == Op.Contains ? contains(x, y) : hasPart(x, y, op == Op.EndsWith));
}

/** The Truth of an address, a string, being in a range. */
function findInRange(range: usize, text: usize): i32 {
  if (tagOf(range) != Tag.Bytes || lengthOf(range) != ADDRESS_RANGE_SIZE || tagOf(text) != Tag.String)
    return Truth.Error;
  if (!makeRaw(text) || !parseAddress(spanOf(startOf(text), lengthOf(text)), address)) return Truth.Error;
  return i32(isInRange(startOf(range), address));
}

function match(automaton: u32, x: usize): i32 {
  if (tagOf(x) != Tag.String || !charge(lengthOf(x) >> 2)) return Truth.Error;
  return i32(runAutomaton(automatonAt(automaton), x));
}

/** && and ||, into x: the deciding bool on either side wins, even over an error or a value that is not a bool on the other. */
function combine(x: usize, y: usize, decides: i32): void {
  const a = truthOf(x);
  const b = truthOf(y);
  if (a == decides || b == decides) setTruth(x, decides);
  else if (a == Truth.Error || b == Truth.Error) setOutcomes(x, combined(outcomesOf(x), outcomesOf(y), decides != 0));
  else setTruth(x, 1 - decides);
}
