// Whether a call comes from where a rule says: the caller's address and certificate.
import { NONE, Section, SOURCE_SIZE, SourceField } from "../program.ts";
import { Peer, callerAddress, isUnreadable, peerText } from "../request/connection.ts";
import { isExhausted } from "../runtime/budget.ts";
import { isTextAt, hasText, runCount, section, text, textLength, textOf } from "../sections.ts";
import { ADDRESS_SIZE, isInRange } from "../text/address.ts";
import { NO_SPAN, Span } from "../text/span.ts";
import { fitsPattern } from "./pattern.ts";

/** Bytes of a range: an address, and how many of its bits count. */
const RANGE: usize = ADDRESS_SIZE + 1;

/** The SourceFlag bits of the SourceRecord `index`. */
export function sourceFlags(index: u32): u32 {
  return index == NONE ? 0 : load<u32>(section(Section.Sources) + <usize>index * SOURCE_SIZE, SourceField.Flags);
}

/** Whether a call comes from the SourceRecord `index`. `strict`: for a Deny rule, which what nobody knows does not help. */
export function sourceHolds(index: u32, strict: bool): bool {
  if (index == NONE) return true;
  const record = section(Section.Sources) + <usize>index * SOURCE_SIZE;
  return addressHolds(record + SourceField.Ranges, strict) && certificateHolds(record, strict);
}

function addressHolds(ranges: usize, strict: bool): bool {
  if (!hasText(ranges)) return true;
  const address = callerAddress();
  if (!address) return strict;
  const end = text(ranges) + <usize>textLength(ranges);
  for (let range = text(ranges); range < end; range += RANGE) {
    if (isInRange(range, address)) return true;
  }
  return false;
}

/** Without a certificate there is nothing to match; one whose name cannot be read may be any. */
function certificateHolds(record: usize, strict: bool): bool {
  const names = record + SourceField.Names;
  const patterns = record + SourceField.Patterns;
  if (!runCount(names) && !runCount(patterns)) return true;
  for (let peer: u32 = Peer.Uri; peer <= <u32>Peer.Dns; peer++) {
    const name = peerText(peer);
    if (name ? isListed(names, patterns, name) : strict && isUnreadable(peer)) return true;
  }
  return strict && isExhausted(); // then no pattern was tried to its end
}

function isListed(names: usize, patterns: usize, name: Span): bool {
  for (let i: u32 = 0; i < runCount(names); i++) {
    if (isTextAt(textOf(names, i), name)) return true;
  }
  const first = load<u32>(patterns);
  for (let i: u32 = 0; i < runCount(patterns); i++) {
    if (fitsPattern(first + i, NO_SPAN, name)) return true;
  }
  return false;
}
