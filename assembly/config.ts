// A plugin configuration: JSON text with a program in it, checked once, then kept in one block per root context
// (several roots may share a VM). `openConfig` makes one of them the current one at the start of a callback.
//
// The block:  0: program   4: slots   8: members   12: scopes   16: targets   20: memo   24: holdHeaders   28: paths
// and behind it the tables in that order.
import { Section } from "./program.ts";
import { allocate, release, reserve } from "./memory.ts";
import { READ_PADDING, onlyBlank, openReader, readValue } from "./json.ts";
import { sectionCount, useProgram } from "./sections.ts";
import { openSlots, slotsSize } from "./slots.ts";
import { buildMembers, membersSize, openMembers, forgetEnvelopeTwin } from "./members.ts";
import { buildScopes, openScopes, scopesSize } from "./scopes.ts";
import { buildTargets, openTargets, targetsSize } from "./targets.ts";
import { buildPaths, openPaths, pathsSize } from "./claims.ts";
import { memoSize, openMemo } from "./memo.ts";
import { checkProgram } from "./verify.ts";
import { findText, foundAt, foundLength } from "./config-text.ts";
import { decodeBase64 } from "./base64.ts";
import { relocate, resetVm } from "./vm.ts";

enum Field {
  Program = 0,
  Slots = 4,
  Members = 8,
  Scopes = 12,
  Targets = 16,
  Memo = 20,
  HoldHeaders = 24,
  Paths = 28,
  Size = 32,
}

let problem: string = "";
let current: usize = 0;

/** What is wrong with the text that `loadConfig` refused. */
export function configProblem(): string {
  return problem;
}

function refuse(text: string): usize {
  problem = text;
  return 0;
}

/** Reads the configuration text; returns the block, or 0 with `configProblem`. The block belongs to the caller. */
export function loadConfig(text: usize, length: u32): usize {
  current = 0; // the checks use the new program
  if (!length) return refuse("there is no configuration; give the output of scopegate compile as a StringValue");
  if (load<u8>(text) != 0x7b) {
    return refuse("the configuration is not JSON text; give it as google.protobuf.StringValue, not as a Struct");
  }
  openReader(text + <usize>length, 16);
  const end = readValue(text, 0xffffffff);
  if (!end || !onlyBlank(end))
    return refuse("the configuration is not strict JSON; use the output of scopegate compile");
  if (!findText(text, "program") || load<u8>(foundAt()) != 0x22) {
    return refuse("the configuration has no program; use the output of scopegate compile");
  }
  const encoded = foundAt() + 1;
  const encodedLength = foundLength() - 2;
  if (!findText(text, "scopegate") || foundLength() != 1 || load<u8>(foundAt()) != 0x31) {
    return refuse(
      "the configuration is for another version of the filter; use the output of this version's scopegate compile",
    );
  }
  const hold = findText(text, "holdHeaders") && load<u8>(foundAt()) == 0x74;
  const room = reserve(encodedLength + 16);
  if (!room) return refuse("there is not enough memory for the program");
  const size = decodeBase64(encoded, encodedLength, room);
  if (!size) return refuse("the program is not base64; use the output of scopegate compile");
  const wrong = checkProgram(room, size);
  if (wrong.length) return refuse(wrong);
  return build(room, size, hold);
}

function build(decoded: usize, size: u32, hold: bool): usize {
  useProgram(decoded);
  const nodes = sectionCount(Section.Nodes);
  const scopes = sectionCount(Section.Scopes);
  const total =
    <u32>Field.Size +
    aligned(size + READ_PADDING) +
    aligned(slotsSize(nodes)) +
    aligned(membersSize(nodes)) +
    aligned(scopesSize(scopes)) +
    aligned(targetsSize(sectionCount(Section.Buckets))) +
    aligned(memoSize(sectionCount(Section.Predicates))) +
    aligned(pathsSize());
  const block = allocate(total);
  if (!block) return refuse("there is not enough memory for the program");
  memory.fill(block, 0, total);
  const program = block + <usize>Field.Size;
  memory.copy(program, decoded, size);
  let at = program + aligned(size + READ_PADDING);
  store<u32>(block, <u32>program, Field.Program);
  at = place(block, Field.Slots, at, slotsSize(nodes));
  at = place(block, Field.Members, at, membersSize(nodes));
  at = place(block, Field.Scopes, at, scopesSize(scopes));
  at = place(block, Field.Targets, at, targetsSize(sectionCount(Section.Buckets)));
  at = place(block, Field.Memo, at, memoSize(sectionCount(Section.Predicates)));
  place(block, Field.Paths, at, pathsSize());
  store<u32>(block, hold ? 1 : 0, Field.HoldHeaders);
  useProgram(program);
  relocate(program);
  buildMembers(<usize>load<u32>(block, Field.Members), nodes);
  buildScopes(<usize>load<u32>(block, Field.Scopes));
  buildTargets(<usize>load<u32>(block, Field.Targets));
  buildPaths(<usize>load<u32>(block, Field.Paths));
  return block;
}

function place(block: usize, field: usize, at: usize, size: u32): usize {
  store<u32>(block + field, <u32>at);
  return at + aligned(size);
}

function aligned(size: u32): u32 {
  return (size + 15) & ~15;
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
  useProgram(<usize>load<u32>(block, Field.Program));
  openMembers(<usize>load<u32>(block, Field.Members));
  openTargets(<usize>load<u32>(block, Field.Targets));
  openPaths(<usize>load<u32>(block, Field.Paths));
}

/** Begins a body, with nothing read or held yet. */
export function openBody(): void {
  forgetEnvelopeTwin();
  resetVm();
  openCall();
}

/** Empties what belongs to one message: slots, held scopes and answers of predicates. */
export function openCall(): void {
  openScopes(<usize>load<u32>(current, Field.Scopes));
  openSlots(<usize>load<u32>(current, Field.Slots));
  openMemo(<usize>load<u32>(current, Field.Memo));
}

/** Whether the host was told to hold the headers until the body is judged. */
export function holdsHeaders(block: usize): bool {
  return load<u32>(block, Field.HoldHeaders) != 0;
}
