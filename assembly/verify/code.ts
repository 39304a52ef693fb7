// Proves, when a configuration is loaded, that the code, the constants and the automata of a program can run without any
// check at run time: operands in bounds, jumps to instructions of the same predicate, the same stack height and the same
// innermost loop at every instruction whichever way it is reached, and a Return at every end. One pass, in order: only
// Next jumps back, to the start of the loop that it closes.
import {
  Attribute,
  LoopKind,
  MAX_LOOPS,
  MAX_STACK,
  Op,
  PREDICATE_SIZE,
  PredicateField,
  RunField,
  Section,
  Tag,
  TimePart,
} from "../program.ts";
import { checkAutomata } from "./automata.ts";
import { checkCells } from "./cells.ts";
import { CELL, tagOf } from "../cel/cell.ts";
import { INSTRUCTION, Instruction, instructionAt } from "../cel/instruction.ts";
import { reserve, trimRegion } from "../runtime/memory.ts";
import { section, sectionCount } from "../sections.ts";

/** What checkCode returns when it is not an instruction that is bad. */
export const BAD_CELL: i32 = -1;
export const BAD_AUTOMATON: i32 = -2;
export const BAD_PREDICATE: i32 = -3;
export const NO_MEMORY: i32 = -4;

/** What is known of an instruction: how things are whenever it is reached. */
@unmanaged
class State {
  height: u16; // cells on the stack, or UNREACHED
  loops: u16; //  that are open
  opener: u32; // index + 1 of the Op.Loop or Op.OptMap that opened the innermost one; 0 when none is open
}
const STATE: usize = offsetof<State>();
const UNREACHED: u16 = 0xffff;

// What instructions take (high digit) and leave (low digit), in the order of Op.
// prettier-ignore
const EFFECTS: usize = memory.data<u8>([
  0x10, 0x01, 0x01, 0x11, 0x00, 0x11, 0x11, 0x21, 0x21, 0x10, // Return Const Slot Matches Jump AndJump OrJump And Or Branch
  0x10, 0x10, 0x11, 0x10, 0x11, 0x10, 0x10, 0x12, 0x01, 0x01, // OptOrJump OptMap OptBind Loop Next Skip Pop Dup List Map
  0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x11, 0x11, // HasSlot OptSlot Attribute HasAttribute Header HasHeader Local OptNone Select Has
  0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, // OptSelect Not Neg Size ToInt ToUint ToDouble ToString ToBool ToBytes
  0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x21, 0x21, // ToTimestamp ToDuration TypeOf OptOf OptOfNonZero OptValue OptHasValue Time Index OptIndex
  0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, // Eq Ne Lt Le Gt Ge In Add Sub Mul
  0x21, 0x21, 0x21, 0x21, 0x21, 0x21, //                         Div Mod StartsWith EndsWith Contains InRange
]);

// The predicate that is being checked.
let code: usize = 0;
let count: u32 = 0;
let states: usize = 0;
let mostStack: u32 = 0;
let mostLoops: u32 = 0;

/**
 * Checks all predicates, cells and automata of the program in use, whose header and sections are in bounds. Returns 0 when
 * they are sound, else 1 + the index in Code of the first bad instruction, or one of the negative constants above.
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
  const first = load<u32>(record, PredicateField.Code + RunField.First);
  count = load<u32>(record, PredicateField.Code + RunField.Count);
  mostStack = load<u32>(record, PredicateField.Stack);
  mostLoops = load<u32>(record, PredicateField.Loops);
  if (<u64>first + <u64>count > <u64>sectionCount(Section.Code) || count == 0) return BAD_PREDICATE;
  if (mostStack > <u32>MAX_STACK || mostLoops > <u32>MAX_LOOPS) return BAD_PREDICATE;
  code = section(Section.Code) + <usize>first * INSTRUCTION;
  states = reserve(count * <u32>STATE);
  if (!states) return NO_MEMORY;
  memory.fill(states, 0xff, <usize>count * STATE); // all UNREACHED
  reach(0, 0, 0, 0);
  let bad: i32 = 0;
  for (let i: u32 = 0; i < count && !bad; i++) {
    if (!checkInstruction(i)) bad = <i32>(first + i + 1);
  }
  trimRegion(states);
  return bad;
}

function stateAt(index: u32): State {
  return changetype<State>(states + <usize>index * STATE);
}

/** Records how the instruction `index` is reached; false when it was reached in another way before, or must not be. */
function reach(index: u64, height: u32, loops: u32, opener: u32): bool {
  if (index >= <u64>count || height > mostStack || loops > mostLoops) return false;
  const state = stateAt(<u32>index);
  if (state.height != UNREACHED) return state.height == height && state.loops == loops && state.opener == opener;
  state.height = <u16>height;
  state.loops = <u16>loops;
  state.opener = opener;
  return true;
}

