// The policies of a plugin configuration: one for all requests, or several, of which the host and the path of a request
// choose one (routes.ts).
import { NONE, Reason, Setting } from "../program.ts";
import { Effect, effectOf, effectWord } from "../decide/decision.ts";
import { allocate, release } from "../runtime/memory.ts";
import { defineCounter, increment } from "../runtime/host.ts";
import { onlyWhitespace, openReader, readValue } from "../json/reader.ts";
import { firstItem, nextItem, skipValue } from "../json/walk.ts";
import { settingAt, textSpan } from "../sections.ts";
import { isPlain } from "../text/ascii.ts";
import { CASE_BIT, DOT, LOWER_A, MINUS, OPEN_BRACE, OPEN_BRACKET, QUOTE, UNDERSCORE, ZERO } from "../text/chars.ts";
import { NO_SPAN, Span, spanIs, spanLength, spanOf, spanStart } from "../text/span.ts";
import { begin, finish, put, putByte, putVisible } from "../text/writer.ts";
import { buildConfig, dropConfig, openConfig, putProblem, readSettings, refuse } from "./config.ts";
import { findMember } from "./members.ts";
import { addRoute, beginRoutes, findRoute, openRoutes, routesSize } from "./routes.ts";

/** The beginning of a block. After it come the policies and, where there are several, the routes. */
// @ts-ignore: decorator
@unmanaged
class Policies {
  count: u32;
  room: u32; //     for how many there is room; what is not built yet is 0
  routes: usize; // 0: there is one policy, for all requests
}

// A policy: the address of its configuration, that of its candidate's (0 for none), then per Effect the number of its counter + 1.
const CANDIDATE: usize = 4;
const POLICY: u32 = 8 + 4 * Effect.Count;
const HEAD: u32 = offsetof<Policies>();
const MAX_DEPTH: u32 = 16; // nesting of the configuration text

let current: usize = 0;
let chosen: u32 = 0; //           index of the policy in use
let refusedName: Span = NO_SPAN; // of the policy that was refused, if it has one

/** Writes what is wrong with the text that `loadPolicies` refused; false when nothing is, but there was not enough memory. */
export function putRefusal(): bool {
  if (refusedName) {
    put("policy ");
    putVisible(refusedName, 128);
    put(": ");
  }
  return putProblem();
}

/** Reads a plugin configuration; returns its block, or 0 and `putRefusal` says why. The block belongs to the caller. */
export function loadPolicies(text: usize, length: u32): usize {
  current = 0;
  refusedName = NO_SPAN;
  if (!length) return refuse("there is no configuration");
  if (load<u8>(text) != OPEN_BRACE) return refuse("it is not JSON text");
  openReader(text + <usize>length, MAX_DEPTH);
  const end = readValue(text, NONE);
  if (!end || !onlyWhitespace(end)) return refuse("it is not strict JSON");
  const list = findMember(text, "policies");
  if (!spanIs(findMember(text, "scopegate"), "1")) {
    return refuse(
      list || findMember(text, "program") ? "the program is for another version of the filter" : "it has no program",
    );
  }
  readSettings(text);
  if (!list) return loadOne(text);
  const first = load<u8>(spanStart(list)) == OPEN_BRACKET ? firstItem(spanStart(list)) : 0;
  return first ? loadSeveral(first) : refuse("its policies are not a list");
}

/** A configuration with a program of its own. */
function loadOne(text: usize): usize {
  const block = allocate(HEAD + POLICY);
  if (!block) return 0;
  memory.fill(block, 0, HEAD + POLICY);
  changetype<Policies>(block).count = changetype<Policies>(block).room = 1;
  return buildPolicy(block, 0, text) ? block : dropPolicies(block);
}

/** A configuration with a list of policies, whose first item is at `first`. */
function loadSeveral(first: usize): usize {
  let count: u32 = 0;
  let routes: u32 = 0;
  let bytes: u32 = 0;
  for (let item = first; item; item = nextItem(skipValue(item)), count++) {
    const list = load<u8>(item) == OPEN_BRACE ? routesOf(item) : 0;
    if (!list) return refuse("a policy has no routes");
    for (let route = list; route; route = nextItem(skipValue(route)), routes++) bytes += spanLength(textAt(route));
  }
  const size = HEAD + count * POLICY;
  const block = allocate(size + routesSize(routes, bytes));
  if (!block) return 0;
  memory.fill(block, 0, size + routesSize(routes, bytes));
  const policies = changetype<Policies>(block);
  policies.room = count;
  policies.routes = block + <usize>size;
  beginRoutes(policies.routes, routes);
  for (let item = first; item; item = nextItem(skipValue(item)), policies.count++) {
    if (!addPolicy(item, block)) {
      refusedName = textAt(spanStart(findMember(item, "name")));
      return dropPolicies(block);
    }
  }
  return block;
}

