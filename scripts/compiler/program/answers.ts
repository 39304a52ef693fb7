// The replies of the filter, prepared: for each reason its counter, its JSON-RPC error and its headers. The filter adds
// what depends on the request (the scopes of a challenge, the rule, the id).
//
// WWW-Authenticate (RFC 6750 section 3, RFC 9728 section 5.1): every value is quoted, none is empty, and because two
// SDKs take the first `scope=` they find, nothing free-form comes before it.
import { Action, isDenial, isPass, MAX_CHALLENGE, Reason, Section, Setting } from "../../../assembly/program.ts";
import { encodePairs, type Pair } from "../../wire.ts";
import type { Policy } from "../policy/policy.ts";
import { MESSAGES } from "./reasons.ts";
import type { ProgramWriter } from "./writer.ts";
import { utf8Length } from "../../bytes.ts";

export type Code = Exclude<Reason, Reason.Count>;
type Settings = (setting: Setting, ...words: readonly number[]) => void;

/** HTTP status by Reason. What is forwarded has none of its own: 200 stands for the server's. */
export const STATUS: Record<Code, number> = {
  [Reason.host_error]: 500,
  [Reason.allowed]: 200,
  [Reason.default_allow]: 200,
  [Reason.not_governed]: 200,
  [Reason.lifecycle]: 200,
  [Reason.response]: 200,
  [Reason.stream]: 200,
  [Reason.session_end]: 200,
  [Reason.preflight]: 200,
  [Reason.shadowed]: 200,
  [Reason.metadata_document]: 200,
  [Reason.insufficient_scope]: 403,
  [Reason.rule_denied]: 403,
  [Reason.no_rule]: 403,
  [Reason.requirement_unmet]: 403,
  [Reason.challenge_loop]: 403,
  [Reason.no_token]: 401,
  [Reason.invalid_token]: 401,
  [Reason.not_json]: 400,
  [Reason.invalid_utf8]: 400,
  [Reason.duplicate_key]: 400,
  [Reason.ambiguous_key]: 400,
  [Reason.too_deep]: 400,
  [Reason.too_many_members]: 400,
  [Reason.number_range]: 400,
  [Reason.not_jsonrpc]: 400,
  [Reason.invalid_id]: 400,
  [Reason.invalid_params]: 400,
  [Reason.batch]: 400,
  [Reason.unsupported_version]: 400,
  [Reason.header_mismatch]: 400,
  [Reason.repeated_header]: 400,
  [Reason.empty_body]: 400,
  [Reason.unexpected_body]: 400,
  [Reason.body_too_large]: 413,
  [Reason.content_type]: 415,
  [Reason.content_encoding]: 415,
  [Reason.method_not_allowed]: 405,
  [Reason.upgrade]: 400,
  [Reason.early_answer]: 502,
  [Reason.lone_surrogate]: 400,
  [Reason.sender_constrained]: 401,
  [Reason.no_policy]: 403,
};

const DESCRIPTION = 'error_description="This call needs more scopes than the token has"';

const JSON_BODY: Pair[] = [
  ["content-type", "application/json"],
  ["cache-control", "no-store"],
];
const DOCUMENT: Pair[] = [
  ["content-type", "application/json"],
  ["cache-control", "public, max-age=3600"],
  ["access-control-allow-origin", "*"],
  ["access-control-allow-methods", "GET, HEAD, OPTIONS"],
  ["access-control-allow-headers", "*"],
];

/** Writes the replies; `initialScopes` is the `scope` of a 401. */
export function addAnswers(writer: ProgramWriter, policy: Policy, initialScopes: string, put: Settings): void {
  for (let reason = 0; reason < Reason.Count; reason++) {
    const code = reason as Code;
    writer.add(Section.Reasons, [
      ...names(writer, outcomeOf(code), code),
      ...writer.text(STATUS[code] === 200 ? "" : `${errorCode(code)},"message":"${MESSAGES[code]}`),
      ...writer.raw(encodePairs(headersOf(code, policy, initialScopes))),
      isInBand(code, policy) ? 200 : STATUS[code],
    ]);
  }
  const counted = names(writer, "lenient", Reason.header_mismatch);
  writer.add(Section.Reasons, [...counted, ...writer.text(""), ...writer.raw(encodePairs([])), 0]);
  addChallenge(writer, policy, put);
  addAsking(writer, policy, put);
}

/** Whether a reason is answered with a 200 that has a JSON-RPC error. */
function isInBand(reason: Code, { denial }: Policy): boolean {
  return isDenial(reason) && (denial === "in-band" || (denial === "mixed" && reason !== Reason.insufficient_scope));
}

