// Memory: a small heap for what outlives a callback (configurations, streams), and the region of one callback.
// The region is a chain of heap blocks that is given back when the callback ends, so the memory of a large body is
// found again by the next one and wasm memory never grows twice for the same size. Nothing here traps: an
// allocation that cannot be had is 0, and the callback is known to have gone without it (`ranOut`).
//
// A block:  0: size in bytes, all included (multiple of 16)   8: next free block (only while free)   16: payload
// Free blocks are chained by address and joined with their neighbours.

const HEAD: usize = 16;
const SPARE: usize = 16; // bytes behind a payload: who reads a text may read that much past its end
const FIRST_CHUNK: u32 = 65536 - 16 - 16;
const PAGE: usize = 65536;
const MOST: u32 = 0x40000000; // bytes at once

let freeList: usize = 0;

let chunk: usize = 0; //      current chunk of the region; its first word points to the one before
let regionTop: usize = 0;
let regionLimit: usize = 0;
let firstChunk: usize = 0;
let exhausted: bool = false;

/** Whether something could not be had since `resetRegion`: what was made without it must not let anything through. */
export function ranOut(): bool {
  return exhausted;
}

/** A block of at least `size` bytes, 16-byte aligned; 0 when memory is exhausted. */
export function allocate(size: u32): usize {
  if (size > MOST) return nothing();
  const wanted = ((<usize>size + 15) & ~(<usize>15)) + HEAD + SPARE;
  const found = take(wanted);
  if (found) return found;
  return grow(wanted) ? take(wanted) : nothing();
}

/** The address of what cannot be had. */
function nothing(): usize {
  exhausted = true;
  return 0;
}

function take(wanted: usize): usize {
  let before: usize = 0;
  let block = freeList;
  while (block) {
    const size = load<usize>(block);
    const next = load<usize>(block, 8);
    if (size >= wanted) {
      let rest = next;
      if (size - wanted >= 64) {
        rest = block + wanted;
        store<usize>(rest, size - wanted);
        store<usize>(rest, next, 8);
        store<usize>(block, wanted);
      }
      if (before) store<usize>(before, rest, 8);
      else freeList = rest;
      return block + HEAD;
    }
    before = block;
    block = next;
  }
  return 0;
}

/** Adds pages behind the memory's end; next to a free block they join it. */
function grow(wanted: usize): bool {
  const size = (wanted + PAGE - 1) & ~(PAGE - 1);
  const start = <usize>memory.size() * PAGE;
  if (memory.grow(<i32>(size / PAGE)) < 0) return false;
  store<usize>(start, size);
  release(start + HEAD);
  return true;
}

/** Gives a block back; 0 is ignored. */
export function release(payload: usize): void {
  if (!payload) return;
  const block = payload - HEAD;
  let before: usize = 0;
  let next = freeList;
  while (next && next < block) {
    before = next;
    next = load<usize>(next, 8);
  }
  store<usize>(block, next, 8);
  if (before) store<usize>(before, block, 8);
  else freeList = block;
  join(block);
  if (before) join(before);
}

function join(block: usize): void {
  const next = load<usize>(block, 8);
  const size = load<usize>(block);
  if (next && block + size == next) {
    store<usize>(block, size + load<usize>(next));
    store<usize>(block, load<usize>(next, 8), 8);
  }
}

/** Bytes in the region of this callback, 16-byte aligned; 0 when memory is exhausted. Gone at `resetRegion`. */
export function reserve(size: u32): usize {
  if (size > MOST) return nothing();
  const start = (regionTop + 15) & ~(<usize>15);
  if (chunk && start + <usize>size <= regionLimit) {
    regionTop = start + <usize>size;
    return start;
  }
  return extend(size);
}

function extend(size: u32): usize {
  const wanted = max(size + 16, FIRST_CHUNK);
  const fresh = allocate(wanted);
  if (!fresh) return 0;
  store<usize>(fresh, chunk);
  if (!chunk) firstChunk = fresh;
  chunk = fresh;
  regionLimit = fresh + <usize>wanted;
  const start = fresh + 16;
  regionTop = start + <usize>size;
  return start;
}

/** Clears 32 bytes: a small record. */
export function clear32(at: usize): void {
  const zero = i64x2.splat(0);
  v128.store(at, zero);
  v128.store(at, zero, 16);
}

/** Clears 64 bytes: the padding that the JSON reader wants (READ_PADDING), as it looks at what is there. */
export function clear64(at: usize): void {
  clear32(at);
  clear32(at + 32);
}

/** Shortens the newest reservation to what was used: everything from `end` on is free again. */
export function trimRegion(end: usize): void {
  if (end < regionTop && end >= chunk + 16) regionTop = end;
}

/** Whether the newest reservation ends at `end`: only then may it be trimmed. */
export function isNewest(end: usize): bool {
  return regionTop == end;
}

/** Where the region ends now, for `rewindRegion`. */
export function regionEnd(): usize {
  return regionTop;
}

/** Gives back everything that was reserved since the region ended at `end`. */
export function rewindRegion(end: usize): void {
  while (end < chunk || end > regionLimit) leaveChunk();
  regionTop = end;
}

/** Gives the current chunk back; the one before is the current one then. */
function leaveChunk(): void {
  const before = load<usize>(chunk);
  release(chunk);
  chunk = before;
  regionLimit = before ? before - HEAD - SPARE + load<usize>(before - HEAD) : 0;
}

/** Empties the region. A first chunk of the usual size is kept, larger ones go back to the heap. */
export function resetRegion(): void {
  exhausted = false;
  while (chunk && chunk != firstChunk) leaveChunk();
  if (chunk && load<usize>(chunk - HEAD) > <usize>FIRST_CHUNK + HEAD + SPARE + 64) leaveChunk();
  regionTop = chunk ? chunk + 16 : 0;
}
