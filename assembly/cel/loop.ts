// Open loops: the macros all, exists, exists_one, filter and map, and optMap, each with one variable.
import { LoopKind, MAX_LOOPS, Tag } from "../program.ts";
import { scratch, scratchMark, trimScratch } from "../runtime/budget.ts";
import {
  CELL,
  MOST_CELLS,
  Truth,
  combined,
  copyCell,
  isPresent,
  outcomesOf,
  setBool,
  setError,
  setOutcomes,
  setSpan,
  spoil,
  tagOf,
  truthOf,
  unwrapOptional,
  wrapOptional,
} from "./cell.ts";
import { Cursor, advance, countOf, openCursor } from "./cursor.ts";

//    0                16               32     36     40       44       48     52     56
//   +----------------+----------------+------+------+--------+--------+------+------+
//   | variable       | cursor         | kind | hits | failed | result | size | mark |
//   +----------------+----------------+------+------+--------+--------+------+------+
@unmanaged
class Frame {
  variable: v128; // a cell
  cursor: v128; //   a Cursor
  kind: u32; //      LoopKind, or BINDING
  hits: u32; //      elements that count, for exists_one
  open: u32; //      Outcomes of the elements that were neither true nor false, together; 0 without any
  result: usize; //  the cells that filter and map collect
  size: u32; //      how many of them there are
  mark: usize; //    of the scratch memory, before the body used any
}

const FRAME: usize = offsetof<Frame>();
/** The kind of a frame that is not a loop's but optMap's. */
const BINDING: u32 = 5;

const frames: usize = memory.data(<i32>(MAX_LOOPS * FRAME), 8);
let end: usize = frames; // of the innermost open frame

/** Closes all loops. */
export function resetLoops(): void {
  end = frames;
}

/** The variable, a cell, of the loop at a depth; the outermost one is at depth 0. */
export function loopVariable(depth: u32): usize {
  return variableOf(changetype<Frame>(frames + <usize>depth * FRAME));
}

function variableOf(frame: Frame): usize {
  return changetype<usize>(frame) + offsetof<Frame>("variable");
}

function cursorOf(frame: Frame): Cursor {
  return changetype<Cursor>(changetype<usize>(frame) + offsetof<Frame>("cursor"));
}

/**
 * Opens a loop over the container in `cell` and loads its first element. False when there is nothing to do: then the
 * result, or an error, is in `cell`.
 */
export function openLoop(kind: u32, cell: usize): bool {
  const frame = changetype<Frame>(end);
  if (!openCursor(cursorOf(frame), cell)) {
    spoil(cell);
    return false;
  }
  frame.kind = kind;
  frame.hits = 0;
  frame.open = 0;
  frame.result = 0;
  frame.size = 0;
  if (kind >= <u32>LoopKind.Filter) {
    const count = <u32>countOf(cell);
    const room = count <= MOST_CELLS ? scratch(count * <u32>CELL) : 0;
    if (!room) {
      setError(cell);
      return false;
    }
    frame.result = room;
  }
  frame.mark = scratchMark();
  if (advance(cursorOf(frame), variableOf(frame))) {
    end += FRAME;
    return true;
  }
  setResult(frame, cell);
  return false;
}

/**
 * Takes the body's value in `cell` for the current element. True when there is another element, which is loaded now.
 * Otherwise the loop is closed and its result is in `cell`. With `skipNone` an optional.none() is left out of map's
 * result.
 */
export function nextTurn(cell: usize, skipNone: bool): bool {
  const frame = changetype<Frame>(end - FRAME);
  const kind = frame.kind;
  const open = kind < <u32>LoopKind.Filter ? quantify(frame, cell) : collect(frame, cell, skipNone);
  // What the body made is not used any more, except for the elements of map.
  if (kind != LoopKind.Map) trimScratch(frame.mark);
  if (open && advance(cursorOf(frame), variableOf(frame))) return true;
  end = changetype<usize>(frame);
  if (open) setResult(frame, cell);
  return false;
}

/** A turn of all, exists or exists_one: false when the result is known, and in `cell`. */
function quantify(frame: Frame, cell: usize): bool {
  const kind = frame.kind;
  const truth = truthOf(cell);
  if (truth == Truth.Error) {
    if (kind == LoopKind.ExistsOne) {
      spoil(cell);
      return false;
    }
    const outcomes = outcomesOf(cell);
    frame.open = frame.open ? combined(frame.open, outcomes, kind == LoopKind.Exists) : outcomes;
    return true; // a later element may still decide
  }
  if (kind == LoopKind.All) return truth == Truth.True;
  if (kind == LoopKind.Exists) return truth == Truth.False;
  if (truth == Truth.True) frame.hits++;
  return true;
}

/** A turn of filter or map: false when the result is an error, which is in `cell`. */
function collect(frame: Frame, cell: usize, skipNone: bool): bool {
  const tag = tagOf(cell);
  let item = cell;
  if (frame.kind == LoopKind.Filter) {
    if (truthOf(cell) == Truth.False) return true;
    if (truthOf(cell) == Truth.Error) spoil(cell);
    item = variableOf(frame);
  }
  if (tagOf(cell) == Tag.Error) {
    spoil(cell);
    return false;
  }
  if (skipNone && tag == Tag.OptionalNone) return true;
  copyCell(frame.result + <usize>frame.size * CELL, item);
  frame.size++;
  return true;
}

/** The result once all elements have been taken. */
function setResult(frame: Frame, cell: usize): void {
  const kind = frame.kind;
  if (frame.open) setOutcomes(cell, frame.open);
  else if (kind >= <u32>LoopKind.Filter) setSpan(cell, Tag.CellList, 0, frame.result, frame.size);
  else setBool(cell, kind == LoopKind.All || (kind == LoopKind.ExistsOne && frame.hits == 1));
}

/** Opens a frame whose variable is the value of the optional in `cell`; false when it is none or not an optional. */
export function openBinding(cell: usize): bool {
  if (!isPresent(cell)) {
    if (tagOf(cell) != Tag.OptionalNone) spoil(cell);
    return false;
  }
  const frame = changetype<Frame>(end);
  copyCell(variableOf(frame), cell);
  unwrapOptional(variableOf(frame));
  frame.kind = BINDING;
  end += FRAME;
  return true;
}

/** Closes the frame of openBinding. Its value becomes an optional; with `flat` it has to be one already. */
export function closeBinding(cell: usize, flat: bool): void {
  end -= FRAME;
  if (!flat) wrapOptional(cell);
  else if (!isPresent(cell) && tagOf(cell) != Tag.OptionalNone) spoil(cell);
}
