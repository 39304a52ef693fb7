// What the caller can do with an item of a list: it is decided as the call that it stands for, by the same rules, with what
// only the call will tell unknown (cel/unknown.ts). Of a template only the beginning of its URIs is known.
import { Flag, Kind, ListKind, ListOutcome, Reason, Slot, isPass } from "../program.ts";
import { forgetAmbiguousKeys } from "../cel/ambiguous-key.ts";
import { forgetResults } from "../cel/results.ts";
import { setListing } from "../cel/unknown.ts";
import { findChallenge, findNeed, mayGrantHelp } from "../decide/challenge.ts";
import { decide } from "../decide/decide.ts";
import { Decision, Need } from "../decide/decision.ts";
import { isNobody } from "../token/nobody.ts";
import { decodeText } from "../json/decode.ts";
import { emptySlots, fillSlot } from "../json/slots.ts";
import { resolveBackend } from "../request/backend.ts";
import { beginItem } from "../request/call.ts";
import { isNormalStart, isNormalUri } from "../request/uri.ts";
import { isExhausted } from "../runtime/budget.ts";
import { hasFlag } from "../sections.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { OPEN_BRACE } from "../text/chars.ts";
import { Span, spanBetween, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";

/** Calls about one URI that it may be listed for. */
const USES: u32 = 3;

/**
 * The ListOutcome of an item, whose name, URI or template is the string with the text [at, end). `decision` then has the
 * rule, and of an obtainable item the challenge.
 */
export function judgeItem(list: u32, at: usize, end: usize, hasEscapes: u32, decision: Decision): i32 {
  const name = decodeText(at, end, hasEscapes);
  if (!spanLength(name)) return ListOutcome.Never;
  forgetAmbiguousKeys();
  emptySlots(Slot.Jsonrpc, Slot.Answer);
  fillSlot(list < <u32>ListKind.Resources ? Slot.Name : Slot.Uri, at, end, hasEscapes);
  setListing(true, false);
  const outcome = judgeName(list, name, decision);
  setListing(false, false);
  return outcome;
}

function judgeName(list: u32, name: Span, decision: Decision): i32 {
  if (list == ListKind.Tools) {
    beginItem(Kind.Tool, constant("tools/call"), name);
    return resolveBackend() ? judgeCall(Kind.Tool, decision) : ListOutcome.Never;
  }
  if (list == ListKind.Prompts) {
    beginItem(Kind.Prompt, constant("prompts/get"), name);
    return judgeCall(Kind.Prompt, decision);
  }
  const literal = list == ListKind.Templates ? literalOf(name) : name;
  if (spanLength(literal) != spanLength(name)) return judgeTemplate(literal, decision);
  return !hasFlag(Flag.NormalUris) || isNormalUri(name) ? judgeUri(name, decision) : ListOutcome.Never;
}

function constant(text: Ascii): Span {
  return spanOf(bytesOf(text), sizeOf(text));
}

/** The best of the calls about a URI: to read it, to subscribe to it, to unsubscribe. */
function judgeUri(uri: Span, decision: Decision): i32 {
  let best: i32 = ListOutcome.Never;
  let bestUse: u32 = 0;
  for (let use: u32 = 0; use < USES; use++) {
    const outcome = judgeUse(use, uri, decision);
    if (outcome == ListOutcome.Callable) return outcome;
    if (outcome < best) bestUse = use;
    best = min(best, outcome);
  }
  return best == ListOutcome.Never ? best : judgeUse(bestUse, uri, decision); // for its challenge
}

function judgeUse(use: u32, uri: Span, decision: Decision): i32 {
  let method = constant("resources/read");
  if (use == 1) method = constant("resources/subscribe");
  if (use == 2) method = constant("resources/unsubscribe");
  beginItem(Kind.Resource, method, uri);
  return judgeCall(Kind.Resource, decision);
}

function judgeCall(kind: u32, decision: Decision): i32 {
  forgetResults();
  decision.scopeCount = 0;
  decision.isOpen = false;
  const reason = decide(kind, decision);
  if (isPass(reason)) return ListOutcome.Callable;
  if (isNobody) {
    decision.need = Need.Baseline;
    findNeed(decision);
    if (decision.need != Need.Baseline) return ListOutcome.Obtainable;
  } else if (!mayGrantHelp(reason)) return ListOutcome.Never;
  else if (findChallenge(reason, decision) == Reason.insufficient_scope) return ListOutcome.Obtainable;
  return isExhausted() ? ListOutcome.Obtainable : ListOutcome.Never; // nobody knows: it is shown
}

/** The part of a template in front of its first expression (RFC 6570). */
function literalOf(template: Span): Span {
  let p = spanStart(template);
  while (p < spanEnd(template) && load<u8>(p) != OPEN_BRACE) p++;
  return spanBetween(spanStart(template), p);
}

/** Of the URIs of a template only the beginning is known. */
function judgeTemplate(start: Span, decision: Decision): i32 {
  if (hasFlag(Flag.NormalUris) && !isNormalStart(start)) return ListOutcome.Never;
  setListing(true, true);
  return judgeUri(start, decision);
}
