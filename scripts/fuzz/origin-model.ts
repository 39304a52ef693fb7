// The second policy of the header suite: rules about where a call comes from, for callers without a token, requirements,
// alternatives, and scopes that depend on a claim; docs/policy.md on these as plain functions. Nothing here is shared with
// the filter.
import type { Certificate, Json, Struct } from "../simulate/host.ts";
import { isAddress, isInRange } from "./addresses.ts";

/** Where a call comes from. */
export interface Origin {
  /** With the port, as the host tells it; null: the host does not know it. */
  address: string | null;
  certificate?: Certificate;
}

const INSIDE = ["10.0.0.0/8", "2001:db8::/32"];
const BANNED = ["10.6.0.0/16", "2001:db8:bad::/48"];
const AGENTS = ["spiffe://corp.example/agents/*", "db.corp.example"];
const ROGUES = ["*/rogue*"];
const tools = (...names: unknown[]): object => ({ target: { tools: names } });

export const ORIGIN_TOOLS = [
  ...["public", "inner", "guarded", "office", "agent", "report", "either", "tenant", "drop", "vpn"],
  "other",
];
/** Tools whose callers have two names to be known by: one that cannot be read may not matter. */
export const TWICE_NAMED = ["agent", "report"];

export const ORIGIN_SCOPES = { admin: { implies: ["a", "b", "t:*"] }, mfa: { issuedAs: ["otp"] }, suspended: {} };
export const ORIGIN_RULES = [
  { name: "open", source: { anonymous: true }, ...tools("public", "guarded") },
  { name: "inside", action: "Require", source: { ip: INSIDE }, ...tools("inner", "drop") },
  { name: "banned", action: "Deny", source: { ip: BANNED }, ...tools("office", "either") },
  { name: "rogue", action: "Deny", source: { principals: ROGUES }, ...tools("agent", "report") },
  { name: "suspended", action: "Deny", source: { jwt: { scopes: ["suspended"] } } },
  { name: "inner", source: { anonymous: true }, ...tools("inner") },
  { name: "office", source: { jwt: { scopes: ["a"] }, ip: INSIDE }, ...tools("office") },
  { name: "agent", source: { principals: AGENTS, jwt: { scopes: ["b"] } }, ...tools("agent") },
  { name: "report", source: { principals: AGENTS, anonymous: true }, ...tools("report") },
  { name: "either", source: { jwt: { scopes: ["b", { anyOf: ["a", "no"] }] } }, ...tools("either") },
  { name: "tenant", source: { jwt: { scopes: ["t:{jwt.claims.tenant}"] } }, ...tools("tenant") },
  { name: "drop", source: { jwt: { scopes: ["a"] } }, ...tools("drop") },
  { name: "vpn", ...tools({ tool: "vpn", when: 'cidr("10.0.0.0/8").containsIP(source.address)' }) },
  { name: "mfa", action: "Require", source: { jwt: { scopes: ["mfa"] } }, ...tools("guarded", "drop") },
];

/** The claims that these rules read. */
export const ORIGIN_CLAIMS = ["tenant"];

/** The verdict on a caller without a token, who has not sent one that did not verify either. */
export function judgeNobody(tool: string, origin: Origin): "allow" | "deny" | "unauthenticated" {
  if (tool === "public") return "allow";
  if (tool === "inner") return comesFrom(origin, INSIDE, false) ? "allow" : "deny";
  if (tool !== "report" || !isNamed(origin, AGENTS, false)) return "unauthenticated";
  return isNamed(origin, ROGUES, true) ? "deny" : "allow";
}

/** Whether a call is allowed whose token has these scopes, without those that others imply, and these claims. */
export function allowsFrom(tool: string, origin: Origin, held: Set<string>, payload: Struct): boolean {
  const has = (scope: string): boolean => held.has(scope) || (held.has("admin") && /^(a|b|t:.*)$/.test(scope));
  const mfa = held.has("mfa") || held.has("otp");
  const inside = comesFrom(origin, INSIDE, false);
  const banned = comesFrom(origin, BANNED, true);
  const agent = isNamed(origin, AGENTS, false) && !isNamed(origin, ROGUES, true);
  const value = templateValue(payload["tenant"]);
  const allowed: Record<string, boolean> = {
    public: true,
    inner: inside,
    guarded: mfa,
    office: inside && !banned && has("a"),
    agent: agent && has("b"),
    report: agent,
    either: !banned && has("b") && (has("a") || has("no")),
    tenant: value !== undefined && has(`t:${value}`),
    drop: inside && mfa && has("a"),
    vpn: comesFrom(origin, ["10.0.0.0/8"], false),
  };
  // "open" stands before "suspended".
  return (allowed[tool] ?? false) && (!held.has("suspended") || ["public", "guarded"].includes(tool));
}

/** `unknown`: what an address that nobody knows counts as. */
function comesFrom({ address }: Origin, ranges: readonly string[], unknown: boolean): boolean {
  const text = (address ?? "").replace(/:[^:]*$|^[^:]*$/, "").replace(/^\[(.*)\]$/s, "$1");
  if (text.includes("%") || !isAddress(text)) return unknown;
  return ranges.some((range) => isInRange(text, range));
}

const MAX_NAME = 1024;

/** `unknown`: what a name that is too long to be read counts as. */
function isNamed({ certificate }: Origin, patterns: readonly string[], unknown: boolean): boolean {
  return [certificate?.uri ?? "", certificate?.dns ?? ""].some((name) => {
    if (Buffer.byteLength(name) > MAX_NAME) return unknown;
    return name !== "" && patterns.some((pattern) => fits(name, pattern));
  });
}

function fits(name: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return name === first;
  const last = rest.pop()!;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let left = name.slice(first.length, name.length - last.length);
  return rest.every((part) => {
    const at = left.indexOf(part);
    left = left.slice(at + part.length);
    return at >= 0;
  });
}

function templateValue(value: Json | undefined): string | undefined {
  if (typeof value === "string") return /^[A-Za-z0-9._~-]{1,64}$/.test(value) ? value : undefined;
  return Number.isSafeInteger(value) && (value as number) >= 0 ? String(value) : undefined;
}
