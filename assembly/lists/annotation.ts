// _meta["scopegate/scopes"] of an item: the scopes that would make an obtainable item callable, where the policy annotates.
// Clients would trust what a server puts there, so that goes in any case.
import { Flag, ListOutcome, MAX_CHALLENGE, Slot } from "../program.ts";
import { ScopeForm, putScopes } from "../answer/reply.ts";
import { Decision } from "../decide/decision.ts";
import { decodeText } from "../json/decode.ts";
import { readingEnd } from "../json/reading.ts";
import { slotEnd, slotStart } from "../json/slots.ts";
import { firstItem, nextItem, skipString, skipValue, skipWhitespace } from "../json/walk.ts";
import { hasFlag } from "../sections.ts";
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE } from "../text/chars.ts";
import { Span, spanIs, spanLength } from "../text/span.ts";
import { begin, finish, put, putByte, putBytes } from "../text/writer.ts";
import { addEdit } from "./edits.ts";
import { Item } from "./item.ts";

/** Notes the changes of a shown item's _meta; its members are in their slots. */
export function annotate(item: Item): void {
  const adds = hasFlag(Flag.Annotate) && item.outcome == ListOutcome.Obtainable && !item.decision.isOpen;
  const meta = slotStart(Slot.ItemMeta);
  if (!adds && !slotStart(Slot.ItemScopes)) return;
  const scopes = adds ? scopesOf(item.decision) : 0;
  if (!meta) {
    if (scopes) addMeta(item.end - 1, scopes);
  } else if (load<u8>(meta) == OPEN_BRACE) replaceMeta(meta, slotEnd(Slot.ItemMeta), scopes);
}

/** The member with the scopes of a challenge; 0 when it has none. */
function scopesOf(decision: Decision): Span {
  begin(MAX_CHALLENGE * 2 + 64);
  put('"scopegate/scopes":[');
  putScopes(decision, ScopeForm.Json);
  putByte(CLOSE_BRACKET);
  const member = finish();
  return spanIs(member, '"scopegate/scopes":[]') ? 0 : member;
}

/** Adds a _meta in front of the brace that closes an item. */
function addMeta(brace: usize, scopes: Span): void {
  begin(spanLength(scopes) + 16);
  put(',"_meta":{');
  putBytes(<usize>(<u32>scopes), spanLength(scopes));
  putByte(CLOSE_BRACE);
  addEdit(brace, brace, finish());
}

/** Replaces the _meta [at, end): its own members but the server's scopes, then ours. */
function replaceMeta(at: usize, end: usize, scopes: Span): void {
  begin(<u32>(end - at) + spanLength(scopes) + 16);
  putByte(OPEN_BRACE);
  let first = true;
  let p = firstItem(at);
  while (p) {
    const keyEnd = readingEnd(skipString(p));
    const memberEnd = skipValue(skipWhitespace(skipWhitespace(keyEnd) + 1));
    if (!isScopes(p, keyEnd)) {
      if (!first) putByte(COMMA);
      putBytes(p, <u32>(memberEnd - p));
      first = false;
    }
    p = nextItem(memberEnd);
  }
  if (scopes) {
    if (!first) putByte(COMMA);
    putBytes(<usize>(<u32>scopes), spanLength(scopes));
  }
  putByte(CLOSE_BRACE);
  addEdit(at, end, finish());
}

/** Whether the key [at, end) is that of the scopes. Its text is decoded after the text that is being written: it is short. */
function isScopes(at: usize, end: usize): bool {
  return spanIs(decodeText(at, end, 1), "scopegate/scopes");
}
