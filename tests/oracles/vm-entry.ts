// The predicate machine over a body, without the rest of a call, for tests/oracles/vm.test.ts.
import { Slot } from "../../assembly/program.ts";
import { stepsLeft } from "../../assembly/runtime/budget.ts";
import { openBody } from "../../assembly/config/config.ts";
import { loadPolicies, openPolicy } from "../../assembly/config/policies.ts";
import { openReader, readValue } from "../../assembly/json/reader.ts";
import { allocate, resetRegion } from "../../assembly/runtime/memory.ts";
import { evaluate } from "../../assembly/cel/vm.ts";

let config: usize = 0;
let text: usize = 0;
let room: u32 = 0;

/** Room for a text of `size` bytes with the zero bytes after it that the reader needs. */
export function prepare(size: u32): usize {
  if (size + 64 > room) {
    room = size + 64;
    text = allocate(room);
  }
  memory.fill(text, 0, room);
  return text;
}

/** Takes a plugin configuration from the prepared text; false when it is refused. */
export function configure(size: u32): bool {
  config = loadPolicies(text, size);
  resetRegion();
  return config != 0;
}

/** Reads the message in the prepared text; false when it is refused. */
export function read(size: u32): bool {
  resetRegion();
  openPolicy(config, 0);
  openBody(0);
  openReader(text + <usize>size, 128);
  return readValue(text, Slot.Body) != 0;
}

/** Runs a predicate over the message that was read last, and returns its Outcomes, of which there is one. */
export function run(predicate: u32): i32 {
  return evaluate(predicate);
}

export function steps(): u32 {
  return stepsLeft();
}