function addPolicy(item: usize, block: usize): usize {
  const index = changetype<Policies>(block).count;
  for (let route = routesOf(item); route; route = nextItem(skipValue(route))) {
    const key = textAt(route);
    if (!spanLength(key)) return refuse("a route is not a text, or has escapes");
    if (!addRoute(key, index)) return refuse("another policy has the same host and path");
  }
  return buildPolicy(block, index, item);
}

/** Builds a policy and its candidate, if it has one; 0 when one of them is refused. */
function buildPolicy(block: usize, index: u32, holder: usize): usize {
  const config = buildConfig(holder);
  store<usize>(policyAt(block, index), config);
  const next = findMember(holder, "candidate");
  if (!config || !next) return config;
  if (load<u8>(spanStart(next)) != OPEN_BRACE) return refuse("its candidate is not an object");
  const other = buildConfig(spanStart(next));
  store<usize>(policyAt(block, index), other, CANDIDATE);
  return other;
}

/** The first of the routes of a policy; 0 when it has none. */
function routesOf(item: usize): usize {
  const list = spanStart(findMember(item, "routes"));
  return list && load<u8>(list) == OPEN_BRACKET ? firstItem(list) : 0;
}

/** The string at `at`, which must have no escapes; NO_SPAN otherwise. */
function textAt(at: usize): Span {
  if (!at || load<u8>(at) != QUOTE) return NO_SPAN;
  const length = <u32>(skipValue(at) - at) - 2;
  return isPlain(at + 1, length) ? spanOf(at + 1, length) : NO_SPAN;
}

// @ts-ignore: decorator
@inline
function policyAt(block: usize, index: u32): usize {
  return block + <usize>(HEAD + index * POLICY);
}

/** Gives the memory of a plugin configuration back; 0 is ignored. Returns 0. */
export function dropPolicies(block: usize): usize {
  if (!block) return 0;
  // Also of one that was being built when it was refused.
  const policies = changetype<Policies>(block);
  for (let i: u32 = 0; i < policies.room; i++) {
    dropConfig(load<usize>(policyAt(block, i)));
    dropConfig(load<usize>(policyAt(block, i), CANDIDATE));
  }
  if (block == current) current = 0;
  release(block);
  return 0;
}

/** Makes a policy the one in use: the one of this index, or the first if there are not so many any more. */
export function openPolicy(block: usize, index: u32): void {
  const policies = changetype<Policies>(block);
  chosen = index < policies.count ? index : 0;
  openConfig(load<usize>(policyAt(block, chosen)));
  if (block == current) return;
  current = block;
  if (policies.routes) openRoutes(policies.routes);
}

/** Makes the policy of a host and a path without its query the one in use; returns its index, NONE when there is none. */
export function choosePolicy(host: Span, path: Span): u32 {
  if (!isRouted()) return chosen;
  const index = findRoute(host, path);
  if (index != NONE) openPolicy(current, index);
  return index;
}

/** Whether the plugin configuration has several policies. */
// @ts-ignore: decorator
@inline
export function isRouted(): bool {
  return changetype<Policies>(current).routes != 0;
}

/** The configuration of the candidate beside the policy in use; 0 for none. */
export function candidate(): usize {
  return load<usize>(policyAt(current, chosen), CANDIDATE);
}

/** Makes the policy the one in use again, after its candidate. */
export function reopenPolicy(): void {
  openConfig(load<usize>(policyAt(current, chosen)));
}

/** Index of the policy in use. */
export function chosenPolicy(): u32 {
  return chosen;
}

/** Counts a decision of the policy in use, where there are several: scopegate.policy.<name>.<outcome>. */
export function countForPolicy(reason: i32): void {
  if (!isRouted() || reason == Reason.no_policy) return; // which has none
  const effect = effectOf(reason);
  const counter = policyAt(current, chosen) + 8 + ((<usize>effect) << 2);
  if (!load<u32>(counter)) {
    const name = counterName(effect);
    store<u32>(counter, defineCounter(spanStart(name), spanLength(name)) + 1);
  }
  increment(load<u32>(counter) - 1, 1);
}

function counterName(effect: u32): Span {
  begin(256);
  put("scopegate.policy.");
  putWord(textSpan(settingAt(Setting.PolicyName)));
  putByte(DOT);
  put(effectWord(effect));
  return finish();
}

/** Adds a name as one part of a counter's: what is no letter, digit, _ or - becomes _. */
function putWord(name: Span): void {
  for (let i: u32 = 0; i < spanLength(name); i++) {
    const c = <u32>load<u8>(spanStart(name) + <usize>i);
    const fits = c == MINUS || c - ZERO < 10 || (c | CASE_BIT) - LOWER_A < 26;
    putByte(fits ? c : UNDERSCORE);
  }
}
