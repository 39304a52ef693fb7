// Whose token it is, and from when: the claims that identify issuers, subjects and clients.
import { NONE } from "../program.ts";
import { NO_SPAN, Span, spanEnd, spanIs, spanOf, spanStart } from "../text/span.ts";
import { ValueTag, entryAt, findEntry, identityOf, keyOf, numberOf, openValue, valueOf } from "./protobuf.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";

/** What a token is identified by. */
@unmanaged
class Identity {
  issuer: Span;
  subject: Span;
  client: Span;
  actor: Span; //   the serialised Value of act
  issuedAt: f64; // seconds since 1970; NaN when the token does not say
}

/** The claims that identify; of those of one kind the first counts that the token has. */
enum IdentifyingClaim {
  sub = 0,
  oid = 1, //       Microsoft Entra, where there is no sub
  client_id = 2, // RFC 9068 section 2.2
  azp = 3, //       what other servers write in place of client_id
  cid = 4,
  appid = 5, //     Microsoft Entra, version 1
  iss = 6,
  iat = 7,
  act = 8, //       RFC 8693 section 4.1
  Count = 9,
}

const found: usize = memory.data(<i32>IdentifyingClaim.Count * 8, 8); // per IdentifyingClaim a Span
const identity: usize = memory.data(<i32>offsetof<Identity>(), 8);

/** Reads who a token is for: per kind the text of a string, the serialised Value of anything else; NO_SPAN for none or null. */
export function readIdentity(token: Span): Identity {
  for (let claim: u32 = 0; claim < <u32>IdentifyingClaim.Count; claim++) setClaim(claim, NO_SPAN);
  const end = spanEnd(token);
  let p = spanStart(token);
  while (p < end) {
    const entry = entryAt(p, end);
    const key = keyOf(entry);
    const value = valueOf(entry, key);
    if (!value) break;
    const claim = claimOf(key);
    if (claim != NONE) setClaim(claim, identityOf(value));
    p = spanEnd(entry);
  }
  const result = changetype<Identity>(identity);
  result.issuer = claimAt(IdentifyingClaim.iss);
  result.subject = firstOf(IdentifyingClaim.sub, IdentifyingClaim.oid);
  result.client = firstOf(IdentifyingClaim.client_id, IdentifyingClaim.appid);
  result.actor = claimAt(IdentifyingClaim.act);
  result.issuedAt = numberOf(claimAt(IdentifyingClaim.iat));
  return result;
}

/** The IdentifyingClaim of a name; NONE for other names. */
function claimOf(key: Span): u32 {
  for (let claim: u32 = 0; claim < <u32>IdentifyingClaim.Count; claim++) {
    if (spanIs(key, nameOf(claim))) return claim;
  }
  return NONE;
}

function nameOf(claim: u32): Ascii {
  switch (claim) {
    case IdentifyingClaim.sub:
      return "sub";
    case IdentifyingClaim.oid:
      return "oid";
    case IdentifyingClaim.client_id:
      return "client_id";
    case IdentifyingClaim.azp:
      return "azp";
    case IdentifyingClaim.cid:
      return "cid";
    case IdentifyingClaim.appid:
      return "appid";
    case IdentifyingClaim.iss:
      return "iss";
    case IdentifyingClaim.iat:
      return "iat";
    default:
      return "act";
  }
}

function claimAt(claim: u32): Span {
  return load<u64>(found + ((<usize>claim) << 3));
}

function setClaim(claim: u32, value: Span): void {
  store<u64>(found + ((<usize>claim) << 3), value);
}

/** The first of the claims from `first` to `last` that the token has. */
function firstOf(first: u32, last: u32): Span {
  for (let claim = first; claim <= last; claim++) {
    if (claimAt(claim)) return claimAt(claim);
  }
  return NO_SPAN;
}

/** The subject of an actor, and the actor that this one acts for in turn (RFC 8693): each NO_SPAN when there is none. */
export function subjectOf(actor: Span): Span {
  return memberOf(actor, "sub");
}

export function actorOf(actor: Span): Span {
  return memberOf(actor, "act");
}

function memberOf(actor: Span, name: Ascii): Span {
  const members = openValue(actor, ValueTag.Struct);
  const value = findEntry(members, spanOf(bytesOf(name), sizeOf(name)));
  return value ? identityOf(value) : NO_SPAN;
}
