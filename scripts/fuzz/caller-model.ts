// What the policy of the header suite says about a caller, and which headers must be refused: docs/wire-profile.md and
// docs/policy.md as plain functions. Nothing here is shared with the filter.
import type { Json, Struct } from "../simulate/host.ts";
import { bytesOf, type Header } from "./caller.ts";
import { allowsFrom, judgeNobody, ORIGIN_CLAIMS, ORIGIN_RULES, ORIGIN_SCOPES, type Origin } from "./origin-model.ts";

export type Verdict = "allow" | "deny" | "reject" | "unauthenticated";

export interface Call {
  httpMethod: string;
  method: string;
  name: string;
  /** `_meta["io.modelcontextprotocol/protocolVersion"]` */
  version?: string;
  notification: boolean;
  body: boolean;
}

const RULES = [
  { name: "suspended", action: "Deny", source: { jwt: { scopes: ["suspended"] } } },
  { name: "ab", source: { jwt: { scopes: ["a", "b"] } }, target: { tools: ["ab"] } },
  { name: "open", target: { tools: ["open"] } },
  { name: "no", target: { tools: [{ tool: "no", when: '!("no" in jwt.scopes) && "a" in jwt.scopes' }] } },
  { name: "team", target: { tools: [{ tool: "team", when: 'request.headers["x-team"].matches("^[a-c]+$")' }] } },
  { name: "teams", target: { tools: [{ tool: "teams", when: 'request.headers_all["x-team"].exists(t, t == "b")' }] } },
];

const CLAIM_RULES = [
  {
    name: "blocked",
    action: "Deny",
    source: { jwt: { claims: [{ name: "blocked", valueType: "StringArray", values: ["yes"] }] } },
  },
  { name: "unit", source: { jwt: { claims: [{ name: "org.unit", values: ["eng"] }] } }, target: { tools: ["unit"] } },
  {
    name: "groups",
    source: { jwt: { claims: [{ name: "groups", valueType: "StringArray", values: ["g1", "g2"] }] } },
    target: { tools: ["groups"] },
  },
  { name: "level", target: { tools: [{ tool: "level", when: "jwt.claims.level >= 3" }] } },
];

/** What the rules are about; if none of them names claims, the filter reads only the scopes. */
export type Topic = "scopes" | "claims" | "origin";

export interface Caller {
  headers: Header[];
  /** null: no token. */
  payload: Struct | null;
  claims: boolean;
  /** With it, the rules are those about where a call comes from. */
  origin?: Origin;
}

export function topicOf({ claims, origin }: Caller): Topic {
  return origin ? "origin" : claims ? "claims" : "scopes";
}

const SCOPES = { admin: { implies: ["a", "b"] }, a: {}, b: {}, suspended: {} };
const TOPICS: Record<Topic, { scopes: object; rules: object[] }> = {
  scopes: { scopes: SCOPES, rules: RULES },
  claims: { scopes: SCOPES, rules: [...CLAIM_RULES.slice(0, 1), ...RULES, ...CLAIM_RULES.slice(1)] },
  origin: { scopes: ORIGIN_SCOPES, rules: ORIGIN_RULES },
};

export function policyAbout(topic: Topic): object {
  const metadata = { name: "callers" };
  return { apiVersion: "scopegate/v1", kind: "Policy", metadata, loop: "off", ...TOPICS[topic] };
}

/** The claims that the rules read, and how deep each may be; other claims may be anything. */
const READ_CLAIMS: Record<Topic, string[]> = {
  scopes: [],
  claims: ["blocked", "org", "org.unit", "groups", "level"],
  origin: ORIGIN_CLAIMS,
};
const MAX_CLAIM_DEPTH = 64;

export function judgeCaller(call: Call, caller: Caller): Verdict {
  const { headers, payload, origin } = caller;
  // Whoever sends a token that does not verify is not taken for one without.
  const nobody = payload === null && origin !== undefined && valuesOf(headers, "authorization").length === 0;
  const refused = judgeHead(call, headers, payload !== null || (nobody && call.httpMethod === "GET"));
  if (refused) return refused;
  const preflight = call.httpMethod === "OPTIONS";
  if (payload === null && !nobody) return preflight ? "allow" : "unauthenticated";
  if (call.httpMethod !== "POST") return "allow";
  return judgeCall(call, caller);
}

function judgeCall(call: Call, caller: Caller): Verdict {
  const { headers, payload, origin } = caller;
  if (!valuesOf(headers, "mcp-protocol-version").every((version) => REVISIONS.includes(version))) return "reject";
  const read = READ_CLAIMS[topicOf(caller)];
  if (read.some((name) => depthOf(payload?.[name] ?? null) > MAX_CLAIM_DEPTH)) return "unauthenticated";
  if (!mirrorsAgree(call, headers)) return "reject";
  if (payload === null) return judgeNobody(call.name, origin!);
  const allowed = origin
    ? allowsFrom(call.name, origin, scopesOf(payload), payload)
    : allows(call.name, caller, payload);
  return allowed ? "allow" : "deny";
}