function checkInstruction(i: u32): bool {
  const instruction = instructionAt(code + <usize>i * INSTRUCTION);
  const op = <u32>instruction.op;
  const state = stateAt(i);
  if (op >= <u32>Op.Count || state.height == UNREACHED || !checkOperands(instruction, state)) return false;
  const effect = <u32>load<u8>(EFFECTS + <usize>op);
  const height = <u32>state.height;
  let takes = effect >> 4;
  if (op == Op.List) takes = instruction.c;
  else if (op == Op.Map) takes = instruction.c << 1;
  else if (op == Op.Time) takes += instruction.b;
  if (height < takes) return false;
  return checkFlow(i, instruction, height - takes + (effect & 15));
}

/** Follows an instruction to those that can come next; `left` is the height of the stack that it leaves. */
function checkFlow(i: u32, instruction: Instruction, left: u32): bool {
  const op = <i32>instruction.op;
  const state = stateAt(i);
  const height = <u32>state.height;
  const loops = <u32>state.loops;
  const loop = state.opener;
  const next = <u64>i + 1;
  const target = next + <u64>instruction.c;
  if (op == Op.Return) return height == 1 && loops == 0;
  if (op == Op.Next) return loop == <u32>target && closes(next, height, loop, Op.Loop);
  if (op == Op.OptBind) return closes(next, height, loop, Op.OptMap);
  if (op == Op.Branch && !reach(next + <u64>instruction.b, height, loops, loop)) return false;
  if (isJump(op) && !reach(target, op == Op.Branch ? left : height, loops, loop)) return false;
  if (op == Op.Loop || op == Op.OptMap) return reach(next, left, loops + 1, i + 1);
  return op == Op.Jump || reach(next, left, loops, loop);
}

/** Whether an instruction may continue at its target; not asked of those that close a loop. */
function isJump(op: i32): bool {
  return op >= Op.Jump && op <= Op.Skip && op != Op.And && op != Op.Or;
}

/** The Op that opened a loop; -1 when none is open. */
function openerOf(loop: u32): i32 {
  return loop ? <i32>instructionAt(code + <usize>(loop - 1) * INSTRUCTION).op : -1;
}

/** Closes a loop: it leaves what was on the stack when it was opened, with its result in place of what it runs over. */
function closes(next: u64, height: u32, loop: u32, by: i32): bool {
  if (openerOf(loop) != by) return false;
  const before = stateAt(loop - 1);
  return height == before.height && reach(next, height, before.loops, before.opener);
}

function checkOperands(instruction: Instruction, state: State): bool {
  const a = <u32>instruction.a;
  const c = instruction.c;
  switch (<i32>instruction.op) {
    case Op.Const:
      return c < sectionCount(Section.Cells);
    case Op.Slot:
    case Op.HasSlot:
    case Op.OptSlot:
      return c < sectionCount(Section.Nodes);
    case Op.Attribute:
    case Op.HasAttribute:
      return c <= <u32>Attribute.Time;
    case Op.Header:
    case Op.HasHeader:
    case Op.Select:
    case Op.Has:
    case Op.OptSelect:
      return c < sectionCount(Section.Cells) && tagOf(section(Section.Cells) + <usize>c * CELL) == Tag.String;
    case Op.Local:
      return c < <u32>state.loops;
    case Op.Skip:
      return openerOf(state.opener) == Op.Loop;
    case Op.Matches:
      return c < sectionCount(Section.Automata);
    case Op.Loop:
      return a <= <u32>LoopKind.Map;
    case Op.Time:
      return a <= <u32>TimePart.Milliseconds && instruction.b <= 1;
    case Op.List:
    case Op.Map:
      return c <= <u32>MAX_STACK;
    default:
      return true;
  }
}
