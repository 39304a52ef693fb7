// The tree of member names that the program asks for, as the reader of a text needs it: a table from (node, folded
// name) to the child. Folding finds the keys that a lenient parser takes for the same: ASCII case, U+017F for s, U+212A
// for k (Go's encoding/json), NULs left out (GHSA-q382-vc8q-7jhj), _ and - left out (readers that match "smartly"). A key that is a member's name only once both are folded
// is an ambiguous key of that member.
import { NODE_SIZE, NONE, NodeField, Section, Slot } from "../program.ts";
import { sameBytes } from "../text/ascii.ts";
import { CASE_BIT, LOWER_K, LOWER_S, MINUS, NUL, UNDERSCORE, UPPER_A } from "../text/chars.ts";
import { mix, placesFor } from "../text/hash.ts";
import { section, text, textLength } from "../sections.ts";
import { reserve, trimRegion } from "../runtime/memory.ts";
import { noteAmbiguousKey } from "./ambiguous-keys.ts";
import { forgetOwners } from "./templates.ts";

//    0      4           4 + 16 * places
//   +------+-----------+---------------------------------------+
//   | mask | places    | per node one byte: has it any members |
//   +------+-----------+---------------------------------------+
//   mask: places - 1. A place is found by the hash of its member, or comes after that one.
/** A place of the table: a member, or nothing. */
// @ts-ignore: decorator
@unmanaged
class Place {
  /** The member's slot + 1; 0 in a free place. */
  member: u32;
  /** Hash of its node and its folded name. */
  hash: u32;
  /** The name as the program has it. */
  name: usize;
  length: u32;
}

// Characters beyond ASCII that fold to an ASCII letter, in UTF-8 as little-endian numbers.
const LONG_S: u32 = 0xbfc5; //   U+017F, whose upper case is S
const KELVIN: u32 = 0xaa84e2; // U+212A, whose lower case is k

// 1 in each byte of a word, and its highest bit.
const ONES: u64 = 0x0101010101010101;
const HIGHS: u64 = 0x8080808080808080;

const PLACE: usize = offsetof<Place>();
const HEAD: usize = 4;

let table: usize = 0; //   the first place
let mask: u32 = 0;
let parents: usize = 0; // the bytes of the nodes

/** Bytes that the table of `count` nodes takes. */
export function membersSize(count: u32): u32 {
  return <u32>HEAD + placesFor(count) * <u32>PLACE + ((count + 7) & ~7);
}

/** Uses the table at `at`. */
export function openMembers(at: usize): void {
  table = at + HEAD;
  mask = load<u32>(at);
  parents = table + <usize>(mask + 1) * PLACE;
}

/** Fills the table at `at`, all zero, from the nodes of the open program. */
export function buildMembers(at: usize, count: u32): void {
  store<u32>(at, placesFor(count) - 1);
  openMembers(at);
  forgetOwners();
  // A tool's arguments have an owner even if the program names none of them.
  store<u8>(parents + <usize>Slot.Arguments, 1);
  for (let slot: u32 = 0; slot < count; slot++) {
    const node = section(Section.Nodes) + <usize>slot * NODE_SIZE;
    const parent = parentOf(slot);
    if (parent == NONE) continue;
    store<u8>(parents + <usize>parent, 1);
    const length = textLength(node + NodeField.Name);
    const folded = reserve(length + 8);
    if (!folded) return;
    const size = fold(text(node + NodeField.Name), length, folded);
    const hash = hashKey(parent, folded, size, true);
    const place = freePlace(hash);
    place.member = slot + 1;
    place.hash = hash;
    place.name = text(node + NodeField.Name);
    place.length = length;
    trimRegion(folded);
  }
}

/** The first free place for a hash. */
function freePlace(hash: u32): Place {
  let index = hash & mask;
  while (placeAt(index).member) index = (index + 1) & mask;
  return placeAt(index);
}

// @ts-ignore: decorator
@inline
function placeAt(index: u32): Place {
  return changetype<Place>(table + <usize>index * PLACE);
}

