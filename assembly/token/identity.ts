// Whose token it is, and which of theirs: the claims that identify subjects, clients and tokens.
import { NONE } from "../program.ts";
import { LOWER_A, LOWER_C, LOWER_E, LOWER_I, LOWER_J, LOWER_S } from "../text/chars.ts";
import { NO_SPAN, Span, spanEnd, spanIs, spanLength, spanStart } from "../text/span.ts";
import { entryAt, identityOf, keyOf, valueOf } from "./protobuf.ts";

/** What a token is identified by. */
@unmanaged
class Identity {
  subject: Span;
  client: Span;
  token: Span;
}

/** The claims that identify; of those of one kind the first counts that the token has. */
enum IdentifyingClaim {
  sub = 0,
  client_id = 1, // RFC 9068 section 2.2
  azp = 2, //       what other servers write in place of client_id
  cid = 3,
  jti = 4,
  iat = 5,
  exp = 6,
  Count = 7,
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
  result.subject = claimAt(IdentifyingClaim.sub);
  result.client = firstOf(IdentifyingClaim.client_id, IdentifyingClaim.cid);
  result.token = firstOf(IdentifyingClaim.jti, IdentifyingClaim.exp);
  return result;
}

/** The IdentifyingClaim of a name; NONE for other names. */
function claimOf(key: Span): u32 {
  if (spanLength(key) == 9) return spanIs(key, "client_id") ? IdentifyingClaim.client_id : NONE;
  if (spanLength(key) != 3) return NONE;
  switch (load<u8>(spanStart(key))) {
    case LOWER_S:
      return spanIs(key, "sub") ? IdentifyingClaim.sub : NONE;
    case LOWER_A:
      return spanIs(key, "azp") ? IdentifyingClaim.azp : NONE;
    case LOWER_C:
      return spanIs(key, "cid") ? IdentifyingClaim.cid : NONE;
    case LOWER_J:
      return spanIs(key, "jti") ? IdentifyingClaim.jti : NONE;
    case LOWER_I:
      return spanIs(key, "iat") ? IdentifyingClaim.iat : NONE;
    case LOWER_E:
      return spanIs(key, "exp") ? IdentifyingClaim.exp : NONE;
    default:
      return NONE;
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
