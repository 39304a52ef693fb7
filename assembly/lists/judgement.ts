// What the caller can do with an item of a list: it is decided as the call that it stands for, by the same rules, with what
// only the call will tell unknown (cel/unknown.ts). Of a template only the beginning of its URIs is known: it is as good
// as the best of its URIs, and there are only as many different ones as the policy names with that beginning, and one.
import {
  Anchor,
  NONE,
  BUCKET_SIZE,
  BucketField,
  Flag,
  Kind,
  ListKind,
  ListOutcome,
  Reason,
  Section,
  Slot,
  isPass,
} from "../program.ts";
import { forgetAmbiguousKeys } from "../cel/ambiguous-key.ts";
import { forgetResults } from "../cel/results.ts";
import { setListing } from "../cel/unknown.ts";
import { findChallenge, findNeed, mayGrantHelp } from "../decide/challenge.ts";
import { decide } from "../decide/decide.ts";
import { prefixOf, suffixOf } from "../decide/pattern.ts";
import { Decision, Need } from "../decide/decision.ts";
import { isNobody } from "../token/nobody.ts";
import { decodeText } from "../json/decode.ts";
import { emptySlots, fillSlot } from "../json/slots.ts";
import { resolveBackend } from "../request/backend.ts";
import { beginItem } from "../request/call.ts";
import { isNormalStart, isNormalUri } from "../request/uri.ts";
import { charge, isExhausted } from "../runtime/budget.ts";
import { reserve } from "../runtime/memory.ts";
import { hasFlag, section, sectionCount, textSpan } from "../sections.ts";
import { bytesOf, copyBytes, sameBytes, sizeOf } from "../text/ascii.ts";
import { OPEN_BRACE } from "../text/chars.ts";
import { NO_SPAN, Span, spanBetween, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";

/** After the beginning of a URI: a character that no policy names, for the URIs that no rule names either. */
const ANY_OTHER: u32 = 1;
/** Steps for each URI of a template that is tried. */
const URI_COST: u32 = 64;
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

/** The best of the URIs that begin so. */
function judgeTemplate(start: Span, decision: Decision): i32 {
  if (hasFlag(Flag.NormalUris) && !isNormalStart(start)) return ListOutcome.Never;
  setListing(true, true);
  let bestUri = extended(start, NO_SPAN);
  let best = judgeUri(bestUri, decision);
  let fewest = decision.scopeCount;
  let bucket = section(Section.Buckets);
  for (let left = sectionCount(Section.Buckets); left && best != ListOutcome.Callable; left--, bucket += BUCKET_SIZE) {
    const uri = uriOf(bucket, start);
    if (!uri) continue;
    if (!charge(URI_COST)) return ListOutcome.Obtainable; // nobody knows: it is shown
    const outcome = judgeUri(uri, decision);
    if (outcome > best || (outcome == best && decision.scopeCount >= fewest)) continue;
    best = outcome;
    bestUri = uri;
    fewest = decision.scopeCount;
  }
  return best == ListOutcome.Obtainable ? judgeUri(bestUri, decision) : best; // for its challenge
}

/** The URI to try for the targets of a bucket; NO_SPAN when those have no URI with this beginning but such that were tried. */
function uriOf(bucket: usize, start: Span): Span {
  charge(1);
  if (load<u32>(bucket, BucketField.Kind) != Kind.Resource) return NO_SPAN;
  const anchor = load<u32>(bucket, BucketField.Anchor);
  const pattern = load<u32>(bucket, BucketField.Pattern);
  const name = textSpan(bucket + BucketField.Name);
  if (anchor == Anchor.Exact && pattern == NONE) return begins(name, start) ? name : NO_SPAN;
  const prefix = anchor == Anchor.Prefix ? name : prefixOf(pattern);
  const suffix = anchor == Anchor.Suffix ? name : suffixOf(pattern);
  if (begins(prefix, start)) return extended(prefix, suffix);
  return begins(start, prefix) ? extended(start, suffix) : NO_SPAN;
}

/** Whether a text begins with another. */
function begins(text: Span, start: Span): bool {
  const length = spanLength(start);
  return spanLength(text) >= length && sameBytes(spanStart(text), spanStart(start), length);
}

/** A beginning with one character after it, and then an end. */
function extended(start: Span, end: Span): Span {
  const length = spanLength(start) + 1 + spanLength(end);
  const out = reserve(length);
  if (!out) return start;
  copyBytes(out, spanStart(start), spanLength(start));
  const other = out + <usize>spanLength(start);
  store<u8>(other, ANY_OTHER);
  copyBytes(other + sizeof<u8>(), spanStart(end), spanLength(end));
  return spanOf(out, length);
}
