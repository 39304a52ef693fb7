// From a document (Policy or MCPRoute) to the resolved policy. Right documents only: what is wrong with one is the
// compiler's to say.
import { parse } from "../../scripts/compiler/cel/parser.ts";
import { Problems } from "../../scripts/compiler/cel/problems.ts";
import type { Node } from "../../scripts/compiler/cel/ast.ts";
import type { Alternatives, Claim, Entry, Kind, Members, Policy, Rule } from "./model.ts";

type Raw = any; // eslint-disable-line @typescript-eslint/no-explicit-any -- a document is what its author wrote

const KINDS: Record<Kind, string[]> = {
  tools: ["tool", "toolName"],
  resources: ["uri"],
  prompts: ["prompt", "name"],
  methods: ["method"],
};
const EVERY_KIND = ["tools", "resources", "prompts", "completion", "subscriptions", "tasks", "methods"];

/** The policy of a document of either kind. */
export function readPolicy(document: object): Policy {
  return (document as Raw).kind === "MCPRoute" ? readRoute(document) : readOwn(document);
}

function readOwn(document: Raw): Policy {
  const groups = document.groups ?? {};
  const scopes = Object.entries<Raw>(document.scopes ?? {});
  const listed = (member: string): Map<string, string[]> =>
    new Map(scopes.map(([name, declared]) => [name, declared?.[member] ?? []]));
  return {
    name: document.metadata?.name ?? "policy",
    resource: document.resource,
    isRoute: false,
    backend: { separator: "__", ...document.backend },
    scopeClaims: document.jwt?.scopeClaims ?? ["scope", "scp"],
    implies: listed("implies"),
    issuedAs: listed("issuedAs"),
    govern: document.govern ?? EVERY_KIND,
    defaultAction: document.defaultAction ?? "Deny",
    includeGranted: document.challenge?.include === "granted",
    data: document.data ?? {},
    rules: (document.rules ?? []).map((rule: Raw, i: number) => readRule(rule, i, groups)),
  };
}

/** MCPRoute: only tools are governed, claims are strict, and without `authorization` every call passes. */
function readRoute(document: Raw): Policy {
  const { oauth, authorization } = document.spec?.securityPolicy ?? {};
  const rules: Rule[] = (authorization?.rules ?? []).map((rule: Raw, i: number) => readRule(rule, i, {}));
  for (const claim of rules.flatMap(({ claims }) => claims)) claim.valueType ??= "String";
  return {
    ...readOwn({ metadata: document.metadata, backend: { from: "toolPrefix" }, govern: ["tools"] }),
    isRoute: true,
    resource: oauth?.protectedResourceMetadata?.resource,
    baseline: oauth?.protectedResourceMetadata?.scopesSupported ?? [],
    defaultAction: authorization ? (authorization.defaultAction ?? "Deny") : "Allow",
    rules,
  };
}

function readRule(rule: Raw, index: number, groups: Raw): Rule {
  const { jwt, ip, principals, anonymous } = rule.source ?? {};
  return {
    name: rule.name ?? `rule[${index}]`,
    action: rule.action ?? "Allow",
    anonymous: anonymous ?? false,
    scopes: (jwt?.scopes ?? []).map((scope: Raw): Alternatives => (typeof scope === "string" ? [scope] : scope.anyOf)),
    claims: (jwt?.claims ?? []).map(readClaim),
    ip,
    principals,
    target: rule.target && readTarget(rule.target, groups),
    when: readWhen(rule.when ?? rule.cel),
  };
}

function readClaim(claim: Raw): Claim {
  const { name, valueType, values = [], patterns = [], present = false } = claim;
  return { path: name, valueType, values, patterns, present };
}

function readTarget(target: Raw, groups: Raw): Entry[] {
  const own = (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
    (target[kind] ?? []).map((entry: Raw) => readEntry(kind, entry)),
  );
  return [...own, ...(target.groups ?? []).flatMap((name: string) => readTarget(groups[name], {}))];
}

function readEntry(kind: Kind, entry: Raw): Entry {
  if (typeof entry === "string") return { kind, name: entry, literal: false, onlyArgs: false };
  const name: string = KINDS[kind].map((key) => entry[key]).find((text) => text !== undefined);
  const { backend, literal = false, onlyArgs = false } = entry;
  return { kind, name, backend, literal, onlyArgs, when: readWhen(entry.when), args: entry.args };
}

const nodes = new Map<string, Node>();

/** The syntax tree of a predicate. Throws when it is none. */
export function readWhen(text: string | undefined): Node | undefined {
  if (text === undefined) return undefined;
  const node = nodes.get(text) ?? parse(text.trim(), new Problems());
  if (!node) throw new Error(`not a predicate: ${text}`);
  nodes.set(text, node);
  return node;
}

/** A JSON object of a document or a payload. */
export const members = (value: unknown): Members => (value ?? {}) as Members;
