// A program of a plugin configuration, checked once, then kept in a block of its own (several roots may share a VM, and
// each may have several). `openConfig` makes one of them the current one at the start of a callback.
import { Section } from "../program.ts";
import { allocate, ranOut, regionEnd, release, reserve, rewindRegion } from "../runtime/memory.ts";
import { READ_PADDING } from "../json/reader.ts";
import { sectionCount, useProgram } from "../sections.ts";
import { openSlots, slotsSize } from "../json/slots.ts";
import { clearAmbiguousKeys } from "../json/ambiguous-keys.ts";
import { buildMembers, membersSize, openMembers } from "../json/members.ts";
import { buildScopes, openScopes, scopesSize } from "../token/scopes.ts";
import { buildTargets, openTargets, targetsSize } from "../decide/targets.ts";
import { openResults, resultsSize } from "../cel/results.ts";
import { clearCall } from "../request/call.ts";
import { openConnection } from "../request/connection.ts";
import { checkProgram } from "../verify/verify.ts";
import { findMember } from "./members.ts";
import { decodeBase64 } from "../text/base64.ts";
import { QUOTE } from "../text/chars.ts";
import { NO_SPAN, Span, spanIs, spanLength, spanStart } from "../text/span.ts";
import { SHA256_SIZE, sha256 } from "../text/sha256.ts";
import { copyBytes } from "../text/ascii.ts";
import { begin, finish, put, putHex64 } from "../text/writer.ts";
import { relocate, resetVm } from "../cel/vm.ts";

/** The beginning of a block. After it come the program and the tables, whose addresses it has. */
@unmanaged
class Config {
  program: usize;
  slots: usize;
  members: usize;
  scopes: usize;
  targets: usize;
  results: usize;
  digest: usize; //    of the program: DIGEST_SIZE hexadecimal digits
  recordKey: usize; // KEY_SIZE bytes for what records have hashed; 0 for none
  holdsHeaders: bool;
  isGuarded: bool;
  number: u32; // counted from 1
}

export const DIGEST_SIZE: u32 = 16;
const KEY_SIZE: u32 = 64;
const ADVICE = "; give the output of this version's scopegate compile as a google.protobuf.StringValue";

let holds: bool = false; //   the settings of the configuration text that is being read
let guarded: bool = false;
let key: Span = NO_SPAN;
let problem: Ascii = "";
let current: usize = 0;
let built: u32 = 0; // configurations so far

/** Writes what is wrong with the text that was refused; false when nothing is, but there was not enough memory. */
export function putProblem(): bool {
  if (!problem.length) return false;
  put(problem);
  put(ADVICE);
  return true;
}

/** Says why a configuration is refused. Returns 0. */
export function refuse(text: Ascii): usize {
  problem = text;
  return 0;
}

/** Reads what a configuration text sets for all of its programs. Once: the text may have a thousand of them. */
export function readSettings(text: usize): void {
  holds = spanIs(findMember(text, "holdHeaders"), "true");
  guarded = spanIs(findMember(text, "guard"), "true");
  key = findMember(text, "recordKey");
}

/**
 * Makes the block of the program that the object at `holder` has, with the settings that were read; 0 when it is refused
 * (`putProblem`), or there is not enough memory. The block belongs to the caller.
 */
export function buildConfig(holder: usize): usize {
  current = 0; // the checks use the new program
  problem = "";
  const encoded = findMember(holder, "program");
  if (!encoded || load<u8>(spanStart(encoded)) != QUOTE) return refuse("it has no program");
  const before = regionEnd();
  const room = reserve(spanLength(encoded) + 16);
  if (!room) return 0;
  const size = decodeBase64(spanStart(encoded) + 1, spanLength(encoded) - 2, room); // without the quotes
  if (!size) return refuse("the program is not base64");
  const wrong = checkProgram(room, size);
  if (wrong.length) return refuse(wrong);
  const block = build(room, size);
  if (block) rewindRegion(before); // of a thousand programs one is decoded at a time
  return block;
}

