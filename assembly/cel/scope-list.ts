// The list that predicates see as jwt.scopes: the token's scopes and all that they imply, sorted by bytes, each once.
import { CELL_SIZE, Section, Tag } from "../program.ts";
import { sectionCount, textSpan } from "../sections.ts";
import { Span, spanLength, spanStart } from "../text/span.ts";
import { charge } from "../runtime/budget.ts";
import { reserve } from "../runtime/memory.ts";
import { copyCell, lengthOf, setError, setSpan, startOf } from "./cell.ts";
import { isGranted, scopeCount, scopeText } from "../token/made-scopes.ts";
import { isNobody } from "../token/nobody.ts";
import { isPartial, tokenScope, tokenScopes } from "../token/named-scopes.ts";
import { isHeld, scopeChanges, scopeName } from "../token/scopes.ts";

/** Steps per scope of the list, which is made again for every grant that is tried. */
const SORT_COST: u32 = 32;

// The list is made when a predicate first asks for it, and kept until the held scopes change.
let list: usize = 0; // its cells
let listCount: u32 = 0;
let listChange: u32 = 0; // what scopeChanges was when it was made

/** Whether a predicate read the list for the call that is decided. */
export let wereScopesRead: bool = false;

/** Begins a call. */
export function forgetScopeReads(): void {
  wereScopesRead = false;
}

/** Writes jwt.scopes to a cell; an error when the list is incomplete: the token has too many scopes, or there is no memory. */
export function loadScopes(cell: usize): void {
  wereScopesRead = true;
  if (isNobody || isPartial() || (listChange != scopeChanges && !collect())) setError(cell);
  else setSpan(cell, Tag.CellList, 0, list, listCount);
}

// @ts-ignore: decorator
@inline
function collect(): bool {
  const known = sectionCount(Section.Scopes);
  list = reserve((tokenScopes() + scopeCount() + 1) * CELL_SIZE);
  if (!list) return false;
  listChange = scopeChanges;
  listCount = 0;
  for (let i: u32 = 0; i < tokenScopes(); i++) append(tokenScope(i));
  for (let i: u32 = 0; i < known; i++) {
    if (isHeld(i)) append(textSpan(scopeName(i)));
  }
  for (let i = known; i < scopeCount(); i++) if (isGranted(i)) append(scopeText(i));
  charge(listCount * SORT_COST);
  sort(listCount);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < listCount; i++) {
    if (kept && compareBytes(cellOf(kept - 1), cellOf(i)) == 0) continue;
    copyCell(cellOf(kept++), cellOf(i));
  }
  listCount = kept;
  return true;
}

function append(scope: Span): void {
  setSpan(cellOf(listCount++), Tag.String, 0, spanStart(scope), spanLength(scope));
}

function cellOf(index: u32): usize {
  return list + <usize>index * CELL_SIZE;
}

/** Below 0, 0 or above 0. Unlike string.ts it does not charge: the list has its own price. */
function compareBytes(a: usize, b: usize): i32 {
  const shared = min(lengthOf(a), lengthOf(b));
  for (let i: usize = 0; i < <usize>shared; i++) {
    const difference = <i32>load<u8>(startOf(a) + i) - <i32>load<u8>(startOf(b) + i);
    if (difference) return difference;
  }
  return <i32>(lengthOf(a) - lengthOf(b));
}

/** Heapsort: n log n comparisons at most, whatever the token lists. */
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
    if (child + 1 < end && compareBytes(cellOf(child), cellOf(child + 1)) < 0) child++;
    if (compareBytes(cellOf(root), cellOf(child)) >= 0) return;
    swap(cellOf(root), cellOf(child));
    root = child;
  }
}

/** Swaps two cells. */
function swap(a: usize, b: usize): void {
  const first = v128.load(a);
  v128.store(a, v128.load(b));
  v128.store(b, first);
}
