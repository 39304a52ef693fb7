// A plugin configuration: JSON text with a program in it, checked once, then kept in one block per root context
// (several roots may share a VM). `openConfig` makes one of them the current one at the start of a callback.
//
// The block:  0: program   4: slots   8: members   12: scopes   16: targets   20: results
//            24: holdHeaders   28: quietPasses   32: its number   and behind it the tables in that order.
import { Section } from "../program.ts";
import { allocate, ranOut, release, reserve } from "../runtime/memory.ts";
import { READ_PADDING, onlyWhitespace, openReader, readValue } from "../json/reader.ts";
import { sectionCount, useProgram } from "../sections.ts";
import { openSlots, slotsSize } from "../json/slots.ts";
import { clearAmbiguousKeys } from "../json/ambiguous-keys.ts";
import { buildMembers, membersSize, openMembers } from "../json/members.ts";
import { buildScopes, openScopes, scopesSize } from "../token/scopes.ts";
import { buildTargets, openTargets, targetsSize } from "../decide/targets.ts";
import { openResults, resultsSize } from "../cel/results.ts";
import { checkProgram } from "../verify/verify.ts";
import { findText, foundAt, foundLength } from "./members.ts";
import { decodeBase64 } from "../text/base64.ts";
import { put } from "../text/writer.ts";
import { relocate, resetVm } from "../cel/vm.ts";

enum Field {
  Program = 0,
  Slots = 4,
  Members = 8,
  Scopes = 12,
  Targets = 16,
  Results = 20,
  HoldHeaders = 24,
  QuietPasses = 28,
  Number = 32,
  Size = 48,
}

const offsets: usize = memory.data(24, 4); // of the tables in the block that is being built, by Field
let end: u32 = 0; // behind those that have a place

const ADVICE = "; give the output of this version's scopegate compile as a google.protobuf.StringValue";

let problem: Ascii = "";
let current: usize = 0;
let built: u32 = 0; // configurations so far

/** Writes what is wrong with the text that `loadConfig` refused; false when nothing is, but there was not enough memory. */
export function putProblem(): bool {
  if (!problem.length) return false;
  put(problem);
  put(ADVICE);
  return true;
}

function refuse(text: Ascii): usize {
  problem = text;
  return 0;
}

/** Reads the configuration text; returns the block, or 0 and `putProblem` says why. The block belongs to the caller. */
export function loadConfig(text: usize, length: u32): usize {
  current = 0; // the checks use the new program
  problem = "";
  if (!length) return refuse("there is no configuration");
  if (load<u8>(text) != 0x7b) return refuse("it is not JSON text");
  openReader(text + <usize>length, 16);
  const behind = readValue(text, 0xffffffff);
  if (!behind || !onlyWhitespace(behind)) return refuse("it is not strict JSON");
  if (!findText(text, "program") || load<u8>(foundAt()) != 0x22) return refuse("it has no program");
  const encoded = foundAt() + 1;
  const encodedLength = foundLength() - 2;
  if (!findText(text, "scopegate") || foundLength() != 1 || load<u8>(foundAt()) != 0x31) {
    return refuse("the program is for another version of the filter");
  }
  const hold = isTrue(text, "holdHeaders");
  const quiet = isTrue(text, "quietPasses");
  const room = reserve(encodedLength + 16);
  if (!room) return 0;
  const size = decodeBase64(encoded, encodedLength, room);
  if (!size) return refuse("the program is not base64");
  const wrong = checkProgram(room, size);
  if (wrong.length) return refuse(wrong);
  return build(room, size, hold, quiet);
}

function isTrue(text: usize, name: Ascii): bool {
  return findText(text, name) && load<u8>(foundAt()) == 0x74;
}

function build(decoded: usize, size: u32, hold: bool, quiet: bool): usize {
  useProgram(decoded);
  const nodes = sectionCount(Section.Nodes);
  end = Field.Size;
  place(Field.Program, size + READ_PADDING);
  place(Field.Slots, slotsSize(nodes));
  place(Field.Members, membersSize(nodes));
  place(Field.Scopes, scopesSize(sectionCount(Section.Scopes)));
  place(Field.Targets, targetsSize(sectionCount(Section.Buckets)));
  place(Field.Results, resultsSize(sectionCount(Section.Predicates)));
  const block = allocate(end);
  if (!block) return 0;
  memory.fill(block, 0, end);
  for (let field: usize = 0; field <= <usize>Field.Results; field += 4) {
    store<u32>(block + field, <u32>block + load<u32>(offsets + field));
  }
  store<u32>(block, hold ? 1 : 0, Field.HoldHeaders);
  store<u32>(block, quiet ? 1 : 0, Field.QuietPasses);
  store<u32>(block, ++built, Field.Number);
  const program = tableOf(block, Field.Program);
  memory.copy(program, decoded, size);
  useProgram(program);
  relocate();
  buildMembers(tableOf(block, Field.Members), nodes);
  buildScopes(tableOf(block, Field.Scopes));
  buildTargets(tableOf(block, Field.Targets));
  if (!ranOut()) return block;
  release(block);
  return 0;
}

/** Gives a table of `size` bytes the next place in the block that is being built. */
function place(field: usize, size: u32): void {
  store<u32>(offsets + field, end);
  end += (size + 15) & ~15;
}

function tableOf(block: usize, field: usize): usize {
  return <usize>load<u32>(block + field);
}

/** Gives a configuration's memory back. */
export function dropConfig(block: usize): void {
  if (block == current) current = 0;
  release(block);
}

/** Makes a configuration the current one. */
export function openConfig(block: usize): void {
  if (block == current) return;
  current = block;
  useProgram(tableOf(block, Field.Program));
  openMembers(tableOf(block, Field.Members));
  openTargets(tableOf(block, Field.Targets));
}

/** Begins a body, with nothing read or held yet. */
export function openBody(): void {
  resetVm();
  openCall();
}

/** Empties what belongs to one message: slots, held scopes and results of predicates. */
export function openCall(): void {
  openScopes(tableOf(current, Field.Scopes));
  clearAmbiguousKeys();
  openSlots(tableOf(current, Field.Slots));
  openResults(tableOf(current, Field.Results));
}

/** Whether the host was told to hold the headers until the body is judged. */
export function holdsHeaders(): bool {
  return load<u32>(current, Field.HoldHeaders) != 0;
}

/** Which of all configurations it is, from 1: an address may be taken again, a number is not. */
export function configNumber(): u32 {
  return load<u32>(current, Field.Number);
}

/** Whether nothing is left for the access log of a request that passes. */
export function hasQuietPasses(): bool {
  return load<u32>(current, Field.QuietPasses) != 0;
}
