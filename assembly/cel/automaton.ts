// Running a regex automaton over a string, code point by code point; it stops early when it reaches the accepting or the
// rejecting state. Most strings do not have the prefix that a pattern asks for, and most of a long string does not change
// the state: both are found out 8 or 16 bytes at a time.
import { AutomatonField, LOOP_SIZE } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import { program } from "../sections.ts";
import { BACKSLASH } from "../text/chars.ts";
import { codeOf, pointEnd } from "../text/point.ts";
import { auxOf, endOf, lengthOf, startOf } from "./cell.ts";
import { pointAt } from "./string.ts";

const REJECT: u32 = 0;
const ACCEPT: u32 = 1;
const FIRST_LOOP: u32 = 2;

/**
 * How many bytes short of 16 for each try loops may fall before they are no longer tried: a hostile text leaves them at
 * every other character.
 */
const PATIENCE: i32 = 256;

/** A range of an automaton: code points from the first on, up to the next range, have one column of the table. */
@unmanaged
export class Range {
  firstCode: u32;
  column: u32; // its class
}

/** The range `index` of those at `ranges`. */
export function rangeAt(ranges: usize, index: u32): Range {
  return changetype<Range>(ranges + <usize>index * offsetof<Range>());
}

/**
 * Whether the string in `text` matches the automaton with this record in the program in use. The caller charges for its bytes;
 * what is not ASCII as it is takes longer and is charged here.
 */
export function runAutomaton(record: usize, text: usize): bool {
  const start = startOf(text);
  const length = load<u32>(record, AutomatonField.PrefixLength);
  if (!length || auxOf(text) || lengthOf(text) < 8) {
    return accepts(record, run(record, load<u32>(record, AutomatonField.Start), start, text));
  }
  const other = load<u64>(start) ^ load<u64>(record, AutomatonField.Prefix);
  if (other << (64 - ((<u64>length) << 3))) return false;
  return accepts(record, run(record, load<u32>(record, AutomatonField.AfterPrefix), start + <usize>length, text));
}

/** Whether some string that begins with the one in `text` matches the automaton with this record. */
export function mayGoOn(record: usize, text: usize): bool {
  return run(record, load<u32>(record, AutomatonField.Start), startOf(text), text) != REJECT;
}

/** Whether a text ends well in a state. */
function accepts(record: usize, state: u32): bool {
  if (state <= ACCEPT) return state == ACCEPT;
  const table = program + <usize>load<u32>(record, AutomatonField.Table);
  const end = load<u32>(record, AutomatonField.Classes) * load<u32>(record, AutomatonField.States);
  return stateAt(table, end + state) == ACCEPT;
}

/** Runs the automaton from the state `from` over `text` from `at` on; the state that it is in then. */
function run(record: usize, from: u32, at: usize, text: usize): u32 {
  const table = program + <usize>load<u32>(record, AutomatonField.Table);
  const ascii = program + <usize>load<u32>(record, AutomatonField.Ascii);
  const states = load<u32>(record, AutomatonField.States);
  const escaped = auxOf(text);
  const special = escaped ? BACKSLASH : 0x80; // besides bytes above ASCII, what cannot be looked up as it is
  const end = endOf(text);
  let patience = PATIENCE;
  let firstPlain = FIRST_LOOP + load<u32>(record, AutomatonField.LoopCount);
  let state = from;
  let p = at;
  let slow: u32 = 0;
  while (state > ACCEPT && p < end) {
    if (state < firstPlain) {
      const next = skip(p, end, program + loopOf(record, state));
      patience += <i32>(next - p) - 16;
      if (patience < 0 || end - next < 16) firstPlain = 0;
      p = next;
      if (p >= end) break;
    }
    const c = <u32>load<u8>(p);
    let column: u32;
    if (c < 0x80 && c != special) {
      column = <u32>load<u8>(ascii + <usize>c);
      p++;
    } else {
      slow++;
      const point = pointAt(p, end, escaped);
      const code = codeOf(point);
      p = pointEnd(point);
      column = code < 0x80 ? <u32>load<u8>(ascii + <usize>code) : classOf(record, code);
    }
    state = stateAt(table, column * states + state);
  }
  charge(slow);
  return state;
}

function stateAt(table: usize, index: u32): u32 {
  return <u32>load<u16>(table + ((<usize>index) << 1));
}

/** Offset of the loop of a state. */
function loopOf(record: usize, state: u32): usize {
  return <usize>(load<u32>(record, AutomatonField.Loops) + (state - FIRST_LOOP) * LOOP_SIZE);
}

/** The first byte from `at` on that may leave the state of a loop, or the first with fewer than 16 bytes left. */
function skip(at: usize, end: usize, loop: usize): usize {
  const leaves = v128.load(loop);
  const wide = v128.load8_splat(loop, LOOP_SIZE - 1); // the last byte of the loop: whether characters above ASCII leave it
  let p = at;
  for (; p + 16 <= end; p += 16) {
    const bytes = v128.load(p);
    // For the byte 0xhl: byte l of `leaves`, and bit h of it; a byte above ASCII has none of the eight bits.
    const rows = i8x16.swizzle(leaves, v128.and(bytes, i8x16.splat(15)));
    const bits = i8x16.swizzle(i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0), i8x16.shr_u(bytes, 4));
    const left = i8x16.eq(v128.and(rows, bits), i8x16.splat(0));
    const mask = i8x16.bitmask(v128.or(v128.not(left), v128.and(bytes, wide)));
    if (mask) return p + <usize>ctz(mask);
  }
  return p;
}

/** The class of a code point above ASCII: that of the last range that starts at or below it. */
function classOf(record: usize, code: u32): u32 {
  const ranges = program + <usize>load<u32>(record, AutomatonField.Ranges);
  let low: u32 = 0;
  let high = load<u32>(record, AutomatonField.RangeCount);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (rangeAt(ranges, middle).firstCode <= code) low = middle;
    else high = middle;
  }
  return rangeAt(ranges, low).column;
}