/** Identifies a node's members (the "owner" of templates.ts). */
// @ts-ignore: decorator
@inline
export function membersOf(node: u32): usize {
  return parents + <usize>node;
}

/** Whether members of this slot's value are looked up: the program names some, or they are a tool's arguments. */
export function hasMembers(slot: u32): bool {
  return load<u8>(parents + <usize>slot) != 0;
}

/**
 * The slot of the member `key` of a node; NONE when the program does not ask for it, and also when there is no memory to
 * find out (`ranOut`). With `noting`, members that the key is an ambiguous key of are noted.
 */
export function childSlot(node: u32, key: usize, length: u32, noting: bool): u32 {
  let found = NONE;
  const hash = hashKey(node, key, length, false);
  let index = hash & mask;
  while (true) {
    const place = placeAt(index);
    if (!place.member) return found;
    index = (index + 1) & mask;
    const slot = place.member - 1;
    if (place.hash != hash || parentOf(slot) != node) continue;
    if (place.length == length && sameBytes(place.name, key, length)) found = slot;
    else if (noting && equalFolded(place.name, place.length, key, length)) noteAmbiguousKey(slot);
  }
}

// @ts-ignore: decorator
@inline
function parentOf(slot: u32): u32 {
  return load<u32>(section(Section.Nodes) + <usize>slot * NODE_SIZE, NodeField.Parent);
}

/** Whether two names are the same once folded; also when there is no memory to find out. */
function equalFolded(a: usize, aLength: u32, b: usize, bLength: u32): bool {
  const first = reserve(aLength + 8);
  const second = reserve(bLength + 8);
  if (!first || !second) return true;
  const size = fold(a, aLength, first);
  const same = fold(b, bLength, second) == size && sameBytes(first, second, size);
  trimRegion(first);
  return same;
}

/**
 * A hash that is the same for keys that fold to the same, eight bytes at a time: up to eight bytes after the key are read
 * too. A key with a NUL, a _, a - or a byte that is not ASCII is folded first; for the others it is enough to set the case bit.
 */
function hashKey(node: u32, key: usize, length: u32, folded: bool): u32 {
  const lower: u64 = 0x2020202020202020;
  let hash = <u64>node;
  let p = key;
  let left = length;
  while (left) {
    let word = load<u64>(p);
    if (left < 8) {
      const keep = ((<u64>1) << (left << 3)) - 1;
      word = (word & keep) | (lower & ~keep);
    }
    if (!folded && ((word | (word - ONES)) & HIGHS || hasByte(word, UNDERSCORE) || hasByte(word, MINUS))) {
      return hashUnusual(node, key, length);
    }
    hash = mix((hash * 31) ^ (word | lower));
    left -= min(left, 8);
    p += 8;
  }
  return <u32>hash;
}

// @ts-ignore: decorator
@inline
function hasByte(word: u64, byte: u32): bool {
  const others = word ^ (ONES * <u64>byte);
  return ((others - ONES) & ~others & HIGHS) != 0;
}

/** The hash of a key that has to be folded; 0 when there is no memory for it, which `ranOut` then tells. */
function hashUnusual(node: u32, key: usize, length: u32): u32 {
  const folded = reserve(length + 8);
  if (!folded) return 0;
  const hash = hashKey(node, folded, fold(key, length, folded), true);
  trimRegion(folded);
  return hash;
}

/** Folds a key to `out`, which has room for `length` bytes; returns the folded length. */
function fold(key: usize, length: u32, out: usize): u32 {
  let q = out;
  const end = key + <usize>length;
  for (let p = key; p < end; p++) {
    let c = <u32>load<u8>(p);
    if (c == NUL || c == UNDERSCORE || c == MINUS) continue;
    if (c - UPPER_A < 26) c |= CASE_BIT;
    else if (p + 1 < end && load<u16>(p) == LONG_S) {
      c = LOWER_S;
      p++;
    } else if (p + 2 < end && (load<u32>(p) & 0xffffff) == KELVIN) {
      c = LOWER_K;
      p += 2;
    }
    store<u8>(q++, c);
  }
  return <u32>(q - out);
}