/** Makes the block of a checked program; 0 when there is not enough memory. */
function build(decoded: usize, size: u32): usize {
  useProgram(decoded);
  const nodes = sectionCount(Section.Nodes);
  total = 0;
  const start = place(offsetof<Config>());
  const program = place(size + READ_PADDING);
  const slots = place(slotsSize(nodes));
  const members = place(membersSize(nodes));
  const scopes = place(scopesSize());
  const targets = place(targetsSize());
  const results = place(resultsSize(sectionCount(Section.Predicates)));
  const digest = place(DIGEST_SIZE);
  const ownKey = place(KEY_SIZE);
  const block = allocate(total);
  if (!block) return 0;
  memory.fill(block, 0, total);
  const config = changetype<Config>(block + start);
  config.program = block + program;
  config.slots = block + slots;
  config.members = block + members;
  config.scopes = block + scopes;
  config.targets = block + targets;
  config.results = block + results;
  config.holdsHeaders = holds;
  config.isGuarded = guarded;
  config.digest = block + digest;
  config.recordKey = takeKey(block + ownKey);
  config.number = ++built;
  writeDigest(decoded, size, config.digest);
  memory.copy(config.program, decoded, size);
  fillTables(config, nodes);
  if (!ranOut()) return block;
  release(block);
  return 0;
}

/** Writes the first digits of the program's SHA-256. */
function writeDigest(decoded: usize, size: u32, out: usize): void {
  const hash = reserve(SHA256_SIZE);
  if (!hash) return;
  sha256(decoded, size, hash);
  begin(DIGEST_SIZE);
  putHex64(bswap<u64>(load<u64>(hash)));
  copyBytes(out, spanStart(finish()), DIGEST_SIZE);
}

/** Takes the key for hashes to `out`; 0 when the configuration has none of the right size. */
function takeKey(out: usize): usize {
  if (spanLength(key) != KEY_SIZE + 2) return 0; // with the quotes
  copyBytes(out, spanStart(key) + 1, KEY_SIZE);
  return out;
}

let total: u32 = 0; // bytes of the block that is being built

/** Gives `size` bytes the next place in the block that is being built, a multiple of 16. */
function place(size: u32): usize {
  const at = total;
  total += (size + 15) & ~15;
  return at;
}

function fillTables(config: Config, nodes: u32): void {
  useProgram(config.program);
  relocate();
  buildMembers(config.members, nodes);
  buildScopes(config.scopes);
  buildTargets(config.targets);
}

/** Gives a configuration's memory back; 0 is ignored. */
export function dropConfig(block: usize): void {
  if (!block) return;
  if (block == current) current = 0;
  release(block);
}

/** Makes a configuration the current one. */
export function openConfig(block: usize): void {
  if (block == current) return;
  current = block;
  useProgram(inUse().program);
  openMembers(inUse().members);
  openTargets(inUse().targets);
}

// @ts-ignore: decorator
@inline
function inUse(): Config {
  return changetype<Config>(current);
}

/**
 * Begins a body: gives it the steps for `size` bytes, which are those of the token and the headers too, and forgets everything
 * that was read, held or found ambiguous in the one before.
 */
export function openBody(size: u32): void {
  resetVm(size);
  openConnection();
  openCall();
}

/** Begins a message: forgets the call, ambiguous keys, slots, held scopes and results of predicates of the one before. */
export function openCall(): void {
  openScopes(inUse().scopes);
  openNextCall();
}

/** Begins another message of the same caller: the held scopes stay. */
export function openNextCall(): void {
  clearCall();
  clearAmbiguousKeys();
  openSlots(inUse().slots);
  openResults(inUse().results);
}

/** Whether the host was told to hold the headers until the body is judged. */
export function holdsHeaders(): bool {
  return inUse().holdsHeaders;
}

/** Whether an authorization check after the filter lets through only requests that the filter has marked. */
export function isGuarded(): bool {
  return inUse().isGuarded;
}

/** Which of all configurations it is, from 1: an address may be taken again, a number is not. */
export function configNumber(): u32 {
  return inUse().number;
}

/** The digest of the program in use, DIGEST_SIZE bytes. */
export function programDigest(): usize {
  return inUse().digest;
}

/** The key for what records have hashed, as hmac takes it; 0 for none. */
export function recordKey(): usize {
  return inUse().recordKey;
}