/** Name and counter of a reason; the counter's name ends with the reason's. */
function names(writer: ProgramWriter, outcome: string, reason: Code): number[] {
  const name = Reason[reason]!;
  const [at, length] = writer.text(`scopegate.${outcome}.${name}`);
  return [at + length - name.length, name.length, at, length];
}

/** The challenge of insufficient_scope, in two halves around the scopes. */
function addChallenge(writer: ProgramWriter, { resourceMetadata, denial }: Policy, put: Settings): void {
  put(Setting.ScopesEnd, ...writer.text(resourceMetadata ? `],"resourceMetadata":"${resourceMetadata}"` : "]"));
  put(Setting.Challenge, ...writer.text(undefined));
  if (denial === "in-band") return;
  const begin = 'Bearer error="insufficient_scope", scope="';
  const metadata = resourceMetadata ? `resource_metadata="${resourceMetadata}", ` : "";
  const end = `", ${metadata}${DESCRIPTION}`;
  const list = encodePairs([...JSON_BODY, ["www-authenticate", begin + end]]);
  put(Setting.Challenge, ...writer.raw(list));
  put(Setting.AfterScopes, utf8Length(end) + 1);
}

/** The 401 of a call without a token, where a policy has rules for those: in two halves around the scopes, and without any. */
function addAsking(writer: ProgramWriter, { resourceMetadata, rules }: Policy, put: Settings): void {
  const isOpen = rules.some(({ anonymous }) => anonymous);
  const bare = encodePairs([...JSON_BODY, ["www-authenticate", unauthenticated(false, resourceMetadata, "")]]);
  put(Setting.Bare, ...(isOpen ? writer.raw(bare) : writer.text(undefined)));
  const metadata = resourceMetadata ? `resource_metadata="${resourceMetadata}", ` : "";
  const asking = encodePairs([...JSON_BODY, ["www-authenticate", `Bearer ${metadata}scope=""`]]);
  put(Setting.Asking, ...(isOpen ? writer.raw(asking) : writer.text(undefined)));
  put(Setting.AfterAsked, isOpen ? 2 : 0); // the quote, and the NUL after the value
}

function headersOf(reason: Code, policy: Policy, initialScopes: string): Pair[] {
  if (reason === Reason.metadata_document) return DOCUMENT;
  if (reason === Reason.method_not_allowed) return [...JSON_BODY, ["allow", allowedMethods(policy.transport)]];
  if (STATUS[reason] !== 401) return JSON_BODY;
  const challenge = unauthenticated(reason !== Reason.no_token, policy.resourceMetadata, initialScopes);
  return challenge.length > MAX_CHALLENGE ? JSON_BODY : [...JSON_BODY, ["www-authenticate", challenge]];
}

/** RFC 9110 section 10.2.1: the methods that the policy lets through. */
function allowedMethods({ stream, session, preflight }: Policy["transport"]): string {
  const methods = { POST: Action.Allow, GET: stream, DELETE: session, OPTIONS: preflight };
  return Object.entries(methods)
    .flatMap(([method, action]) => (action === Action.Allow ? [method] : []))
    .join(", ");
}

/** RFC 6750 section 3.1: no error code if the request had no credentials. */
function unauthenticated(invalid: boolean, resourceMetadata: string | undefined, scopes: string): string {
  const parameters = [
    ...(invalid ? ['error="invalid_token"'] : []),
    ...(resourceMetadata ? [`resource_metadata="${resourceMetadata}"`] : []),
    ...(scopes ? [`scope="${scopes}"`] : []),
  ];
  return `Bearer ${parameters.join(", ") || 'realm="mcp"'}`;
}

/** The middle of a counter's name (docs/reasons.md). */
function outcomeOf(reason: Code): string {
  if (reason === Reason.metadata_document) return "answered";
  if (isPass(reason)) return "allowed";
  if (isDenial(reason) || reason === Reason.no_policy) return "denied";
  return STATUS[reason] === 401 ? "unauthenticated" : "rejected";
}

/** Code of the JSON-RPC error. */
function errorCode(reason: Code): number {
  if (reason === Reason.header_mismatch) return -32020;
  if (reason === Reason.unsupported_version) return -32022;
  if (reason === Reason.invalid_params) return -32602;
  if ((reason >= Reason.not_json && reason <= Reason.number_range) || reason === Reason.lone_surrogate) return -32700;
  const status = STATUS[reason];
  return [401, 403, 500, 502].includes(status) ? status : -32600;
}
