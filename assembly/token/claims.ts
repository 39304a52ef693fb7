// The verified token: what jwt_authn left in dynamic metadata, and nothing else. It is read once, by the header callback,
// from the serialised metadata: the only form that keeps types and nulls, and no dearer than one property path.
//
// Claims are rewritten as JSON text in the region, so that predicates walk one kind of value. A number becomes byte
// 0x01 and its eight bytes, which JSON text never holds: nothing is rounded or printed.
import { Flag, Setting, Slot } from "../program.ts";
import { hasFlag, settingAt, text, textLength, textOf } from "../sections.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { begin, finish } from "../text/writer.ts";
import { spanEnd, spanStart } from "../text/span.ts";
import { getProperty, Status, value, valueLength } from "../runtime/host.ts";
import { fieldAt, fieldLength, findField, openStruct } from "./protobuf.ts";
import { readScopes, transcribe } from "./claims-text.ts";
import { fillSlot } from "../json/slots.ts";

const METADATA = "metadata";
const FILTER = "envoy.filters.http.jwt_authn";

// The payload, a serialised google.protobuf.Struct.
export let tokenAt: usize = 0;
export let tokenLength: u32 = 0;

/** Finds the payload under the first metadata key that has one; false when there is none. */
export function findToken(): bool {
  if (getProperty(bytesOf(METADATA), sizeOf(METADATA)) != Status.Ok) return false;
  if (!findField(value(), valueLength(), bytesOf(FILTER), sizeOf(FILTER))) return false;
  const at = fieldAt();
  const length = fieldLength();
  const keys = settingAt(Setting.MetadataKeys);
  const count = load<u32>(keys, 4);
  for (let i: u32 = 0; i < count; i++) {
    const key = textOf(keys, i);
    if (!findField(at, length, text(key), textLength(key)) || !openStruct(fieldAt(), fieldLength())) continue;
    openToken(fieldAt(), fieldLength());
    return true;
  }
  return false;
}

/** Uses what `findToken` found in the header callback. */
export function openToken(at: usize, length: u32): void {
  tokenAt = at;
  tokenLength = length;
}

/** Reads the token: its scopes, and its claims when the policy needs them; false when it cannot be read. */
export function readToken(): bool {
  return hasFlag(Flag.NeedsClaims) ? readClaims() : readScopes(tokenAt, tokenLength);
}

function readClaims(): bool {
  begin(tokenLength * 6 + 64);
  if (!transcribe(tokenAt, tokenLength)) return false;
  const claims = finish();
  if (!claims) return false;
  fillSlot(Slot.Claims, spanStart(claims), spanEnd(claims), 0);
  return true;
}
