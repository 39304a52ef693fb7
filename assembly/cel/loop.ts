// Open loops: the macros all, exists, exists_one, filter and map, and optMap, each with one variable.
//
// A frame, 80 bytes:  0: variable (Cell)     16: cursor               32: LoopKind, or BINDING
//                    36: elements that count, in exists_one          40: 1 when an element was an error
//                    44: cells of the result 48: cells in it         52: scratch mark
import { LoopKind, Tag } from "../program.ts";
import { scratch, scratchMark, trimScratch } from "../runtime/budget.ts";
import {
  CELL,
  NO_BOOL,
  copyCell,
  isPresent,
  setBool,
  setError,
  setSpan,
  tagOf,
  truthOf,
  unwrapOptional,
  wrapOptional,
} from "./cell.ts";
import { advance, countOf, openCursor } from "./cursor.ts";

const FRAME: usize = 80;
const BINDING: u32 = 5;
const KIND: usize = 32;
const HITS: usize = 36;
const FAILED: usize = 40;
const RESULT: usize = 44;
const SIZE: usize = 48;
const MARK: usize = 52;
const CURSOR_AT: usize = 16;

const frames: usize = memory.data(960, 8); // MAX_LOOPS * FRAME
let top: usize = frames; // behind the innermost open loop

/** Closes all loops. */
export function resetLoops(): void {
  top = frames;
}

/** The variable of the loop at a depth, the outermost being 0. */
export function loopVariable(depth: u32): usize {
  return frames + <usize>depth * FRAME;
}

/**
 * Opens a loop over the container in `cell` and loads its first element; false when there is nothing to do: then the
 * result, or an error, is in `cell`.
 */
export function openLoop(kind: u32, cell: usize): bool {
  const frame = top;
  if (!openCursor(frame + CURSOR_AT, cell)) {
    setError(cell);
    return false;
  }
  store<u32>(frame + KIND, kind);
  store<u64>(frame + HITS, 0);
  store<u64>(frame + RESULT, 0);
  if (kind >= <u32>LoopKind.Filter) {
    const count = <u32>countOf(cell);
    const room = count < 0x1000000 ? scratch(count * <u32>CELL) : 0;
    if (!room) {
      setError(cell);
      return false;
    }
    store<u32>(frame + RESULT, <u32>room);
  }
  store<u32>(frame + MARK, <u32>scratchMark());
  if (advance(frame + CURSOR_AT, frame)) {
    top = frame + FRAME;
    return true;
  }
  setResult(frame, cell);
  return false;
}

/**
 * Takes the body's value in `cell` for the current element. True when there is another element, loaded now. Otherwise
 * the loop is closed and its result is in `cell`. With `skipNone` a none is left out of the result of map.
 */
export function nextTurn(cell: usize, skipNone: bool): bool {
  const frame = top - FRAME;
  const kind = load<u32>(frame + KIND);
  const open = kind < <u32>LoopKind.Filter ? judge(frame, kind, cell) : collect(frame, kind, cell, skipNone);
  // What the body made is not used any more, but for the elements of map.
  if (kind != LoopKind.Map) trimScratch(<usize>load<u32>(frame + MARK));
  if (open && advance(frame + CURSOR_AT, frame)) return true;
  top = frame;
  if (open) setResult(frame, cell);
  return false;
}

/** all, exists, exists_one: false when the answer is known and in `cell`. */
function judge(frame: usize, kind: u32, cell: usize): bool {
  const truth = truthOf(cell);
  const yes = truth == 1;
  if (truth == NO_BOOL) {
    store<u32>(frame + FAILED, 1);
    if (kind != LoopKind.ExistsOne) return true; // a later element may still decide
    setError(cell);
    return false;
  }
  if (kind == LoopKind.All) return yes;
  if (kind == LoopKind.Exists) return !yes;
  if (yes) store<u32>(frame + HITS, load<u32>(frame + HITS) + 1);
  return true;
}

/** filter, map: false when the result is an error. */
function collect(frame: usize, kind: u32, cell: usize, skipNone: bool): bool {
  const tag = tagOf(cell);
  let item = cell;
  if (kind == LoopKind.Filter) {
    if (truthOf(cell) == 0) return true;
    if (truthOf(cell) == NO_BOOL) setError(cell);
    item = frame;
  }
  if (tagOf(cell) == Tag.Error) return false;
  if (skipNone && tag == Tag.OptionalNone) return true;
  const size = load<u32>(frame + SIZE);
  copyCell(<usize>load<u32>(frame + RESULT) + <usize>size * CELL, item);
  store<u32>(frame + SIZE, size + 1);
  return true;
}

/** The result when all elements have been taken. */
function setResult(frame: usize, cell: usize): void {
  const kind = load<u32>(frame + KIND);
  if (load<u32>(frame + FAILED)) setError(cell);
  else if (kind >= <u32>LoopKind.Filter) {
    setSpan(cell, Tag.CellList, 0, <usize>load<u32>(frame + RESULT), load<u32>(frame + SIZE));
  } else setBool(cell, kind == LoopKind.All || (kind == LoopKind.ExistsOne && load<u32>(frame + HITS) == 1));
}

/** Opens a frame whose variable is the value of the optional in `cell`; false when that is none or no optional. */
export function openBinding(cell: usize): bool {
  if (!isPresent(cell)) {
    if (tagOf(cell) != Tag.OptionalNone) setError(cell);
    return false;
  }
  copyCell(top, cell);
  unwrapOptional(top);
  store<u32>(top + KIND, BINDING);
  top += FRAME;
  return true;
}

/** Closes the frame of openBinding. Its value becomes an optional; with `flat` it has to be one. */
export function closeBinding(cell: usize, flat: bool): void {
  top -= FRAME;
  if (!flat) wrapOptional(cell);
  else if (!isPresent(cell) && tagOf(cell) != Tag.OptionalNone) setError(cell);
}
