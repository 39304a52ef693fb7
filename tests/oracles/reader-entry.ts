// The JSON reader by itself, for tests/oracles/reader.test.ts.
import { NONE } from "../../assembly/program.ts";
import { onlyWhitespace, openReader, readValue } from "../../assembly/json/reader.ts";
import { resetRegion } from "../../assembly/runtime/memory.ts";

const ROOM: u32 = 0x300000; // holds an object with as many keys as may be open
const room: usize = memory.data(0x300000, 64);

/** How many bytes there are for a text and what is around it. */
export function roomSize(): u32 {
  return ROOM;
}

/** Where the texts lie. */
export function buffer(): usize {
  return room;
}

/** Whether the `length` bytes at `at` are one acceptable JSON text. */
export function read(at: usize, length: u32): bool {
  const end = at + <usize>length;
  openReader(end, 128);
  const after = readValue(at, NONE);
  const accepted = after != 0 && onlyWhitespace(after);
  resetRegion();
  return accepted;
}
