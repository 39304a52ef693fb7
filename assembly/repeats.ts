// Loop safety: a client that steps up, gets a new token, and meets the same challenge again is not helped by another
// one. After `limit` such challenges within `window` seconds the answer has none, so that it stops (MCP 2026-07-28,
// "Step-Up": a challenge that repeats is a permanent failure). Who asks again with the token it already had is in no
// loop and is not counted. One bounded table for all workers, in the host's shared data.
//
// An entry:  0: hash of subject, client, call and rule   8: first seen, seconds   12: challenges, one per token
//           16: hash of the last token's jti, iat or exp; a newcomer replaces who is in its place
import { Reason, Setting } from "./program.ts";
import { setting } from "./sections.ts";
import { begin, finish, put, written } from "./writer.ts";
import { getShared, now, setShared, sharedVersion, Status, value, valueLength } from "./host.ts";
import { methodAt, methodLength, nameAt, nameLength } from "./call.ts";
import { challengeExtra, challengeExtras, challengeRule } from "./solve.ts";
import { readClient, readSubject, readTokenMark } from "./claims.ts";
import { reserve } from "./memory.ts";

const ENTRIES: u32 = 256;
const ENTRY: u32 = 24;
const SIZE: u32 = 6144;

/** The reason as it stands, or challenge_loop. */
export function endRepeats(reason: i32): i32 {
  const limit = setting(Setting.LoopLimit);
  if (reason != Reason.insufficient_scope || !limit || !readSubject()) return reason;
  const subject = digest(0xcbf29ce484222325, value(), valueLength());
  const client = readClient() ? digest(subject, value(), valueLength()) : subject;
  const hash = callHash(client);
  const token: u64 = readTokenMark() ? digest(0, value(), valueLength()) : 0;
  return remember(hash, token, <u32>(now() / 1000000000)) > limit ? Reason.challenge_loop : reason;
}

function callHash(who: u64): u64 {
  let hash = digest(who, methodAt, methodLength);
  hash = digest(hash, nameAt, nameLength);
  hash = (hash ^ (<u64>challengeRule())) * 0x100000001b3;
  for (let i: u32 = 0; i < challengeExtras(); i++) hash = (hash ^ (<u64>challengeExtra(i))) * 0x100000001b3;
  return hash | 1;
}

function digest(seed: u64, at: usize, length: u32): u64 {
  let hash = (seed ^ 0xff) * 0x100000001b3;
  for (let i: u32 = 0; i < length; i++) hash = (hash ^ (<u64>load<u8>(at + <usize>i))) * 0x100000001b3;
  return hash;
}

/** Counts one challenge and returns how often it was given in this window. */
function remember(hash: u64, token: u64, seconds: u32): u32 {
  begin(32);
  put("scopegate.challenges");
  const key = finish();
  const keyLength = written();
  if (!key) return 0;
  const known = getShared(key, keyLength) == Status.Ok && valueLength() == SIZE;
  const version: u32 = known ? sharedVersion() : 0;
  const table = known ? value() : reserve(SIZE);
  if (!table) return 0;
  if (!known) memory.fill(table, 0, SIZE);
  const entry = table + <usize>(((<u32>(hash >> 32)) & (ENTRIES - 1)) * ENTRY);
  const fresh = load<u64>(entry) != hash || seconds - load<u32>(entry, 8) > setting(Setting.LoopWindow);
  const before: u32 = fresh ? 0 : load<u32>(entry, 12);
  if (before && token && token == load<u64>(entry, 16)) return before;
  const times = before + 1;
  store<u64>(entry, hash);
  if (fresh) store<u32>(entry, seconds, 8);
  store<u32>(entry, times, 12);
  store<u64>(entry, token, 16);
  // Another worker that was quicker wins; this challenge is then not counted.
  setShared(key, keyLength, table, SIZE, version);
  return times;
}
