// Proves, when a configuration comes, that the code, the constants and the automata of a program can be run without
// any test at run time: operands in bounds, jumps to instructions of the same predicate, one stack height and one
// innermost loop at every instruction whichever way it is reached, and a Return at every end. One pass, in order:
// only Next jumps back, to the start of the loop that it closes.
//
// State of an instruction, 8 bytes:  0: stack height u16   2: open loops u16   4: index + 1 of the Op.Loop or Op.OptMap that opened the innermost
import { LoopKind, MAX_LOOPS, MAX_STACK, Op, Section, Tag, TimePart } from "../program.ts";
import { INSTRUCTION_SIZE, PREDICATE_SIZE, PredicateField, Attribute } from "../program.ts";
import { checkAutomata } from "./automata.ts";
import { checkCells } from "./cells.ts";
import { CELL, tagOf } from "../cel/cell.ts";
import { reserve, trimRegion } from "../runtime/memory.ts";
import { section, sectionCount } from "../sections.ts";

/** checkCode's answers when it is not an instruction that is bad. */
export const BAD_CELL: i32 = -1;
export const BAD_AUTOMATON: i32 = -2;
export const BAD_PREDICATE: i32 = -3;
export const NO_MEMORY: i32 = -4;

const STATE: usize = 8;
const UNREACHED: u64 = 0xffffffffffffffff;

// What instructions take (high digit) and leave (low digit), in the order of Op.
// prettier-ignore
const EFFECTS: usize = memory.data<u8>([
  0x10, 0x01, 0x01, 0x11, 0x00, 0x11, 0x11, 0x21, 0x21, 0x10, // Return Const Slot Matches Jump AndJump OrJump And Or Branch
  0x10, 0x10, 0x11, 0x10, 0x11, 0x10, 0x10, 0x12, 0x01, 0x01, // OptOrJump OptMap OptBind Loop Next Skip Pop Dup List Map
  0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x11, 0x11, // HasSlot OptSlot Attribute HasAttribute Header HasHeader Local OptNone Select Has
  0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, // OptSelect Not Neg Size ToInt ToUint ToDouble ToString ToBool ToBytes
  0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x21, 0x21, // ToTimestamp ToDuration TypeOf OptOf OptOfNonZero OptValue OptHasValue Time Index OptIndex
  0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, // Eq Ne Lt Le Gt Ge In Add Sub Mul
  0x21, 0x21, 0x21, 0x21, 0x21, //                               Div Mod StartsWith EndsWith Contains
]);

// The predicate that is being checked.
let code: usize = 0;
let count: u32 = 0;
let states: usize = 0;
let mostStack: u32 = 0;
let mostLoops: u32 = 0;

/**
 * Checks all predicates, cells and automata of the program in use, whose header and sections are in bounds. Returns 0, the
 * index in Code + 1 of the first bad instruction, or one of the negative constants above.
 */
export function checkCode(): i32 {
  if (!checkCells()) return BAD_CELL;
  if (!checkAutomata()) return BAD_AUTOMATON;
  for (let i: u32 = 0; i < sectionCount(Section.Predicates); i++) {
    const bad = checkPredicate(section(Section.Predicates) + <usize>i * PREDICATE_SIZE);
    if (bad) return bad;
  }
  return 0;
}

function checkPredicate(record: usize): i32 {
  const first = load<u32>(record, PredicateField.Code);
  count = load<u32>(record, PredicateField.Code + 4);
  mostStack = load<u32>(record, PredicateField.Stack);
  mostLoops = load<u32>(record, PredicateField.Loops);
  if (<u64>first + <u64>count > <u64>sectionCount(Section.Code) || count == 0) return BAD_PREDICATE;
  if (mostStack > <u32>MAX_STACK || mostLoops > <u32>MAX_LOOPS) return BAD_PREDICATE;
  code = section(Section.Code) + <usize>first * INSTRUCTION_SIZE;
  states = reserve(count * <u32>STATE);
  if (!states) return NO_MEMORY;
  memory.fill(states, 0xff, <usize>count * STATE);
  store<u64>(states, 0);
  let bad: i32 = 0;
  for (let i: u32 = 0; i < count && !bad; i++) {
    if (!checkInstruction(i)) bad = <i32>(first + i + 1);
  }
  trimRegion(states);
  return bad;
}

