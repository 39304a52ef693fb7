// The predicate machine: runs the code of one `when` over the slots and attributes of the call. Three answers: false,
// true, error. The code was checked when the configuration came (check-code.ts), so nothing about it is tested here.
import {
  AUTOMATON_SIZE,
  HEADER_SIZE,
  INSTRUCTION_SIZE,
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
import { charge, openBudget, openScratch, spend } from "../runtime/budget.ts";
import {
  CELL,
  NO_BOOL,
  copyCell,
  isOfCells,
  isPresent,
  isText,
  lengthOf,
  setBool,
  setError,
  setNone,
  setSpan,
  setTruth,
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
import { contains, hasPart } from "./string.ts";
import { takePart } from "./time.ts";
import { forgetTwins } from "./ambiguous-key.ts";
import { setting } from "../sections.ts";

export const FALSE: i32 = 0;
export const TRUE: i32 = 1;
export const ERROR: i32 = NO_BOOL;

/** The Tags that ToInt … ToDuration make, one in each hexadecimal digit from the right: Int Uint Double String Bool … */
const TARGETS: u32 = 0xdc726543;

const stack: usize = memory.data(4096, 16); // MAX_STACK cells

/** Gives a request its steps. Before its first predicate, and again when the region was reset. */
export function resetVm(): void {
  openBudget(setting(Setting.StepBudget));
  forgetTwins();
}

/** First record of a section of the program at `program`. Inlined: a call costs more than its two loads. */
// @ts-ignore: decorator
@inline
function sectionOf(program: usize, section: u32): usize {
  return program + <usize>load<u32>(program + ((<usize>section) << 3), HEADER_SIZE);
}

/** Turns the offsets in the program's cells into addresses. Once, after the checks; the program then stays where it is. */
export function relocate(program: usize): void {
  const count = load<u32>(program + ((<usize>Section.Cells) << 3), HEADER_SIZE + 4);
  let cell = sectionOf(program, Section.Cells);
  for (let i: u32 = 0; i < count; i++) {
    const tag = tagOf(cell);
    if (isText(tag) || isOfCells(tag)) store<u32>(cell, load<u32>(cell, 8) + <u32>program, 8);
    cell += CELL;
  }
}

/** Runs a predicate: FALSE, TRUE or ERROR. */
export function evaluate(program: usize, predicate: u32): i32 {
  const record = sectionOf(program, Section.Predicates) + <usize>predicate * PREDICATE_SIZE;
  const pc = sectionOf(program, Section.Code) + <usize>load<u32>(record, PredicateField.Code) * INSTRUCTION_SIZE;
  const isMatch = load<u8>(pc) == Op.Slot && load<u8>(pc, 8) == Op.Matches && load<u8>(pc, 16) == Op.Return;
  return isMatch ? matchSlot(program, pc) : run(program, pc);
}

// The text that matchSlot loaded last, by which instruction and in which opening of the slots.
const subject: usize = memory.data(16, 16);
let subjectLoad: u64 = 0;
let subjectOpening: u32 = 0;

/** The code Slot, Matches, Return, without a stack: what most predicates are. It takes the same steps as `run`. */
function matchSlot(program: usize, pc: usize): i32 {
  if (!spend(1)) return ERROR;
  if (load<u64>(pc) != subjectLoad || subjectOpening != openings) {
    loadSlot(load<u32>(pc, 4), <u32>load<u8>(pc, 1), subject);
    // Texts are loaded without a charge, so they need not be loaded again for the next predicate.
    subjectLoad = tagOf(subject) == Tag.String ? load<u64>(pc) : 0;
    subjectOpening = openings;
    if (!subjectLoad) {
      spend(2);
      return ERROR;
    }
  }
  if (!spend(2 + (lengthOf(subject) >> 3))) return ERROR;
  const record = sectionOf(program, Section.Automata) + <usize>load<u32>(pc, 12) * AUTOMATON_SIZE;
  return <i32>runAutomaton(program, record, subject);
}

/** Runs code that takes and leaves values on the stack. */
// eslint-disable-next-line complexity, max-lines-per-function -- a table: what each instruction does to the stack
function run(program: usize, first: usize): i32 {
  const cells = sectionOf(program, Section.Cells);
  let pc = first;
  let x = stack - CELL; // the top of the stack
  let truth: i32;
  let y: usize;
  openScratch();
  resetLoops();
  while (spend(1)) {
    const op = <i32>load<u8>(pc);
    const a = <u32>load<u8>(pc, 1);
    const c = load<u32>(pc, 4);
    const target = pc + INSTRUCTION_SIZE + ((<usize>c) << 3);
    pc += INSTRUCTION_SIZE;
    switch (op) {
      case Op.Return:
        return truthOf(x);
      case Op.Const:
        x += CELL;
        copyCell(x, cells + <usize>c * CELL);
        break;
      case Op.Slot:
        x += CELL;
        loadSlot(c, a, x);
        break;
      case Op.Matches:
        setTruth(x, match(program, c, x));
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
        setTruth(x, combine(truthOf(x), truthOf(x + CELL), i32(op == Op.Or)));
        break;
      case Op.Branch:
        truth = truthOf(x);
        if (truth == NO_BOOL) {
          setError(x);
          pc += (<usize>load<u16>(pc - INSTRUCTION_SIZE, 2)) << 3;
        } else {
          x -= CELL;
          if (truth == FALSE) pc = target;
        }
        break;
      case Op.OptOrJump:
        if (tagOf(x) == Tag.OptionalNone) x -= CELL;
        else {
          if (!isPresent(x)) setError(x);
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
        if (truth == TRUE) x -= CELL;
        else {
          if (truth == FALSE) setNone(x);
          else setError(x);
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
        else if (op > Op.Time || (op == Op.Time && load<u16>(pc - INSTRUCTION_SIZE, 2))) {
          x -= CELL;
          if (tagOf(x) == Tag.Error || tagOf(y) == Tag.Error) {
            setError(x);
            break;
          }
        }
        apply(op, a, c, x, op <= Op.OptSelect ? cells + <usize>c * CELL : y);
    }
  }
  return ERROR;
}

/**
 * The remaining instructions: they put a new value in `x`, or replace it by one made of it and of `y`: the cell c of the
 * program, the second operand, or `x` itself when there is none.
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
      return setBool(x, tagOf(x) != Tag.Error);
    case Op.Header:
      return loadHeader(startOf(y), lengthOf(y), a != 0, x);
    case Op.HasHeader:
      loadHeader(startOf(y), lengthOf(y), false, x);
      return setBool(x, tagOf(x) != Tag.Error);
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
      return convert((TARGETS >> ((op - Op.ToInt) << 2)) & 15, x);
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
    case Op.Lt:
    case Op.Le:
    case Op.Gt:
    case Op.Ge:
      return setTruth(x, order(op, compare(x, y)));
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

/** The answer of < <= > >= to a comparison. */
function order(op: i32, comparison: i32): i32 {
  if (comparison == UNORDERED) return NO_BOOL;
  const below = comparison < i32(op == Op.Le || op == Op.Gt); // or equal
  return i32(below != op >= Op.Gt);
}

function search(op: i32, x: usize, y: usize): i32 {
  if (tagOf(x) != Tag.String || tagOf(y) != Tag.String) return NO_BOOL;
  return i32(op == Op.Contains ? contains(x, y) : hasPart(x, y, op == Op.EndsWith));
}

function match(program: usize, automaton: u32, x: usize): i32 {
  const record = sectionOf(program, Section.Automata) + <usize>automaton * AUTOMATON_SIZE;
  if (tagOf(x) != Tag.String || !charge(lengthOf(x) >> 3)) return NO_BOOL;
  return i32(runAutomaton(program, record, x));
}

/** && and ||: the deciding bool on either side wins over an error or anything else on the other. */
function combine(a: i32, b: i32, decides: i32): i32 {
  if (a == decides || b == decides) return decides;
  return a == NO_BOOL || b == NO_BOOL ? NO_BOOL : 1 - decides;
}
