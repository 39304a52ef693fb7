// A call as the page has it → the request that `scopegate eval` would be given.
import type { EvalRequest } from "../evaluate/request.ts";
import type { Struct } from "../wire.ts";
import type { Call, CallKind } from "./state.ts";

/** Method and the member of params that names the target. */
export const METHODS: Record<CallKind, { method: string; member?: string }> = {
  tool: { method: "tools/call", member: "name" },
  resource: { method: "resources/read", member: "uri" },
  prompt: { method: "prompts/get", member: "name" },
  method: { method: "" },
};

/** The request of a call. Throws when its claims are no JSON object. */
export function requestOf(call: Call): EvalRequest {
  return { payload: call.token ? payloadOf(call) : null, body: bodyOf(call) };
}

export function payloadOf({ claims, scopes }: Call): Struct {
  return { ...claimsOf(claims), ...(scopes.length > 0 && { scope: scopes.join(" ") }) };
}

/** The claims as an object. Throws an Error for a person. */
export function claimsOf(text: string): Struct {
  let value: unknown;
  try {
    value = JSON.parse(text.trim() === "" ? "{}" : text);
  } catch (error) {
    throw new Error(`The claims are not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("The claims must be a JSON object.");
  return value as Struct;
}

/** The arguments go in as they are written: the filter is the one that judges them. */
function bodyOf({ kind, name, args }: Call): string {
  const { method, member } = METHODS[kind];
  const head = `{"jsonrpc":"2.0","id":1,"method":${JSON.stringify(method || name)}`;
  const given = args.trim();
  if (!member) return `${head}${given === "" ? "" : `,"params":${given}`}}`;
  const target = `${JSON.stringify(member)}:${JSON.stringify(name)}`;
  const more = kind === "resource" || given === "" ? "" : `,"arguments":${given}`;
  return `${head},"params":{${target}${more}}}`;
}
