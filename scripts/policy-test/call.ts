// The short form `call` of a policy test → the JSON-RPC request that a client would send.
import { BackendFrom } from "../../assembly/program.ts";
import type { Policy } from "../compiler/index.ts";
import type { EvalRequest } from "../evaluate/request.ts";

/** Exactly one of tool, resource, prompt, method is set. */
export interface Call {
  tool?: string;
  backend?: string;
  args?: unknown;
  resource?: string;
  prompt?: string;
  method?: string;
  params?: object;
  meta?: unknown;
}

/** The request of a call; the policy determines where the name of its backend goes. */
export function callRequest(call: Call, policy: Policy): EvalRequest {
  const { from, text } = policy.backend;
  const { backend } = call;
  const prefix = from === BackendFrom.ToolPrefix && backend !== undefined ? backend + text : "";
  const { method, params } = message(call, prefix);
  const withMeta = call.meta === undefined ? params : { ...params, _meta: call.meta };
  return {
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: withMeta }),
    ...(backend !== undefined && from === BackendFrom.Route && { route: backend }),
    ...(backend !== undefined && from === BackendFrom.Cluster && { cluster: backend }),
  };
}

function message(call: Call, prefix: string): { method: string; params?: object } {
  const args = call.args === undefined ? {} : { arguments: call.args };
  if (call.tool !== undefined) return { method: "tools/call", params: { name: prefix + call.tool, ...args } };
  if (call.prompt !== undefined) return { method: "prompts/get", params: { name: call.prompt, ...args } };
  if (call.resource !== undefined) return { method: "resources/read", params: { uri: call.resource } };
  return { method: call.method ?? "", params: call.params };
}
