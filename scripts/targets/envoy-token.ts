// jwt_authn in a plain Envoy: one provider for each MCP server, so that a token for one is never taken for another's.
import { BEARER_PREFIXES, type Address, type Jwks, type Token } from "./host.ts";
import { byPath, type Place } from "./servers.ts";
import { indent, list, quoted, scalar } from "./yaml.ts";

/** An MCP server behind this Envoy, as one of several policies describes it. */
export interface McpServer {
  /** The policy's name: that of its provider as well. */
  name: string;
  place: Place;
  /** Where the policy looks for the verified payload. */
  metadataKeys: readonly string[];
  token?: Token;
  upstream: Address;
}

/** What verifies the tokens: one provider for all requests, or one for each of several servers. */
interface Checked {
  metadataKeys: readonly string[];
  token?: Token;
  servers?: readonly McpServer[];
}

/** The filter's entry in http_filters. */
export function jwtAuthn(target: Checked): string {
  const { token, servers } = target;
  const shared = { failureKey: failureKeyOf(target), clusters: keyClusters(target) };
  const key = target.metadataKeys.at(-1)!;
  const providers = servers
    ? servers.map((server) => provider(server.name, server.metadataKeys.at(-1)!, server.token!, shared))
    : [provider(key, key, token!, shared)];
  const rules = servers
    ? byPath(servers).map((server) => rule(matchOf(server.place), server.name))
    : [rule("{prefix: /}", key)];
  return `\
# Verifies the token: signature, issuer, audience, expiry. Scopegate reads only what this writes to dynamic metadata.
- name: envoy.filters.http.jwt_authn
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
    providers:
      ${indent(providers.join(""), 6)}
    rules:
      ${indent(noted(rules), 6)}
`;
}

/** What all providers have in common. */
interface Shared {
  failureKey: string;
  clusters: Map<string, URL>;
}

/** The key of a failure, which must never be mistaken for a payload. */
export function failureKeyOf({ metadataKeys, servers = [] }: Checked): string {
  const taken = [...metadataKeys, ...servers.flatMap((server) => server.metadataKeys)];
  let failureKey = `${metadataKeys.at(-1)!}_failure`;
  while (taken.includes(failureKey)) failureKey += "_";
  return failureKey;
}

function provider(name: string, key: string, token: Token, shared: Shared): string {
  const { failureKey, clusters } = shared;
  const issuer = token.issuer === undefined ? "" : `issuer: ${scalar(token.issuer)}\n  `;
  return `\
${scalar(name)}:
  ${issuer}audiences: ${list(token.audiences)} # tokens issued for other servers are refused
  require_expiration: true
  from_headers: # never from the query string; Envoy compares the scheme with case, RFC 9110 without
    ${indent(BEARER_PREFIXES.map((prefix) => `- {name: Authorization, value_prefix: "${prefix}"}`).join("\n"), 4)}
  forward: false # the token is meant for this server only: the upstream does not see it
  payload_in_metadata: ${scalar(key)} # where the filter finds the verified payload
  failed_status_in_metadata: ${scalar(failureKey)} # why a token was refused, for the access log
  ${indent(keySource(token.jwks, clusters), 2)}
`;
}

function rule(match: string, name: string): [match: string, requires: string] {
  return [
    `- match: ${match}\n`,
    `  requires:\n    requires_any: {requirements: [{provider_name: ${scalar(name)}}, {allow_missing_or_failed: {}}]}\n`,
  ];
}

/** The rules, with a comment in the first. */
function noted(rules: [match: string, requires: string][]): string {
  const note = `\
  # Requests without a valid token continue to Scopegate, which answers 401 with resource_metadata and scope
  # (jwt_authn's own 401 has neither), and serves the metadata document to clients that have no token yet.
`;
  return rules.map(([match, requires], i) => match + (i === 0 ? note : "") + requires).join("");
}

/** A RouteMatch for the requests of one server: the filter, which compares in the same way, chooses its policy for these. */
export function matchOf({ hosts, path }: Place): string {
  const host = `(?i)${hosts.map((name) => name.replace(/[.[\]]/g, "\\$&")).join("|")}`;
  const authority = `{name: ":authority", string_match: {safe_regex: {regex: ${quoted(host)}}}}`;
  return `{${path === "" ? "prefix: /" : `path_separated_prefix: ${quoted(path)}`}, headers: [${authority}]}`;
}

function keySource(jwks: Jwks, clusters: Map<string, URL>): string {
  if ("inline" in jwks) return `local_jwks: {inline_string: ${quoted(jwks.inline)}}`;
  const [cluster] = [...clusters].find(([, { host }]) => host === jwks.url.host)!;
  return `\
remote_jwks:
  http_uri: {uri: ${scalar(jwks.url.href)}, cluster: ${scalar(cluster)}, timeout: 5s}
  cache_duration: 300s
  async_fetch: {} # before the first request, not during it`;
}

/** The clusters where keys are fetched, one for each host. */
export function keyClusters({ token, servers }: Checked): Map<string, URL> {
  const sets = [token, ...(servers ?? []).map((server) => server.token)].flatMap((one) => one?.jwks ?? []);
  const urls = sets.flatMap((jwks) => ("url" in jwks ? [jwks.url] : []));
  const hosts = new Map(urls.map((url) => [url.host, url]));
  return new Map(
    [...hosts.values()].map((url) => [
      hosts.size === 1 ? "jwks" : `jwks-${url.host.replace(/[^A-Za-z0-9.-]/g, "_")}`,
      url,
    ]),
  );
}
