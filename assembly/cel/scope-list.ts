// The list that predicates see as jwt.scopes: the token's scopes and all they imply, sorted by bytes, each once.
import { CELL_SIZE, Section, Tag } from "../program.ts";
import { sectionCount, text, textLength } from "../sections.ts";
import { charge } from "../runtime/budget.ts";
import { reserve } from "../runtime/memory.ts";
import { copyCell, lengthOf, setError, setSpan, startOf } from "./cell.ts";
import {
  isHeld,
  isPartial,
  scopeChanges,
  scopeName,
  tokenScope,
  tokenScopeLength,
  tokenScopes,
} from "../token/scopes.ts";

/** Steps for each scope of a list; it is made anew for every grant that is tried. */
const SORT_COST: u32 = 32;

let list: usize = 0; // cells of jwt.scopes, made when asked for
let listChange: u32 = 0; // what scopeChanges was when it was made
let listCount: u32 = 0;

/** Writes jwt.scopes to a cell: the token's scopes and all they imply, sorted by bytes, each once; an error if it is not whole. */
export function loadScopes(cell: usize): void {
  if (isPartial() || (listChange != scopeChanges && !collect())) setError(cell);
  else setSpan(cell, Tag.CellList, 0, list, listCount);
}

// @ts-ignore: decorator
@inline
function collect(): bool {
  const known = sectionCount(Section.Scopes);
  list = reserve((tokenScopes() + known + 1) * CELL_SIZE);
  if (!list) return false;
  listChange = scopeChanges;
  listCount = 0;
  for (let i: u32 = 0; i < tokenScopes(); i++) append(tokenScope(i), tokenScopeLength(i));
  for (let i: u32 = 0; i < known; i++) {
    if (isHeld(i)) append(text(scopeName(i)), textLength(scopeName(i)));
  }
  charge(listCount * SORT_COST);
  sort(listCount);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < listCount; i++) {
    if (kept && order(cellOf(kept - 1), cellOf(i)) == 0) continue;
    copyCell(cellOf(kept++), cellOf(i));
  }
  listCount = kept;
  return true;
}

function append(at: usize, length: u32): void {
  setSpan(cellOf(listCount++), Tag.String, 0, at, length);
}

function cellOf(index: u32): usize {
  return list + <usize>index * CELL_SIZE;
}

function order(a: usize, b: usize): i32 {
  const shared = min(lengthOf(a), lengthOf(b));
  for (let i: usize = 0; i < <usize>shared; i++) {
    const difference = <i32>load<u8>(startOf(a) + i) - <i32>load<u8>(startOf(b) + i);
    if (difference) return difference;
  }
  return <i32>(lengthOf(a) - lengthOf(b));
}

/** Heap sort: bounded by n log n whatever the token holds. */
function sort(count: u32): void {
  for (let i = count >> 1; i > 0; i--) sift(i - 1, count);
  for (let end = count; end > 1; end--) {
    swap(cellOf(0), cellOf(end - 1));
    sift(0, end - 1);
  }
}

function sift(from: u32, end: u32): void {
  let root = from;
  while (root * 2 + 1 < end) {
    let child = root * 2 + 1;
    if (child + 1 < end && order(cellOf(child), cellOf(child + 1)) < 0) child++;
    if (order(cellOf(root), cellOf(child)) >= 0) return;
    swap(cellOf(root), cellOf(child));
    root = child;
  }
}

function swap(a: usize, b: usize): void {
  const kept = v128.load(a);
  v128.store(a, v128.load(b));
  v128.store(b, kept);
}
