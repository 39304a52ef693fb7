// The cases of tests/data/real-policies*.jsonl, and the short form of calls that policy tests use, as calls of the
// reference evaluator and as `eval` requests.
import { readFileSync } from "node:fs";
import type { Call, Caller, Json, Members, Policy } from "./model.ts";

/** A call in short: one of tool, resource, prompt, method. */
export interface ShortCall {
  tool?: string;
  backend?: string;
  args?: Json;
  meta?: Json;
  resource?: string;
  prompt?: string;
  method?: string;
  params?: Members;
}

export interface ShortCaller {
  scopes?: string[];
  payload?: Members | null;
  badToken?: boolean;
  address?: string | null;
  principal?: string | { uri?: string[]; dns?: string[]; subject?: string };
  time?: string;
  headers?: Record<string, string | string[]>;
  host?: string;
  path?: string;
}

export interface Case extends ShortCaller {
  name: string;
  call: ShortCall;
  expect: { decision: string; reason?: string; rule?: string; scopes?: string[] | null; policy?: string };
}

export interface ListCase extends ShortCaller {
  kind: "tools" | "prompts" | "resources" | "resourceTemplates";
  names: string[];
  expect: Record<string, string>;
}

export interface RealPolicy {
  id: string;
  policy?: object;
  policies?: object[];
  cases: Case[];
  lists?: ListCase[];
}

export function readLines<T>(file: string): T[] {
  const lines = readFileSync(new URL(`../data/${file}`, import.meta.url), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as T);
}

/** The payload that a short caller stands for; null: no token. */
export function payloadOf({ scopes, payload }: ShortCaller): Members | null {
  return payload ?? (scopes ? { scope: scopes.join(" ") } : null);
}

export function callerOf(short: ShortCaller): Caller {
  const { principal = {} } = short;
  const { uri = [], dns = [], subject } = typeof principal === "string" ? { uri: [principal] } : principal;
  const headers = { "content-type": "application/json", ...short.headers };
  return {
    payload: payloadOf(short),
    badToken: short.badToken ?? false,
    address: short.address === undefined ? "192.0.2.1" : short.address,
    principal: { uri, dns, subject },
    time: short.time ?? "2026-01-01T00:00:00Z",
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat()])),
    host: short.host ?? "mcp.example.com",
    path: short.path ?? "/mcp",
  };
}

/** The tool's name on the wire, as the policy's backend setting has it. */
export function wireName({ tool, backend }: ShortCall, { backend: setting }: Policy): string {
  return setting.from === "toolPrefix" && backend !== undefined ? backend + setting.separator + tool! : tool!;
}

/** The call as the policy sees it; `route` and `cluster` come from outside of the message. */
export function callOf(short: ShortCall, policy: Policy): Call {
  const { args, meta, params } = short;
  if (short.tool !== undefined) {
    const name = wireName(short, policy);
    return { method: "tools/call", name, args, meta, ...toolOf(name, short.backend, policy) };
  }
  if (short.prompt !== undefined) return { method: "prompts/get", prompt: short.prompt, args, meta };
  if (short.resource !== undefined) return { method: "resources/read", uri: short.resource, meta };
  const method = short.method!;
  const uri = method.startsWith("resources/") ? params?.["uri"] : undefined;
  return { method, meta, ...(typeof uri === "string" && { uri }) };
}

/** Backend and tool of a name on the wire. */
export function toolOf(name: string, host: string | undefined, policy: Policy): Pick<Call, "tool" | "backend"> {
  const { from, separator, name: fixed } = policy.backend;
  if (fixed !== undefined) return { tool: name, backend: fixed };
  if (from === "route" || from === "cluster") return { tool: name, backend: host };
  const at = from === "toolPrefix" ? name.indexOf(separator) : -1;
  return at < 0 ? { tool: name } : { backend: name.slice(0, at), tool: name.slice(at + separator.length) };
}
