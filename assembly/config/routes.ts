// Which policy a request belongs to, where a plugin configuration has several: a table from routes to policies. A route is a
// host and a path, "mcp.example.com/files"; of those whose path is a whole-segment prefix of the request's the longest one
// wins. That takes one look-up per segment, and no more than the longest route has, however many policies there are.
import { NONE } from "../program.ts";
import { reserve } from "../runtime/memory.ts";
import { isNormalPath } from "../request/uri.ts";
import { copyBytes, sameBytes } from "../text/ascii.ts";
import { CASE_BIT, SLASH, UPPER_A } from "../text/chars.ts";
import { hashBytes, placesFor } from "../text/hash.ts";
import { Span, spanLength, spanStart } from "../text/span.ts";

//    0      4         8        12
//   +------+---------+--------+--------+--------------------------+-------+
//   | mask | longest | next   | unused | places (mask + 1)        | texts |
//   +------+---------+--------+--------+--------------------------+-------+
//   longest: bytes of the longest route; next: where the text of the next one goes
@unmanaged
class Head {
  mask: u32;
  longest: u32;
  next: usize;
  unused: u32;
}

/** A route to a policy. */
// @ts-ignore: decorator
@unmanaged
class Place {
  hash: u32;
  policy: u32; // its index + 1; 0 in a free place
  text: usize;
  length: u32;
}

const HEAD: usize = offsetof<Head>();
const PLACE: usize = offsetof<Place>();
const MAX_HOST: u32 = 300; // bytes with the port; a longer one has no policy

let table: usize = 0;

/** Bytes that a table of `count` routes takes, whose texts are `size` bytes together. */
export function routesSize(count: u32, size: u32): u32 {
  return <u32>HEAD + placesFor(count) * <u32>PLACE + size;
}

/** Uses the table at `at`. */
export function openRoutes(at: usize): void {
  table = at;
}

/** Begins the table at `at`, all zero, for `count` routes. */
export function beginRoutes(at: usize, count: u32): void {
  openRoutes(at);
  const head = changetype<Head>(at);
  head.mask = placesFor(count) - 1;
  head.next = at + HEAD + <usize>(head.mask + 1) * PLACE;
}

/** Adds a route to the policy `index`; false when another policy has it. */
export function addRoute(route: Span, index: u32): bool {
  const head = changetype<Head>(table);
  const hash = <u32>hashBytes(0, spanStart(route), spanLength(route));
  const place = findPlace(hash, spanStart(route), spanLength(route));
  if (place.policy) return place.policy == index + 1;
  place.hash = hash;
  place.policy = index + 1;
  place.text = head.next;
  place.length = spanLength(route);
  copyBytes(head.next, spanStart(route), spanLength(route));
  head.next += <usize>spanLength(route);
  head.longest = max(head.longest, spanLength(route));
  return true;
}

/** The place of a route, or the free one where it would go. */
function findPlace(hash: u32, text: usize, length: u32): Place {
  const mask = changetype<Head>(table).mask;
  let at = hash & mask;
  while (true) {
    const place = changetype<Place>(table + HEAD + <usize>at * PLACE);
    if (!place.policy) return place;
    if (place.hash == hash && place.length == length && sameBytes(place.text, text, length)) return place;
    at = (at + 1) & mask;
  }
}

/** The index of the policy for a host and a path without its query; NONE when there is none, or no memory to find out. */
export function findRoute(host: Span, path: Span): u32 {
  const hostLength = spanLength(host);
  if (!hostLength || hostLength > MAX_HOST || !isNormalPath(path)) return NONE;
  const longest = changetype<Head>(table).longest;
  // One byte more than the longest route: whether a segment ends after it.
  const total = min(hostLength + spanLength(path), longest + 1);
  const key = reserve(MAX_HOST + longest + 32);
  if (!key) return NONE;
  for (let i: u32 = 0; i < hostLength; i++) {
    const c = <u32>load<u8>(spanStart(host) + <usize>i);
    store<u8>(key + <usize>i, c - UPPER_A < 26 ? c | CASE_BIT : c);
  }
  if (total > hostLength) copyBytes(key + <usize>hostLength, spanStart(path), total - hostLength);
  const isWhole = total == hostLength + spanLength(path);
  for (let length = total; length >= hostLength; length--) {
    const ends = length == total ? isWhole : load<u8>(key + <usize>length) == SLASH;
    if (!ends) continue;
    const place = findPlace(<u32>hashBytes(0, key, length), key, length);
    if (place.policy) return place.policy - 1;
  }
  return NONE;
}
