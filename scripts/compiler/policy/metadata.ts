// The protected resource metadata document (RFC 9728) and the scopes a client should start with.
import { Action } from "../../../assembly/program.ts";
import { isFamily, type Closures } from "./hierarchy.ts";
import type { Policy } from "./policy.ts";
import type { Term } from "./terms.ts";

/** Where metadata documents are (RFC 9728 section 3). */
export const WELL_KNOWN = "/.well-known/oauth-protected-resource";
/** Asks for a refresh token; resource servers should not name it (MCP 2026-07-28, Refresh Tokens). */
const OFFLINE = "offline_access";

/** RFC 9728 section 3.1: the well-known part goes between the authority and the path; a trailing slash is dropped. */
export function wellKnownUrl(resource: string): string {
  const [, origin = "", path = "", query = ""] = /^([^/]+\/\/[^/?]+)([^?]*)(.*)$/.exec(resource) ?? [];
  return origin + WELL_KNOWN + path.replace(/\/$/, "") + query;
}

/** Request paths at which the document is served: for the resource's path and for the root, each also with a slash at its end. */
export function documentPaths(policy: Policy): string[] {
  if (!policy.metadataDocument || !policy.resource) return [];
  const resource = new URL(policy.resource);
  const paths = [WELL_KNOWN + resource.pathname, WELL_KNOWN];
  const advertised = policy.resourceMetadata && new URL(policy.resourceMetadata);
  if (advertised && advertised.host === resource.host && advertised.pathname.startsWith("/.well-known/"))
    paths.push(advertised.pathname);
  const bare = [...new Set(paths.map((path) => path.replace(/\/$/, "")))];
  return bare.flatMap((path) => [path, `${path}/`]);
}

/** The document as JSON; `scopes` are its `scopes_supported`. */
export function metadataDocument(policy: Policy, scopes: readonly string[]): string {
  return JSON.stringify({
    resource: policy.resource,
    authorization_servers: policy.authorizationServers,
    scopes_supported: scopes.length > 0 ? scopes : undefined,
    bearer_methods_supported: ["header"],
    resource_name: policy.resourceName,
  });
}

/** The value of `scopes_supported`: the policy's own list, or the baseline. */
export function supportedScopes(policy: Policy, closures: Closures): string[] {
  return policy.scopesSupported ?? baselineScopes(policy, closures);
}

/** The `scope` of a 401. ai-gateway puts an MCPRoute's scopesSupported there. */
export function initialScopes(policy: Policy, closures: Closures): string[] {
  const listed = policy.kind === "MCPRoute" ? policy.scopesSupported : undefined;
  return listed?.filter((scope) => scope !== OFFLINE) ?? baselineScopes(policy, closures);
}

/**
 * The minimal baseline (MCP Scope Minimization): the scopes that every Allow rule with scopes requires, so that clients are
 * never asked for more than any call needs. If the rules have none in common, the scopes of the rule with the fewest (the
 * earlier one on a tie): the least that makes some call succeed. The challenge of a 403 asks for more when it is needed.
 * Requirements without a target belong to every call.
 */
function baselineScopes(policy: Policy, closures: Closures): string[] {
  const always = policy.rules
    .filter(({ action, targets }) => action === Action.Require && !targets)
    .flatMap(({ scopes }) => namedBy(scopes, closures));
  const lists = policy.rules
    .filter(({ action, mode }) => action === Action.Allow && mode > 0)
    .map(({ scopes }) => namedBy(scopes, closures))
    .filter((list) => list.length > 0);
  const held = lists.map((list) => new Set(list.flatMap((scope) => closures.get(scope) ?? [scope])));
  const common = impliedByName(policy, lists[0] ?? []).filter((scope) => held.every((list) => list.has(scope)));
  const smallest = lists.reduce<string[] | undefined>(
    (least, list) => (least && least.length <= list.length ? least : list),
    undefined,
  );
  const scopes = [...new Set([...always, ...(common.length > 0 ? common : (smallest ?? []))])];
  const implied = (scope: string): boolean =>
    scopes.some((other) => other !== scope && closures.get(other)?.includes(scope));
  return scopes.filter((scope) => scope !== OFFLINE && !implied(scope));
}

/** Scopes and all that they imply by name: a family is too broad to ask everybody for its members. */
function impliedByName({ scopes }: Policy, list: readonly string[]): string[] {
  const found = new Set(list);
  for (const scope of found) {
    for (const { value } of scopes.get(scope)?.implies ?? []) if (!isFamily(value)) found.add(value);
  }
  return [...found];
}

/** Of alternatives the one that a challenge takes first: one that another implies, else the first. What depends on the call is left out. */
function namedBy(terms: readonly Term[], closures: Closures): string[] {
  const implies = (broad: string, narrow: string): boolean =>
    broad !== narrow && (closures.get(broad)?.includes(narrow) ?? false);
  return terms.flatMap(({ options }) => {
    const fixed = options.flatMap(({ name, template }) => (template ? [] : [name]));
    const narrow = fixed.find(
      (name) => fixed.some((other) => implies(other, name)) && !fixed.some((other) => implies(name, other)),
    );
    return [narrow, ...fixed].flatMap((name) => name ?? []).slice(0, 1);
  });
}
