// The words of the reference evaluator: a policy as its author wrote it, resolved; a call; who makes it; what comes out.
import type { Node } from "../../scripts/compiler/cel/ast.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Members = { [key: string]: Json };

export type Kind = "tools" | "resources" | "prompts" | "methods";

/** An entry of a target; `when` and `args` may both stand in it. */
export interface Entry {
  kind: Kind;
  name: string;
  backend?: string;
  literal: boolean;
  when?: Node;
  args?: Record<string, Members>;
  onlyArgs: boolean;
}

export interface Claim {
  path: string | string[];
  valueType?: "String" | "StringArray";
  values: string[];
  patterns: string[];
  present: boolean;
}

/** One of these scopes must be held; most have one alternative. Braces make a template. */
export type Alternatives = string[];

export interface Rule {
  name: string;
  action: "Allow" | "Deny" | "Require";
  anonymous: boolean;
  scopes: Alternatives[];
  claims: Claim[];
  ip?: string[];
  principals?: string[];
  /** Absent: every governed call. */
  target?: Entry[];
  when?: Node;
}

export interface Policy {
  name: string;
  resource?: string;
  isRoute: boolean;
  backend: { from?: string; separator: string; name?: string };
  scopeClaims: (string | string[])[];
  /** Scope to what it implies; an item that ends with `*` is a family. */
  implies: Map<string, string[]>;
  /** Scope to the other forms in which tokens have it. */
  issuedAs: Map<string, string[]>;
  govern: string[];
  defaultAction: "Allow" | "Deny";
  includeGranted: boolean;
  baseline?: string[];
  data: Members;
  rules: Rule[];
}

/** A call as the policy sees it. `name` is the tool's name as sent. */
export interface Call {
  method: string;
  name?: string;
  tool?: string;
  backend?: string;
  /** With `isOpen` only its beginning: of a template the literal part in front of the first expression. */
  uri?: string;
  isOpen?: boolean;
  prompt?: string;
  args?: Json;
  meta?: Json;
}

export interface Caller {
  /** null: no token, or one that did not verify. */
  payload: Members | null;
  badToken: boolean;
  /** null: unknown. */
  address: string | null;
  principal: { uri: string[]; dns: string[]; subject?: string };
  /** RFC 3339. */
  time: string;
  headers: Record<string, string[]>;
  host: string;
  path: string;
}

/** All that a decision looks at. `raw`: scopes that the token names, or would after a grant. */
export interface World {
  policy: Policy;
  call: Call;
  caller: Caller;
  token: boolean;
  raw: string[];
  /** What is not known: a list is judged without arguments, a caller without a token may come back with any claims. */
  unknown: { args: boolean; claims: boolean };
}

export interface Verdict {
  decision: "allow" | "deny" | "reject" | "unauthenticated";
  reason: string;
  rule: string | null;
  /** Sorted; null: no challenge. */
  scopes: string[] | null;
  policy?: string;
  /** Where predicates read scopes: all sets of that size that would do. */
  ties?: { rule: string | null; scopes: string[] }[];
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own member; `constructor` and its like are none. */
export function memberOf(value: Json | undefined, key: string): Json | undefined {
  return isMembers(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
