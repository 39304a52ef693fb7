// Loop safety: a client that steps up, gets a new token, and meets the same challenge again is not helped by another
// one. After `limit` such challenges within `window` seconds the reply has none, so that it stops (MCP 2026-07-28,
// "Step-Up": a challenge that repeats is a permanent failure). A retry with the same token is not a loop and is not
// counted. One bounded table for all workers: ENTRIES small values in the host's shared data.
import { hashBytes } from "../text/hash.ts";
import { Reason, Setting } from "../program.ts";
import { setting } from "../sections.ts";
import { begin, finish, put, putNumber } from "../text/writer.ts";
import { Span, spanLength, spanStart } from "../text/span.ts";
import { getShared, now, setShared, sharedVersion, value, valueLength } from "../runtime/host.ts";
import { Decision } from "../decide/decision.ts";
import { readIdentity } from "../token/identity.ts";
import { clear32, reserve } from "../runtime/memory.ts";

/** The last challenge of a place in the table; a newcomer replaces the one before. */
@unmanaged
class Challenge {
  // Clients choose their name and the names in a call, so they can make this hash whatever they like; not the subject's.
  call: u64; //      hash of subject, client, call and rule
  firstSeen: u32; // seconds
  times: u32; //     challenges, one per token
  token: u64; //     hash of the last token's jti, iat or exp
  subject: u64; //   hash of the subject
}

const ENTRIES: u32 = 256;
const SIZE: u32 = offsetof<Challenge>(); // at most 32, see clear32
const NANOSECONDS: u64 = 1000000000; // in a second

/** Makes a challenge that was given too often to the holder of `token` a challenge_loop. */
export function endRepeats(decision: Decision, token: Span): void {
  const limit = setting(Setting.LoopLimit);
  if (decision.reason != Reason.insufficient_scope || !limit) return;
  const identity = readIdentity(token);
  const subject = hashOf(identity.subject, 0);
  if (!subject) return;
  const call = hashCall(decision, hashOf(identity.client, subject));
  decision.time = now();
  const times = remember(call, subject, hashOf(identity.token, 0), <u32>(decision.time / NANOSECONDS));
  if (times > limit) decision.reason = Reason.challenge_loop;
}

/** Hashes a text into `seed`; the seed when there is none. */
function hashOf(text: Span, seed: u64): u64 {
  return spanLength(text) ? hashBytes(seed, spanStart(text), spanLength(text)) : seed;
}

function hashCall(decision: Decision, who: u64): u64 {
  const method = decision.method;
  const target = decision.target;
  const byMethod = hashBytes(who ^ (<u64>decision.rule), spanStart(method), spanLength(method));
  const byTarget = hashBytes(byMethod, spanStart(target), spanLength(target));
  return hashBytes(byTarget, decision.extras, decision.extraCount << 2);
}

/** Counts one challenge and returns how often it was given in this window. */
function remember(call: u64, subject: u64, token: u64, seconds: u32): u32 {
  begin(32);
  put("scopegate.loop");
  putNumber((<u32>(call >> 32)) & (ENTRIES - 1));
  const key = finish();
  if (!key) return 0;
  getShared(spanStart(key), spanLength(key));
  const known = valueLength() == SIZE; // 0 when there is none
  const version = sharedVersion();
  const entry = known ? value() : emptyEntry();
  if (!entry) return 0;
  const last = changetype<Challenge>(entry);
  const same = last.call == call && last.subject == subject;
  const fresh = !same || seconds - last.firstSeen > setting(Setting.LoopWindow);
  const before: u32 = fresh ? 0 : last.times;
  if (before && token && token == last.token) return before;
  last.call = call;
  last.subject = subject;
  last.token = token;
  last.times = before + 1;
  if (fresh) last.firstSeen = seconds;
  // If another worker was quicker, its write stands and this challenge is not counted.
  setShared(spanStart(key), spanLength(key), entry, SIZE, version);
  return before + 1;
}

function emptyEntry(): usize {
  const entry = reserve(SIZE);
  if (entry) clear32(entry);
  return entry;
}
