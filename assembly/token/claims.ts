// The verified token: what jwt_authn left in dynamic metadata, and nothing else. It is found once, by the header callback,
// in the serialised metadata: the only form that keeps types and nulls, and it costs no more than one property path.
//
// Claims are rewritten as JSON text in the region, so that predicates walk one kind of value. A number becomes the byte
// RAW_DOUBLE, which JSON text never holds, and its eight bytes: nothing is rounded or printed.
import { Flag, Setting, Slot } from "../program.ts";
import { hasFlag, runCount, settingAt, textOf, textSpan } from "../sections.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { NO_SPAN, Span, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";
import { begin, finish } from "../text/writer.ts";
import { charge } from "../runtime/budget.ts";
import { getProperty, Status, value, valueLength } from "../runtime/host.ts";
import { ValueTag, findEntry, openValue } from "./protobuf.ts";
import { readScopes, transcribe } from "./claims-text.ts";
import { fillSlot } from "../json/slots.ts";
import { setNobody } from "./nobody.ts";
import { takeScopeClaims } from "./scope-claims.ts";

const METADATA = "metadata";
const FILTER = "envoy.filters.http.jwt_authn";
const MAX_GROWTH: u32 = 6; // a control character becomes \u0001

/** Whether the host could say if there is a token. */
export let isTokenKnown: bool = false;

/**
 * The payload, a serialised google.protobuf.Struct, under the first of the policy's metadata keys that has one; NO_SPAN
 * when there is none. It is valid until the callback ends.
 */
export function findToken(): Span {
  isTokenKnown = getProperty(bytesOf(METADATA), sizeOf(METADATA)) == Status.Ok;
  if (!isTokenKnown) return NO_SPAN;
  const payloads = findEntry(spanOf(value(), valueLength()), spanOf(bytesOf(FILTER), sizeOf(FILTER)));
  const keys = settingAt(Setting.MetadataKeys);
  const count = runCount(keys);
  for (let i: u32 = 0; i < count; i++) {
    const payload = openValue(findEntry(payloads, textSpan(textOf(keys, i))), ValueTag.Struct);
    if (payload) return payload;
  }
  return NO_SPAN;
}

/** Reads a payload: its scopes, and its claims when the policy needs them; false when it is malformed. */
export function readToken(token: Span): bool {
  setNobody(!token);
  if (!token) return hasFlag(Flag.Anonymous);
  return hasFlag(Flag.NeedsClaims) ? readClaims(token) : readScopes(token);
}

function readClaims(token: Span): bool {
  begin(spanLength(token) * MAX_GROWTH + 64);
  if (!transcribe(token)) return false;
  const claims = finish();
  if (!claims) return false;
  charge(spanLength(claims) >> 3);
  fillSlot(Slot.Claims, spanStart(claims), spanEnd(claims), 0);
  takeScopeClaims();
  return true;
}
