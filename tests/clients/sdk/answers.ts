// The replies of the filter that a client may meet in the middle of a session, and the calls that cause them under the
// policy of tests/support/envoy.ts with a token for `echo`.
import type { Call, Era } from "./session.ts";

export interface Answer {
  /** In the path of the request, to tell log lines apart. */
  key: string;
  /** As docs/clients.md names it. */
  title: string;
  /** What the client's user did, for the same page. */
  cause: string;
  eras: readonly Era[];
  /** The policy says `denial: in-band`. */
  inBand?: boolean;
  call: Call;
  status: number;
  reason: string;
  /** What Envoy's reply has in common for every client. */
  message: string;
}

const BOTH = ["legacy", "modern"] as const;
const SUM: Call = { tool: "sum", arguments: { a: 1, b: 2 } };

export const HELLO: Call = { tool: "echo", arguments: { text: "Hello, World!" } };

export const ANSWERS: readonly Answer[] = [
  {
    key: "challenge",
    title: "403 with a challenge",
    cause: "A call for which the token lacks a scope.",
    eras: BOTH,
    call: SUM,
    status: 403,
    reason: "insufficient_scope",
    message: "The token lacks scopes that this call needs.",
  },
  {
    key: "refusal",
    title: "403 without a challenge",
    cause: "A call that no rule allows; more scopes would not help.",
    eras: BOTH,
    call: { tool: "echo", arguments: { text: "Goodbye!" } },
    status: 403,
    reason: "no_rule",
    message: "No rule allows the call; more scopes would not help.",
  },
  {
    key: "ambiguous",
    title: "400, the body",
    cause: "A call with the arguments `text` and `Text`, of which a rule reads one.",
    eras: BOTH,
    call: { tool: "echo", arguments: { text: "Hello, World!", Text: "Goodbye!" } },
    status: 400,
    reason: "ambiguous_key",
    message: "A key in the body differs only by case from one that matters.",
  },
  {
    key: "mismatch",
    title: "400, the headers",
    cause: "A call whose header `Mcp-Name` was changed on its way, so that it contradicts the body (2026-07-28 only).",
    eras: ["modern"],
    call: { ...HELLO, tamper: { "mcp-name": "sum" } },
    status: 400,
    reason: "header_mismatch",
    message: "A header does not match the body.",
  },
  {
    key: "in-band",
    title: "200, in-band denial",
    cause: "A call for which the token lacks a scope, and a policy with `denial: in-band`.",
    eras: BOTH,
    inBand: true,
    call: SUM,
    status: 200,
    reason: "insufficient_scope",
    message: "The token lacks scopes that this call needs.",
  },
];
