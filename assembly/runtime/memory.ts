// Memory: a small heap for what outlives a callback (configurations, streams), and the region of one callback.
// The region is a chain of heap blocks that is given back when the callback ends, so the memory of a large body is
// found again by the next one and wasm memory never grows twice for the same size. Nothing here traps: a failed
// allocation returns 0, and `ranOut` tells that the callback had to do without it.

/** A heap block, 16-byte aligned; its payload follows. Free blocks are chained by address and joined with their neighbours. */
// @ts-ignore: decorator
@unmanaged
class Block {
  /** Bytes of the block with its head, a multiple of 16. */
  size: usize;
  private unused: u32;
  /** The next free block; null at the end. Only while the block is free. */
  next: Block | null;
  private padding: u32; // keeps payloads aligned to 16
}

/** A chunk of the region: the payload of a heap block. What is reserved of it follows, aligned to 16. */
// @ts-ignore: decorator
@unmanaged
class Chunk {
  /** The chunk before; 0 in the first. */
  before: usize;
}

const HEAD: usize = offsetof<Block>();
const CHUNK_HEAD: usize = 16;
const SPARE: usize = 16; // bytes after a payload: a text may be read this far past its end
const FIRST_CHUNK: u32 = 65536 - 16 - 16;
const PAGE: usize = 65536;
const MOST: u32 = 0x40000000; // bytes of one allocation
const SMALLEST_REST: usize = 64; // bytes: a smaller rest of a block is not split off

let freeList: Block | null = null;

let chunk: usize = 0; //      current chunk of the region; 0 when there is none
let regionTop: usize = 0; //  where the next reservation starts
let regionLimit: usize = 0; // the end of the chunk
let firstChunk: usize = 0;
let exhausted: bool = false;

/** Whether an allocation failed since `resetRegion`: what was made without it must not let anything through. */
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

/** Notes a failed allocation and returns 0. */
function nothing(): usize {
  exhausted = true;
  return 0;
}

// @ts-ignore: decorator
@inline
function blockOf(payload: usize): Block {
  return changetype<Block>(payload - HEAD);
}

/** The payload of the first free block with `wanted` bytes, head included; 0 when there is none. */
function take(wanted: usize): usize {
  let before: Block | null = null;
  let block = freeList;
  while (block) {
    if (block.size >= wanted) {
      const rest = split(block, wanted);
      if (before) before.next = rest;
      else freeList = rest;
      return changetype<usize>(block) + HEAD;
    }
    before = block;
    block = block.next;
  }
  return 0;
}

/** Shortens a free block to `wanted` bytes, if that is worth it; returns the free block that follows it. */
function split(block: Block, wanted: usize): Block | null {
  if (block.size - wanted < SMALLEST_REST) return block.next;
  const rest = changetype<Block>(changetype<usize>(block) + wanted);
  rest.size = block.size - wanted;
  rest.next = block.next;
  block.size = wanted;
  return rest;
}

/** Adds pages at the end of the memory; they join a free block before them. */
function grow(wanted: usize): bool {
  const size = (wanted + PAGE - 1) & ~(PAGE - 1);
  const start = <usize>memory.size() * PAGE;
  if (memory.grow(<i32>(size / PAGE)) < 0) return false;
  changetype<Block>(start).size = size;
  release(start + HEAD);
  return true;
}

/** Gives a block back; 0 is ignored. */
export function release(payload: usize): void {
  if (!payload) return;
  const block = blockOf(payload);
  let before: Block | null = null;
  let next = freeList;
  while (next && changetype<usize>(next) < changetype<usize>(block)) {
    before = next;
    next = next.next;
  }
  block.next = next;
  if (before) before.next = block;
  else freeList = block;
  join(block);
  if (before) join(before);
}

/** Joins a free block with the next one when there is nothing between them. */
function join(block: Block): void {
  const next = block.next;
  if (next && changetype<usize>(block) + block.size == changetype<usize>(next)) {
    block.size += next.size;
    block.next = next.next;
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

/** Adds a chunk to the region and reserves the first `size` bytes of it. */
function extend(size: u32): usize {
  const wanted = max(size + <u32>CHUNK_HEAD, FIRST_CHUNK);
  const fresh = allocate(wanted);
  if (!fresh) return 0;
  changetype<Chunk>(fresh).before = chunk;
  if (!chunk) firstChunk = fresh;
  chunk = fresh;
  regionLimit = fresh + <usize>wanted;
  const start = fresh + CHUNK_HEAD;
  regionTop = start + <usize>size;
  return start;
}

/** Clears 32 bytes: a small record. */
export function clear32(at: usize): void {
  const zero = i64x2.splat(0);
  v128.store(at, zero);
  v128.store(at + 16, zero);
}

/** Clears 64 bytes: a record, or the padding that the JSON reader looks at (READ_PADDING). */
export function clear64(at: usize): void {
  clear32(at);
  clear32(at + 32);
}

/** Shortens the newest reservation to what was used: everything from `end` on is free again. */
export function trimRegion(end: usize): void {
  if (end < regionTop && end >= chunk + CHUNK_HEAD) regionTop = end;
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

/** Gives the current chunk back; the one before becomes the current one. */
function leaveChunk(): void {
  const before = changetype<Chunk>(chunk).before;
  release(chunk);
  chunk = before;
  regionLimit = before ? before - HEAD - SPARE + blockOf(before).size : 0;
}

/** Empties the region. A first chunk of the usual size is kept, larger ones go back to the heap. */
export function resetRegion(): void {
  exhausted = false;
  while (chunk && chunk != firstChunk) leaveChunk();
  if (chunk && blockOf(chunk).size > <usize>FIRST_CHUNK + HEAD + SPARE + SMALLEST_REST) leaveChunk();
  regionTop = chunk ? chunk + CHUNK_HEAD : 0;
}