const valuesOf = (headers: Header[], name: string): string[] =>
  headers.filter(([key]) => key === name).map(([, value]) => value);

const REVISIONS = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"];
const ONCE = [
  "content-type",
  "content-encoding",
  "authorization",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
];

/** `known`: the caller need not show a token, or has. */
function judgeHead({ httpMethod, body }: Call, headers: Header[], known: boolean): Verdict | undefined {
  const [type] = valuesOf(headers, "content-type");
  const [encoding = "identity"] = valuesOf(headers, "content-encoding");
  if (headers.some(([name]) => name === "upgrade" || name === ":protocol")) return "reject";
  if (ONCE.some((name) => valuesOf(headers, name).length > 1)) return "reject";
  if (["GET", "DELETE", "OPTIONS"].includes(httpMethod)) {
    // The headers of GET and DELETE are enough for a 401; a body is seen later.
    if (!known && httpMethod !== "OPTIONS") return "unauthenticated";
    return body ? "reject" : undefined;
  }
  if (httpMethod !== "POST" || type === undefined || !isJson(type) || encoding.toLowerCase() !== "identity")
    return "reject";
  return body ? undefined : "reject";
}

/** application/json with no charset other than UTF-8, and parameters of plain characters only. */
function isJson(type: string): boolean {
  const [media = "", ...parameters] = type.split(";").map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ""));
  if (media.toLowerCase() !== "application/json" || /^[ \t]/.test(type)) return false;
  if (parameters.at(-1) === "") parameters.pop();
  const charsets = parameters.filter((part) => /^charset/i.test(part));
  return (
    parameters.every((part) => /^[!-+\--~]+$/.test(part)) &&
    charsets.length <= 1 &&
    charsets.every((part) => /^charset=(utf-?8|"utf-8")$/i.test(part))
  );
}

function mirrorsAgree({ method, name, version, notification }: Call, headers: Header[]): boolean {
  const [declared] = valuesOf(headers, "mcp-protocol-version");
  if (declared === undefined) return version === undefined || version < "2026-07-28";
  if (version !== undefined && version !== declared) return false;
  if (declared < "2026-07-28") return true;
  const [[mirrored], [named]] = [valuesOf(headers, "mcp-method"), valuesOf(headers, "mcp-name")];
  if (version === undefined && !notification) return false;
  if (mirrored === undefined) return notification;
  if (mirrored !== method) return false;
  return named === undefined ? notification : decoded(named) === bytesOf(name);
}

function decoded(header: string): string | undefined {
  const trimmed = header.replace(/^ +| +$/g, "");
  const [, base64] = /^=\?base64\?(.*)\?=$/.exec(trimmed) ?? [];
  if (base64 === undefined) return trimmed;
  return /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64) && base64 !== ""
    ? Buffer.from(base64, "base64").toString("latin1")
    : undefined;
}

function depthOf(value: Json): number {
  if (value === null || typeof value !== "object") return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function scopesOf({ scope, scp }: Struct): Set<string> {
  const held = [scope, scp].flatMap((value) =>
    typeof value === "string" ? value.split(/[\t-\r ]+/) : Array.isArray(value) ? value : [],
  );
  const names = new Set(held.filter((item): item is string => typeof item === "string" && item !== ""));
  return names.has("admin") ? new Set([...names, "a", "b"]) : names;
}

const isListed = (value: Json | undefined, ...names: string[]): boolean =>
  typeof value === "string" && names.includes(value);
const holdsOne = (value: Json | undefined, ...names: string[]): boolean =>
  Array.isArray(value) ? value.some((item) => isListed(item, ...names)) : isListed(value, ...names);

function unitOf(payload: Struct): Json | undefined {
  if (Object.hasOwn(payload, "org.unit")) return payload["org.unit"];
  const { org } = payload;
  return typeof org === "object" && org !== null && !Array.isArray(org) ? org["unit"] : undefined;
}

function allows(tool: string, { headers, claims }: Caller, payload: Struct): boolean {
  const scopes = scopesOf(payload);
  const teams = valuesOf(headers, "x-team");
  if (scopes.has("suspended") || (claims && holdsOne(payload["blocked"], "yes"))) return false;
  const { level } = payload;
  const allowed: Record<string, boolean> = {
    ab: scopes.has("a") && scopes.has("b"),
    open: true,
    no: !scopes.has("no") && scopes.has("a"),
    team: /^[a-c]+$/.test(teams[0] ?? ""),
    teams: teams.includes("b"),
    unit: claims && holdsOne(unitOf(payload), "eng"),
    groups: claims && holdsOne(payload["groups"], "g1", "g2"),
    level: claims && typeof level === "number" && level >= 3,
  };
  return allowed[tool] ?? false;
}