/** Notes the state in which the instruction `index` is reached; false when it contradicts what is known of it. */
function reach(index: u64, height: u32, loops: u32, loop: u32): bool {
  if (index >= <u64>count || height > mostStack || loops > mostLoops) return false;
  const state = states + <usize>index * STATE;
  const wanted = (<u64>height) | ((<u64>loops) << 16) | ((<u64>loop) << 32);
  const known = load<u64>(state);
  if (known == UNREACHED) store<u64>(state, wanted);
  return known == UNREACHED || known == wanted;
}

function checkInstruction(i: u32): bool {
  const at = code + <usize>i * INSTRUCTION_SIZE;
  const op = <u32>load<u8>(at);
  const state = states + <usize>i * STATE;
  if (op >= <u32>Op.Count || load<u64>(state) == UNREACHED || !checkOperands(at)) return false;
  const effect = <u32>load<u8>(EFFECTS + <usize>op);
  const height = <u32>load<u16>(state);
  let takes = effect >> 4;
  if (op == Op.List) takes = load<u32>(at, 4);
  else if (op == Op.Map) takes = load<u32>(at, 4) << 1;
  else if (op == Op.Time) takes += load<u16>(at, 2);
  if (height < takes) return false;
  return checkFlow(i, at, height, height - takes + (effect & 15));
}

/** Follows an instruction from a stack of `height` cells to those that can come next; `left` is what it leaves. */
function checkFlow(i: u32, at: usize, height: u32, left: u32): bool {
  const op = <i32>load<u8>(at);
  const state = states + <usize>i * STATE;
  const loops = <u32>load<u16>(state, 2);
  const loop = load<u32>(state, 4);
  const next = <u64>i + 1;
  const target = next + <u64>load<u32>(at, 4);
  if (op == Op.Return) return height == 1 && loops == 0;
  if (op == Op.Next) return loop == <u32>target && closes(next, height, loop, Op.Loop);
  if (op == Op.OptBind) return closes(next, height, loop, Op.OptMap);
  if (op == Op.Branch && !reach(next + <u64>load<u16>(at, 2), height, loops, loop)) return false;
  if (isJump(op) && !reach(target, op == Op.Branch ? left : height, loops, loop)) return false;
  if (op == Op.Loop || op == Op.OptMap) return reach(next, left, loops + 1, i + 1);
  return op == Op.Jump || reach(next, left, loops, loop);
}

/** Whether an instruction may go on at its target; not asked of those that close a loop. */
function isJump(op: i32): bool {
  return op >= Op.Jump && op <= Op.Skip && op != Op.And && op != Op.Or;
}

/** The instruction that opened a loop; -1 when none is open. */
function opener(loop: u32): i32 {
  return loop ? <i32>load<u8>(code + <usize>(loop - 1) * INSTRUCTION_SIZE) : -1;
}

/** A loop leaves what was on the stack when it was opened, with its result in place of its range. */
function closes(next: u64, height: u32, loop: u32, by: i32): bool {
  if (opener(loop) != by) return false;
  const before = states + <usize>(loop - 1) * STATE;
  return height == load<u16>(before) && reach(next, height, load<u16>(before, 2), load<u32>(before, 4));
}

function checkOperands(at: usize): bool {
  const op = <i32>load<u8>(at);
  const a = <u32>load<u8>(at, 1);
  const c = load<u32>(at, 4);
  switch (op) {
    case Op.Const:
      return c < sectionCount(Section.Cells);
    case Op.Slot:
    case Op.HasSlot:
    case Op.OptSlot:
      return c < sectionCount(Section.Nodes);
    case Op.Attribute:
    case Op.HasAttribute:
      return c <= <u32>Attribute.Params;
    case Op.Header:
    case Op.HasHeader:
    case Op.Select:
    case Op.Has:
    case Op.OptSelect:
      return c < sectionCount(Section.Cells) && tagOf(section(Section.Cells) + <usize>c * CELL) == Tag.String;
    case Op.Local:
      return c < <u32>load<u16>(states + ((at - code) / INSTRUCTION_SIZE) * STATE, 2);
    case Op.Skip:
      return opener(load<u32>(states + ((at - code) / INSTRUCTION_SIZE) * STATE, 4)) == Op.Loop;
    case Op.Matches:
      return c < sectionCount(Section.Automata);
    case Op.Loop:
      return a <= <u32>LoopKind.Map;
    case Op.Time:
      return a <= <u32>TimePart.Milliseconds && load<u16>(at, 2) <= 1;
    case Op.List:
    case Op.Map:
      return c <= <u32>MAX_STACK;
    default:
      return true;
  }
}
