// The call of a record as a request: its method and the names in it, which is all that a decision needs besides atoms.
import { BackendFrom } from "../../assembly/program.ts";
import type { Policy } from "../compiler/policy/policy.ts";
import type { EvalRequest } from "../evaluate/request.ts";
import { textIn, type LogRecord } from "./records.ts";

const NAMES = ["gen_ai.tool.name", "gen_ai.prompt.name", "mcp.resource.uri", "backend"] as const;

/** What tells the call of a record from others. */
export function callKey(record: LogRecord): string {
  const parts = ["mcp.method.name", ...NAMES, "when", "tests", "digest", "facts"].map((name) => record[name]);
  return JSON.stringify([...parts, record["jsonrpc.request.id"] !== undefined, record["scopes.held"]]);
}

/** What a call names, for people; its method when it names nothing. */
export function targetOf(record: LogRecord): string | null {
  const name = NAMES.slice(0, 3).find((field) => typeof record[field] === "string");
  return textIn(record, name ?? "mcp.method.name") ?? null;
}

/** The request, or why there is none. */
export function requestOf(record: LogRecord, { backend }: Policy): EvalRequest | string {
  const method = textIn(record, "mcp.method.name");
  if (method === undefined) return "the record has no method";
  const texts = NAMES.map((name) => textIn(record, name));
  if ([method, ...texts].some((text) => text?.endsWith("…"))) return "a name is longer than records have it";
  const [tool, prompt, uri, own] = texts.map((text) => text && plain(text));
  const params = paramsOf(plain(method), tool, prompt, uri);
  if (typeof params === "string") return params;
  const isRequest = record["jsonrpc.request.id"] !== undefined;
  return {
    body: JSON.stringify({ jsonrpc: "2.0", ...(isRequest && { id: 1 }), method: plain(method), params }),
    ...(own !== undefined && backend.from === BackendFrom.Route && { route: own }),
    ...(own !== undefined && backend.from === BackendFrom.Cluster && { cluster: own }),
  };
}

function paramsOf(method: string, tool?: string, prompt?: string, uri?: string): object | string {
  if (method === "subscriptions/listen") return "a subscription may name more than the record has";
  if (method === "completion/complete")
    return { ref: prompt === undefined ? { type: "ref/resource", uri } : { type: "ref/prompt", name: prompt } };
  if (method.startsWith("tasks/")) return { taskId: "task" };
  if (uri !== undefined) return { uri };
  return tool === undefined && prompt === undefined ? {} : { name: tool ?? prompt };
}

/** A text as it was before the filter escaped it. */
export function plain(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|(["\\]))/g, (_, code: string | undefined, sign: string) =>
    code === undefined ? sign : String.fromCharCode(parseInt(code, 16)),
  );
}
