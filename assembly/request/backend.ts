// Which backend a tool belongs to, as the policy's `backend` says.
import { bytesOf, sameBytes, sizeOf } from "../text/ascii.ts";
import { BackendFrom, Setting } from "../program.ts";
import { setting, settingAt, textSpan } from "../sections.ts";
import { Span, spanBetween, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";
import { setBackend, setTool, targetName } from "./call.ts";
import { getProperty, Status, value, valueLength } from "../runtime/host.ts";

/** Splits the tool's name as sent into backend and tool; false when the host fails to tell the backend. */
export function resolveBackend(): bool {
  const from = setting(Setting.BackendFrom);
  setTool(targetName);
  if (from == BackendFrom.ToolPrefix) splitPrefix(textSpan(settingAt(Setting.BackendText)));
  else if (from == BackendFrom.Fixed) setBackend(textSpan(settingAt(Setting.BackendText)));
  else if (from == BackendFrom.Route) return readBackend("xds\x00route_name");
  else if (from == BackendFrom.Cluster) return readBackend("xds\x00cluster_name");
  return true;
}

/** Splits at the first separator; without one the whole name is the tool. */
function splitPrefix(separator: Span): void {
  const length = spanLength(separator);
  if (!separator || length > spanLength(targetName)) return;
  const start = spanStart(targetName);
  const end = spanEnd(targetName);
  for (let p = start; p + length <= end; p++) {
    if (load<u8>(p) != load<u8>(spanStart(separator)) || !sameBytes(p, spanStart(separator), length)) continue;
    setBackend(spanBetween(start, p));
    setTool(spanBetween(p + length, end));
    return;
  }
}

function readBackend(path: Ascii): bool {
  const status = getProperty(bytesOf(path), sizeOf(path));
  if (status == Status.Ok) setBackend(spanOf(value(), valueLength()));
  return status == Status.Ok || status == Status.NotFound;
}
