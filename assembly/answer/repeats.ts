// Loop safety: a client that steps up, gets a new token, and meets the same challenge again is not helped by another
// one. After `limit` such challenges within `window` seconds the answer has none, so that it stops (MCP 2026-07-28,
// "Step-Up": a challenge that repeats is a permanent failure). Who asks again with the token it already had is in no
// loop and is not counted. One bounded table for all workers: ENTRIES small values in the host's shared data.
//
// An entry:  0: hash of subject, client, call and rule   8: first seen, seconds   12: challenges, one per token
//           16: hash of the last token's jti, iat or exp   24: hash of the subject; a newcomer replaces who is in its place
// Clients choose their name and the names in a call, and so can make the first hash what they like; not the subject's.
import { hashBytes } from "../text/hash.ts";
import { Reason, Setting } from "../program.ts";
import { setting } from "../sections.ts";
import { begin, finish, put, putNumber } from "../text/writer.ts";
import { spanLength, spanStart } from "../text/span.ts";
import { getShared, now, setShared, sharedVersion, value, valueLength } from "../runtime/host.ts";
import { methodAt, methodLength, nameAt, nameLength } from "../request/call.ts";
import { challengeExtras, challengeRule, extrasAt } from "../decide/challenge.ts";
import { Mark, markAt, markLength, readMarks } from "../token/identity.ts";
import { clear32, reserve } from "../runtime/memory.ts";

const ENTRIES: u32 = 256;
const ENTRY: u32 = 32;

let clock: u64 = 0;

/** The time of this answer, in nanoseconds; asked for once. */
export function answerTime(): u64 {
  const time = clock ? clock : now();
  clock = 0;
  return time;
}

/** The reason as it stands, or challenge_loop. */
export function endRepeats(reason: i32): i32 {
  const limit = setting(Setting.LoopLimit);
  if (reason != Reason.insufficient_scope || !limit) return reason;
  readMarks();
  const subject = hashMark(Mark.Subject, 0);
  if (!subject) return reason;
  const hash = callHash(hashMark(Mark.Client, subject));
  const token = hashMark(Mark.Token, 0);
  clock = now();
  return remember(hash, subject, token, <u32>(clock / 1000000000)) > limit ? Reason.challenge_loop : reason;
}

/** Hashes a mark of the token into `seed`; the seed when there is none. */
function hashMark(mark: u32, seed: u64): u64 {
  const length = markLength(mark);
  return length ? hashBytes(seed, markAt(mark), length) : seed;
}

function callHash(who: u64): u64 {
  const method = hashBytes(who ^ (<u64>challengeRule()), methodAt, methodLength);
  const name = hashBytes(method, nameAt, nameLength);
  return hashBytes(name, extrasAt(), challengeExtras() << 2);
}

/** Counts one challenge and returns how often it was given in this window. */
function remember(hash: u64, subject: u64, token: u64, seconds: u32): u32 {
  begin(32);
  put("scopegate.loop");
  putNumber((<u32>(hash >> 32)) & (ENTRIES - 1));
  const key = finish();
  if (!key) return 0;
  getShared(spanStart(key), spanLength(key));
  const known = valueLength() == ENTRY; // 0 when there is none
  const version = sharedVersion();
  const entry = known ? value() : emptyEntry();
  if (!entry) return 0;
  const same = load<u64>(entry) == hash && load<u64>(entry, 24) == subject;
  const fresh = !same || seconds - load<u32>(entry, 8) > setting(Setting.LoopWindow);
  const before: u32 = fresh ? 0 : load<u32>(entry, 12);
  if (before && token && token == load<u64>(entry, 16)) return before;
  const times = before + 1;
  store<u64>(entry, hash);
  if (fresh) store<u32>(entry, seconds, 8);
  store<u32>(entry, times, 12);
  store<u64>(entry, token, 16);
  store<u64>(entry, subject, 24);
  // Another worker that was quicker wins; this challenge is then not counted.
  setShared(spanStart(key), spanLength(key), entry, ENTRY, version);
  return times;
}

function emptyEntry(): usize {
  const entry = reserve(32);
  if (entry) clear32(entry);
  return entry;
}
