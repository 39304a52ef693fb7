// Tokens that are bound to a key (RFC 7800, `cnf`): whoever has such a token without the key may not use it. Of the proofs
// only one can be seen here, the certificate that the caller's connection was made with (RFC 8705); DPoP's (RFC 9449)
// cannot.
import { SenderConstrained, Setting } from "../program.ts";
import { setting } from "../sections.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { encodeBase64Url } from "../text/base64.ts";
import { decodeHex } from "../text/escape.ts";
import { sameSpan, Span, spanEnd, spanIs, spanLength, spanOf, spanStart } from "../text/span.ts";
import { getProperty, Status, value, valueLength } from "../runtime/host.ts";
import { reserve } from "../runtime/memory.ts";
import { ValueTag, entryAt, findEntry, keyOf, openValue, tagOf, valueOf } from "./protobuf.ts";

const CLAIM = "cnf";
const CERTIFICATE = "connection\0sha256_peer_certificate_digest";
const DIGEST: u32 = 32; // bytes of SHA-256
const TEXT: u32 = 43; //   characters of it in base64url

/** Whether a token may be used as it came: it is bound to no key, or the policy says that this is, or need not be, proved. */
export function isBindingMet(token: Span): bool {
  const mode = setting(Setting.SenderConstrained);
  if (mode == SenderConstrained.Accept) return true;
  const confirmation = findEntry(token, spanOf(bytesOf(CLAIM), sizeOf(CLAIM)));
  if (!confirmation || tagOf(confirmation) == ValueTag.Null) return true;
  return mode == SenderConstrained.Verify && isCertificateMet(openValue(confirmation, ValueTag.Struct));
}

/** Whether the only binding is to the certificate of this connection. */
function isCertificateMet(bindings: Span): bool {
  const entry = entryAt(spanStart(bindings), spanEnd(bindings));
  const key = keyOf(entry);
  if (!entry || spanEnd(entry) != spanEnd(bindings) || !spanIs(key, "x5t#S256")) return false;
  const thumbprint = openValue(valueOf(entry, key), ValueTag.String);
  return spanLength(thumbprint) == TEXT && sameSpan(thumbprint, certificateThumbprint());
}

/** The SHA-256 of the caller's certificate in base64url. The host has it in hexadecimal; an empty text without one. */
function certificateThumbprint(): Span {
  const room = reserve(DIGEST + TEXT + 5);
  if (!room || getProperty(bytesOf(CERTIFICATE), sizeOf(CERTIFICATE)) != Status.Ok) return 0;
  if (valueLength() != 2 * DIGEST || !decodeHex(value(), 2 * DIGEST, room)) return 0;
  encodeBase64Url(room, DIGEST, room + <usize>DIGEST);
  return spanOf(room + <usize>DIGEST, TEXT);
}
