// Whose token it is, and which of theirs: the claims that tell subjects, clients and tokens apart. A mark is the text of
// a string, and the serialised Value of anything else but null.
import { bytesOf, isText } from "../text/ascii.ts";
import { tokenAt, tokenLength } from "./claims.ts";
import { fieldAt, fieldLength, keyAt, keySize, nextEntry, openValue } from "./protobuf.ts";

export enum Mark {
  Subject = 0,
  Client = 1, // RFC 9068 section 2.2: client_id; others write azp or cid
  Token = 2,
}

// The claims in the order in which they count: of each mark the first that the token has. In the second place stands
// client_id, the one name that is longer.
const NAMES = "subsubazpcidjtiiatexp";
const CLIENT_ID: u32 = 1;
const NAME_COUNT: u32 = 7;
const NONE: u32 = 0xffffffff;

// Per mark:  0: place of its claim, the lower the better   4: address   8: length
const MARK_SIZE: u32 = 16;
const marks: usize = memory.data(16 * 3, 8);

export function markAt(mark: u32): usize {
  return <usize>load<u32>(marks + <usize>mark * MARK_SIZE, 4);
}

/** Bytes of a mark; 0 when the token says nothing of it. */
export function markLength(mark: u32): u32 {
  return load<u32>(marks + <usize>mark * MARK_SIZE, 8);
}

/** Reads the marks of the token. */
export function readMarks(): void {
  for (let mark: u32 = 0; mark < 3; mark++) setMark(mark, NONE, 0, 0);
  const end = tokenAt + <usize>tokenLength;
  for (let p = nextEntry(tokenAt, end); p; p = nextEntry(p, end)) {
    const place = placeOf(keyAt, keySize);
    if (place != NONE) readMark(place);
  }
}

/** Takes the entry read last when its claim counts more than the one that is known. */
function readMark(place: u32): void {
  const mark: u32 = place == 0 ? Mark.Subject : place < 4 ? Mark.Client : Mark.Token;
  if (place < load<u32>(marks + <usize>mark * MARK_SIZE) && openValue()) setMark(mark, place, fieldAt(), fieldLength());
}

function setMark(mark: u32, place: u32, at: usize, length: u32): void {
  const record = marks + <usize>mark * MARK_SIZE;
  store<u32>(record, place);
  store<u32>(record, <u32>at, 4);
  store<u32>(record, length, 8);
}

function placeOf(name: usize, size: u32): u32 {
  if (size == 9 && isText(name, size, "client_id")) return CLIENT_ID;
  if (size != 3) return NONE;
  for (let i: u32 = 0; i < NAME_COUNT; i++) {
    if ((load<u32>(name) ^ load<u32>(bytesOf(NAMES) + <usize>i * 3)) << 8 == 0) return i;
  }
  return NONE;
}
