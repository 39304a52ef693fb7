// Which backend a tool belongs to, as the policy's `backend` says.
import { bytesOf, sameBytes, sizeOf } from "../text/ascii.ts";
import { BackendFrom, NONE, Setting } from "../program.ts";
import { setting, settingAt, text, textLength } from "../sections.ts";
import { nameAt, nameLength, setBackend, setTool } from "./call.ts";
import { getProperty, Status, value, valueLength } from "../runtime/host.ts";

/** Splits the tool's name as sent into backend and tool; false when the host fails to tell the backend. */
export function resolveBackend(): bool {
  const from = setting(Setting.BackendFrom);
  setTool(nameAt, nameLength);
  if (from == BackendFrom.ToolPrefix) splitPrefix();
  else if (from == BackendFrom.Fixed)
    setBackend(text(settingAt(Setting.BackendText)), textLength(settingAt(Setting.BackendText)));
  else if (from == BackendFrom.Route) return readBackend("xds\x00route_name");
  else if (from == BackendFrom.Cluster) return readBackend("xds\x00cluster_name");
  return true;
}

function splitPrefix(): void {
  const pair = settingAt(Setting.BackendText);
  if (load<u32>(pair) == NONE) return;
  const separator = text(pair);
  const length = textLength(pair);
  for (let i: u32 = 0; i + length <= nameLength; i++) {
    if (load<u8>(nameAt + <usize>i) == load<u8>(separator) && sameBytes(nameAt + <usize>i, separator, length)) {
      setBackend(nameAt, i);
      setTool(nameAt + <usize>(i + length), nameLength - i - length);
      return;
    }
  }
}

function readBackend(path: Ascii): bool {
  const status = getProperty(bytesOf(path), sizeOf(path));
  if (status == Status.Ok) setBackend(value(), valueLength());
  return status == Status.Ok || status == Status.NotFound;
}
