// Strings of the body as UTF-8.
import { envelopeSlot, MARK_ESCAPED } from "./slots.ts";
import { decodeString } from "../text/escape.ts";
import { reserve, trimRegion } from "../runtime/memory.ts";

let decodedLength: u32 = 0;

/** Bytes of the text that `decodeSlot` decoded. */
export function slotTextLength(): u32 {
  return decodedLength;
}

/** The string in a slot of the envelope as UTF-8; 0 when the slot is empty, no string, or memory is exhausted. */
export function decodeSlot(slot: u32): usize {
  const record = envelopeSlot(slot);
  const at = <usize>load<u32>(record, 8);
  if (!at || load<u8>(at) != 0x22) return 0;
  return decodeText(at, <usize>load<u32>(record, 12), load<u32>(record, 4) & MARK_ESCAPED);
}

/** The string with the text [at, end), quotes included, as UTF-8. */
export function decodeText(at: usize, end: usize, escaped: u32): usize {
  decodedLength = <u32>(end - at) - 2;
  if (!escaped) return at + 1;
  const out = reserve(decodedLength + 1);
  if (!out) return 0;
  const behind = decodeString(at + 1, end - 1, out);
  decodedLength = <u32>(behind - out);
  trimRegion(behind);
  return out;
}
