// The policy as the compiler sees it, whichever document it came from.
import {
  Action,
  BackendFrom,
  ClaimType,
  Kind,
  DEFAULT_MAX_BODY,
  DEFAULT_MAX_DEPTH,
  DEFAULT_MAX_LIST,
  SenderConstrained,
} from "../../../assembly/program.ts";
import { defaultLists, type Lists } from "./lists.ts";
import { defaultRecord, type RecordSettings } from "./record.ts";
import type { Place } from "../source/document.ts";
import type { Hint } from "../lock/lock.ts";
import type { Drift, LockReference } from "../lock/locks.ts";
import type { Datum } from "./data.ts";
import type { TextTree } from "../source/shape.ts";
import { isOpenMethod } from "./methods.ts";
import { covers, type Stars } from "./stars.ts";
import type { Term } from "./terms.ts";
import { GOVERNED } from "./words.ts";

export interface Policy {
  kind: "Policy" | "MCPRoute";
  /** metadata.name */
  name: string;
  /** RFC 9728 `resource`. */
  resource?: string;
  resourceName?: string;
  /** URL of the metadata document. */
  resourceMetadata?: string;
  authorizationServers: string[];
  /** Audiences that jwt_authn should check (MCPRoute only). */
  audiences: string[];
  /** Keys in jwt_authn's metadata under which the payload may be stored, in order. */
  metadataKeys: string[];
  /** The claims that have the token's scopes; paths as for claims. */
  scopeClaims: (string | string[])[];
  /** What becomes of tokens with a `cnf`. */
  senderConstrained: SenderConstrained;
  /** The filter serves the metadata document. */
  metadataDocument: boolean;
  /** `scopes_supported` as given; undefined: derived. */
  scopesSupported?: string[];
  /** Declared scopes and what each implies, not yet closed. */
  scopes: Map<string, ScopeDeclaration>;
  backend: { from: BackendFrom; text: string };
  /** `data`, and what `dataFile` adds. */
  data: Map<string, Datum>;
  dataFile?: { file: string; place: Place };
  groups: Map<string, Group>;
  govern: Kind[];
  defaultAction: Action;
  rules: Rule[];
  includeGranted: boolean;
  denial: Denial;
  lenientHeaders: boolean;
  record: RecordSettings;
  /** Calls pass that would be denied. */
  shadow: boolean;
  /** steps 0: auto, by the size of the request. */
  limits: { body: number; depth: number; steps: number; list: number };
  lists: Lists;
  /** limit 0: off; window in seconds. */
  loop: { limit: number; window: number };
  transport: { stream: Action; session: Action; preflight: Action };
  /** Locks that the policy is checked against. */
  locks: LockReference[];
  /** What becomes of tools in a live list that are not as in the lock. */
  drift: Drift;
}

/** How a denial is answered: by HTTP, in a 200, or by HTTP where a challenge helps. */
export type Denial = "http" | "in-band" | "mixed";

interface ScopeDeclaration {
  place: Place;
  /** Scopes, and families: `repo:*`. */
  implies: TextTree[];
  /** What tokens have in its place. */
  issuedAs: TextTree[];
}

export interface Rule {
  /** The name, or `rule[3]` (counted from 0). */
  name: string;
  place: Place;
  action: Action;
  /** For how many of 100 subjects it is enforced; 0: in shadow. */
  mode: number;
  scopes: Term[];
  claims: Claim[];
  /** It holds without a token, too. */
  anonymous?: boolean;
  /** Ranges that the caller's address must be in one of, as the filter compares them (ranges.ts). */
  ranges?: Uint8Array[];
  /** What a name of the caller's certificate must be. */
  principals?: Principal[];
  /** undefined: any call. */
  targets?: Target[];
  when?: TextTree;
}

export interface Principal {
  name: string;
  stars?: Stars;
  place: Place;
}

export interface Claim {
  /** Looked up as it is written, then as a dotted path; a list is the path itself. */
  name: string | string[];
  type: ClaimType;
  values: string[];
  /** With stars. */
  patterns: string[];
  /** The place of `values`, or of what stands in their place. */
  place: Place;
  /** The claim says `literal: true`. */
  literal?: boolean;
}

export interface Target {
  /** Tool, Resource, Prompt or Method. */
  kind: Kind;
  /** undefined: any, or none. */
  backend?: string;
  backendStars?: Stars;
  /** As written. */
  name: string;
  /** undefined: the name is compared as it is. */
  stars?: Stars;
  /** The entry says `literal: true`. */
  literal?: boolean;
  place: Place;
  when?: TextTree;
  /** `args` and `onlyArgs`, as a predicate. */
  args?: TextTree;
  /** In place of a name: the tools that the locks say this of. Only until the locks are open. */
  annotations?: ReadonlyMap<Hint, boolean>;
}

/** Targets by a name. */
export interface Group {
  place: Place;
  targets: Target[];
  used: boolean;
}

/** The rules as they are tried: what is required comes before all else. */
export function inOrder(rules: readonly Rule[]): Rule[] {
  const isRequired = ({ action }: Rule): boolean => action === Action.Require;
  return [...rules.filter(isRequired), ...rules.filter((rule) => !isRequired(rule))];
}

/** The predicate of an entry: its `args` and its `when`. */
export function conditionOf({ args, when }: Pick<Target, "args" | "when">): TextTree | undefined {
  if (!args || !when) return args ?? when;
  return { path: when.path, span: when.span, kind: "text", value: `(${args.value}) && (${when.value}\n)` };
}

/** All targets, each once: those of a group may be in several rules. */
export function targetsOf({ rules }: Policy): Target[] {
  return [...new Set(rules.flatMap((rule) => rule.targets ?? []))];
}

/** Whether every call of `narrow` is one of `broad`, which has a star. */
export function takesIn(broad: Target, narrow: Target): boolean {
  if (broad.kind !== narrow.kind) return false;
  if (broad.kind === Kind.Method && broad.stars && !isOpenMethod(narrow.name)) return false;
  const name = broad.stars
    ? covers(broad.stars, narrow.name, narrow.stars)
    : !narrow.stars && broad.name === narrow.name;
  if (!name || broad.backend === undefined) return name;
  if (narrow.backend === undefined) return false;
  if (broad.backendStars) return covers(broad.backendStars, narrow.backend, narrow.backendStars);
  return !narrow.backendStars && broad.backend === narrow.backend;
}

/** A policy with all defaults. */
export function emptyPolicy(kind: Policy["kind"]): Policy {
  return {
    kind,
    name: "policy",
    authorizationServers: [],
    audiences: [],
    metadataKeys: ["mcp"],
    scopeClaims: ["scope", "scp"],
    senderConstrained: SenderConstrained.Refuse,
    metadataDocument: false,
    scopes: new Map(),
    backend: { from: BackendFrom.None, text: "" },
    data: new Map(),
    groups: new Map(),
    govern: Object.values(GOVERNED),
    defaultAction: Action.Deny,
    rules: [],
    includeGranted: false,
    denial: "http",
    lenientHeaders: false,
    record: defaultRecord(),
    shadow: false,
    limits: { body: DEFAULT_MAX_BODY, depth: DEFAULT_MAX_DEPTH, steps: 0, list: DEFAULT_MAX_LIST },
    lists: defaultLists(),
    loop: { limit: 3, window: 300 },
    transport: { stream: Action.Allow, session: Action.Allow, preflight: Action.Allow },
    locks: [],
    drift: "count",
  };
}
