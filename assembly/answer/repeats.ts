// Loop safety: a client that steps up, gets a newer token, and meets the same challenge again is not helped by another
// one. After `limit` such challenges within `window` seconds the reply has none, so that it stops (MCP 2026-07-28,
// "Step-Up": a challenge that repeats is a permanent failure). What shows a loop is a token issued later than the one that
// was challenged: a retry with the same token is none, nor are the tokens that others of a fleet hold, who have sessions or
// addresses of their own. One bounded table for all workers: ENTRIES small values in the host's shared data.
import { hashBytes, mix } from "../text/hash.ts";
import { HeaderField, Reason, Setting } from "../program.ts";
import { program, setting } from "../sections.ts";
import { begin, finish, put, putNumber } from "../text/writer.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { Span, spanLength, spanStart } from "../text/span.ts";
import { getShared, now, setShared, sharedVersion, value, valueLength } from "../runtime/host.ts";
import { Peer, peerText } from "../request/connection.ts";
import { findHeader, KnownHeader } from "../request/headers.ts";
import { Decision } from "../decide/decision.ts";
import { listedAt } from "../decide/listed.ts";
import { scopeText } from "../token/made-scopes.ts";
import { readIdentity } from "../token/identity.ts";
import { clear32, reserve } from "../runtime/memory.ts";

/** The last challenge of a place in the table; a newcomer replaces the one before. */
@unmanaged
class Challenge {
  // Callers choose the names in a call, and some servers let clients choose their own; the holder is compared by itself.
  call: u64; //      hash of holder, client, session or address, call and rule
  holder: u64; //    hash of policy, issuer and subject
  issuedAt: f64; //  of the last token that was counted, seconds since 1970
  firstSeen: u32; // seconds
  times: u32; //     challenges, each to a later token
}

const ENTRIES: u32 = 256;
const SIZE: u32 = offsetof<Challenge>(); // at most 32, see clear32
const NANOSECONDS: u64 = 1000000000; // in a second
const SEED = "scopegate.loop.seed";

/** Makes a challenge that was given too often to the holder of `token` a challenge_loop. */
export function endRepeats(decision: Decision, token: Span): void {
  const limit = setting(Setting.LoopLimit);
  if (decision.reason != Reason.insufficient_scope || !limit) return;
  const identity = readIdentity(token);
  const session = findHeader(KnownHeader.McpSession);
  if (isNaN(identity.issuedAt) || !(spanLength(session) || spanLength(identity.subject))) return;
  decision.time = now();
  const policy = seed(decision.time) ^ (<u64>load<u32>(program, HeaderField.Checksum));
  const holder = hashOf(identity.subject, hashOf(identity.issuer, policy));
  const client = hashOf(identity.client, ~holder); // of the client of its own, also without one
  const caller = spanLength(session) ? hashOf(session, ~client) : hashOf(peerText(Peer.Address), client);
  const call = hashCall(decision, caller);
  const times = remember(call, holder, identity.issuedAt, <u32>(decision.time / NANOSECONDS));
  if (times > limit) decision.reason = Reason.challenge_loop;
}

/** Hashes a text into `seed`. */
function hashOf(text: Span, start: u64): u64 {
  return hashBytes(start, spanStart(text), spanLength(text));
}

/**
 * What hashes begin with, the same for all workers, so that nobody can tell which names share a place or a hash. The first
 * worker that needs it makes it of two clocks: when its VM started and now. If two do at once, the later one's stands.
 */
function seed(time: u64): u64 {
  const known = sharedSeed();
  if (known) return known;
  const room = reserve(sizeof<u64>());
  if (!room) return 0;
  store<u64>(room, mix(mix(time) ^ started));
  setShared(bytesOf(SEED), sizeOf(SEED), room, <u32>sizeof<u64>(), 0);
  return sharedSeed();
}

function sharedSeed(): u64 {
  getShared(bytesOf(SEED), sizeOf(SEED));
  return valueLength() == <u32>sizeof<u64>() ? load<u64>(value()) : 0;
}

let started: u64 = 0; // when the VM started, mixed

/** Takes the time at which the VM started. */
export function seedRepeats(time: u64): void {
  started = mix(time + <u64>0x9e3779b97f4a7c15);
}

function hashCall(decision: Decision, who: u64): u64 {
  const method = decision.method;
  const target = decision.target;
  const byMethod = hashBytes(who ^ (<u64>decision.rule), spanStart(method), spanLength(method));
  const byTarget = hashBytes(byMethod, spanStart(target), spanLength(target));
  let hash = byTarget;
  for (let i: u32 = 0; i < decision.scopeCount; i++) hash = hashOf(scopeText(listedAt(i)), mix(hash));
  return hash;
}

/** Counts one challenge and returns how often it was given in this window, each time to a later token. */
function remember(call: u64, holder: u64, issuedAt: f64, seconds: u32): u32 {
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
  const same = known && last.call == call && last.holder == holder;
  const fresh = !same || seconds - last.firstSeen > setting(Setting.LoopWindow);
  if (!fresh && !(issuedAt > last.issuedAt)) return last.times;
  last.call = call;
  last.holder = holder;
  last.issuedAt = issuedAt;
  last.times = fresh ? 1 : last.times + 1;
  if (fresh) last.firstSeen = seconds;
  // If another worker was quicker, its write stands and this challenge is not counted.
  setShared(spanStart(key), spanLength(key), entry, SIZE, version);
  return last.times;
}

function emptyEntry(): usize {
  const entry = reserve(SIZE);
  if (entry) clear32(entry);
  return entry;
}
