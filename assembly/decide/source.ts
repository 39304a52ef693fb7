// Whether a call comes from where a rule says: the caller's address and certificate.
import { NONE, ADDRESS_RANGE_SIZE, Section, SOURCE_SIZE, SourceField } from "../program.ts";
import { Peer, callerAddress, isUnreadable, peerText } from "../request/connection.ts";
import { charge, isExhausted } from "../runtime/budget.ts";
import { hasText, runCount, section, text, textLength } from "../sections.ts";
import { isInRange } from "../text/address.ts";
import { isNamed } from "./pattern.ts";

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
  const length = textLength(ranges);
  if (!charge(1 + length / ADDRESS_RANGE_SIZE / 4)) return strict;
  const end = text(ranges) + <usize>length;
  for (let range = text(ranges); range < end; range += ADDRESS_RANGE_SIZE) {
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
    if (name ? isNamed(names, patterns, name) : strict && isUnreadable(peer)) return true;
  }
  return strict && isExhausted(); // then no pattern was tried to its end
}
