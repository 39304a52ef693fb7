// What takes the place of a list that must not leave.
import { ListKind, Setting } from "../program.ts";
import { reasonName } from "../answer/metrics.ts";
import { putText, setting } from "../sections.ts";
import { put, putBytes } from "../text/writer.ts";
import { Span, spanLength, spanStart } from "../text/span.ts";

/** Bytes of an error besides the id. */
export const ERROR_SIZE: u32 = 256;

/** Adds a JSON-RPC error with a Reason; `id` is JSON, NO_SPAN for none. */
export function putError(id: Span, reason: i32): void {
  put('{"jsonrpc":"2.0","id":');
  if (id) putBytes(spanStart(id), spanLength(id));
  else put("null");
  put(',"error":{"code":-32603,"message":"The list cannot be shown","data":{"reason":"');
  putText(reasonName(reason));
  put('"}}}');
}

/** Whether any list is filtered. */
export function filtersLists(): bool {
  return setting(Setting.Lists) != 0;
}

/** The bits of a ListKind in Setting.Lists: what is shown. */
export function shownOf(list: u32): u32 {
  return (setting(Setting.Lists) >> (list * <u32>ListKind.Count)) & 15;
}
