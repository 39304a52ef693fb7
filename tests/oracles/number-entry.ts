// The number conversions in isolation, for tests/oracles/number.test.ts.
import { parseNumber } from "../../assembly/number/parse.ts";
import { scanNumber } from "../../assembly/number/scan.ts";
import { printDouble } from "../../assembly/number/print.ts";

const room: usize = memory.data(65536, 8);

/** The address of the text that the functions below read or write. */
export function buffer(): usize {
  return room;
}

/** The double nearest to the number text of `length` bytes. */
export function parse(length: u32): f64 {
  return parseNumber(room, room + <usize>length);
}

/** Whether Go's ParseFloat accepts the text. */
export function accepts(length: u32): bool {
  return scanNumber(room, room + <usize>length) != null;
}

/** Writes a double as Go's %g (or %f) does and returns the length. */
export function print(value: f64, fixed: bool): u32 {
  return <u32>(printDouble(value, room, fixed) - room);
}
