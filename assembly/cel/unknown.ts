// What predicates do not know while an item of a list is judged: its call has not come yet. Its arguments, `_meta` and
// the headers that only a call has are unknown then, and so is the URI of a template. A value that is unknown is an Error
// cell of its own kind (cell.ts), so whatever passes errors on passes it on, too.
import { NONE, Slot } from "../program.ts";
import { areClaimsUnknown } from "../token/nobody.ts";
import { slotParent } from "../json/slots.ts";
import { Span, spanIs, spanStarts } from "../text/span.ts";

/** Whether an item of a list is judged. */
export let isListing: bool = false;
/** Whether that is a template, of whose URIs only the beginning is known. */
export let isUriOpen: bool = false;

/** Makes calls unknown, or known again. */
export function setListing(listing: bool, uriOpen: bool): void {
  isListing = listing;
  isUriOpen = uriOpen;
}

/** Whether anything is unknown. */
// @ts-ignore: decorator
@inline
export function isAnythingUnknown(): bool {
  return isListing || areClaimsUnknown;
}

/** Whether a slot has what only a call tells (`params.arguments`, `params._meta`) or only a token, or something in it. */
export function isSlotUnknown(slot: u32): bool {
  for (let at = slot; at != NONE; at = slotParent(at)) {
    if (at == <u32>Slot.Claims) return areClaimsUnknown;
    if (isListing && (at == <u32>Slot.Arguments || at == <u32>Slot.Meta)) return true;
  }
  return false;
}

/** Whether a call may have another value of this header than the request for the list. */
export function isHeaderUnknown(name: Span): bool {
  return spanStarts(name, "mcp-") || spanStarts(name, "content-") || spanIs(name, "accept");
}
