// The result of `eval` for one request: the filter's decision in the terms of docs/cli.md.
import { isDenial, Reason } from "../../assembly/program.ts";
import type { Answer, Json, Pair, Struct } from "../simulate/host.ts";
import type { List } from "./list.ts";
import { binaryString, toBase64, utf8, utf8Text } from "../bytes.ts";

export type Decision = "allow" | "deny" | "reject" | "unauthenticated" | "answer";

/** The outcomes in a trace, in the order of assembly/decide/trace.ts. */
export const OUTCOMES = ["matched", "target", "claims", "when_false", "when_error", "scopes", "source", "met"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Step {
  rule: string;
  outcome: Outcome;
}

export interface Result {
  decision: Decision;
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  reason: string;
  rule: string | null;
  /** Of several policies the one that decided. */
  policy?: string;
  requiredScopes: string[] | null;
  /** The decision record, as the access log prints it. */
  record?: Struct | string;
  /** What would have been decided by a candidate, or with what is in shadow, if that differs. */
  would?: Json;
  trace?: Step[];
  /** With a `response` in the request: what the client gets of it. */
  response?: Response;
  /** The list in that response. */
  list?: List;
}

export interface Response {
  status: number;
  headers: Record<string, string | string[]>;
  body?: string;
  /** In place of `body` where that is no UTF-8. */
  bodyBase64?: string;
}

/** The filter did something that must not happen: it trapped, or left the request hanging. */
export class FilterFailure extends Error {}

/** Filter state that the filter sets for the access log: the record, an object or one line of text. */
const STATE = "scopegate";

/** What the filter tells the command line of its decision. */
export interface Told {
  reason: string;
  /** The name of the rule; null: none. */
  rule: string | null;
}

/** Describes what the filter did. Throws FilterFailure. */
export function describe(answer: Answer, { reason, rule }: Told): Result {
  if (answer.trap !== undefined) throw new FilterFailure(`the filter trapped: ${answer.trap}`);
  if (answer.hung) throw new FilterFailure("the filter left the request hanging");
  const { reply } = answer;
  const decision = decisionOf(reason, reply?.status);
  const inBand = decision === "deny" && reply?.status === 200;
  return {
    decision,
    ...(reply && { status: reply.status, headers: joined(reply.headers), body: reply.body }),
    reason,
    rule,
    requiredScopes: inBand ? inBandScopes(reply.body) : challengedScopes(reply?.headers ?? []),
  };
}

/** The decision record; undefined where the policy wants none. */
export function recordOf({ objects, state }: Answer): Struct | string | undefined {
  return objects.get(STATE) ?? state.get(STATE);
}

/** The answer as the client gets it; undefined when the filter answered in its place. */
export function responseOf({ response }: Answer): Response | undefined {
  if (!response) return undefined;
  const { body } = response;
  const text = utf8Text(body);
  // Bytes that are no UTF-8 do not come back from text.
  const isText = binaryString(utf8(text)) === binaryString(body);
  return {
    status: response.status,
    headers: listed(response.headers),
    ...(isText ? { body: text } : { bodyBase64: toBase64(body) }),
  };
}

/** Name → value, or the values of a name that occurs more than once. */
function listed(pairs: Pair[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) headers[name] = name in headers ? [headers[name]!, value].flat() : value;
  return headers;
}

function decisionOf(reason: string, status: number | undefined): Decision {
  if (status === undefined) return "allow";
  const code = Reason[reason as keyof typeof Reason] ?? Reason.host_error;
  if (code < Reason.insufficient_scope && code !== Reason.host_error) return "answer";
  if (isDenial(code) || code === Reason.no_policy || code === Reason.host_error) return "deny";
  return status === 401 ? "unauthenticated" : "reject";
}

function joined(pairs: Pair[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of pairs) headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  return headers;
}

/** The `scope` of the challenge (RFC 6750 section 3); null if there is none. */
function challengedScopes(headers: Pair[]): string[] | null {
  const challenge = headers.find(([name]) => name.toLowerCase() === "www-authenticate")?.[1] ?? "";
  const scope = /(?:^|[ ,])scope="([^"]*)"/.exec(challenge)?.[1];
  return scope === undefined ? null : scope.split(" ");
}

/** The scopes of a denial that is a JSON-RPC error in a 200 (`denial: in-band`); null if it asks for none. */
function inBandScopes(body: string): string[] | null {
  const { error } = JSON.parse(body) as { error?: { data?: { scopes?: string[] } } };
  return error?.data?.scopes ?? null;
}
