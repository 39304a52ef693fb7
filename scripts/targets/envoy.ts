// A complete Envoy bootstrap around the filter, or only its HTTP filters. The comments in the YAML say why each part
// is there; the tests in tests/envoy run exactly this text.
import { corsFilter, corsPolicy } from "./cors.ts";
import { BEARER_PREFIXES, type Address, type Jwks, type Surroundings, type Token } from "./host.ts";
import { clusterOf, openRoutes, openUpstreams } from "./envoy-open-paths.ts";
import { indent, list, quoted, scalar } from "./yaml.ts";

const CORS = "envoy.filters.http.cors";

export interface EnvoyTarget extends Surroundings {
  /** The plugin configuration, JSON text. */
  plugin: string;
  /** Path of scopegate.wasm, as Envoy will see it. */
  wasm: string;
  /** What prints the decision record. */
  recordFormat: string;
  /** Where the policy looks for the verified payload; jwt_authn's payload_in_metadata is the last of these keys. */
  metadataKeys: readonly string[];
  /** The largest body that the filter accepts, in bytes. */
  maxBody: number;
  /** Must agree with `holdHeaders` of the plugin configuration. */
  holdHeaders: boolean;
  /** Without it there is no jwt_authn entry: the connection manager has its own. */
  token?: Token;
  listen: Address;
  admin: Address;
  upstream: Address;
}

/** Margin above the largest body, so that the filter's own 413 (with a JSON-RPC error) comes before Envoy's. */
const BUFFER_MARGIN = 1 << 20;

/** The entries for a connection manager's http_filters, in order; the router is not among them. */
export function httpFilters(target: EnvoyTarget): string {
  const cors = target.cors.length > 0 ? corsFilter(CORS) : "";
  return cors + (target.token ? jwtAuthn(target, target.token) : "") + scopegateFilter(target);
}

function jwtAuthn(target: EnvoyTarget, token: Token): string {
  const { key, failureKey } = metadataNames(target);
  const issuer = token.issuer === undefined ? "" : `issuer: ${scalar(token.issuer)}\n        `;
  return `\
# Verifies the token: signature, issuer, audience, expiry. Scopegate reads only what this writes to dynamic metadata.
- name: envoy.filters.http.jwt_authn
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
    providers:
      ${scalar(key)}:
        ${issuer}audiences: ${list(token.audiences)} # tokens issued for other servers are refused
        require_expiration: true
        from_headers: # never from the query string; Envoy compares the scheme with case, RFC 9110 without
          ${indent(BEARER_PREFIXES.map((prefix) => `- {name: Authorization, value_prefix: "${prefix}"}`).join("\n"), 10)}
        forward: false # the token is meant for this server only: the upstream does not see it
        payload_in_metadata: ${scalar(key)} # where the filter finds the verified payload
        failed_status_in_metadata: ${scalar(failureKey)} # why a token was refused, for the access log
        ${indent(keySource(token.jwks), 8)}
    rules:
      - match: {prefix: /}
        # Requests without a valid token continue to Scopegate, which answers 401 with resource_metadata and scope
        # (jwt_authn's own 401 has neither), and serves the metadata document to clients that have no token yet.
        requires:
          requires_any: {requirements: [{provider_name: ${scalar(key)}}, {allow_missing_or_failed: {}}]}
`;
}

/** The key of a verified payload, and that of a failure, which must never be mistaken for a payload. */
function metadataNames({ metadataKeys }: EnvoyTarget): { key: string; failureKey: string } {
  const key = metadataKeys.at(-1)!;
  let failureKey = `${key}_failure`;
  while (metadataKeys.includes(failureKey)) failureKey += "_";
  return { key, failureKey };
}

function keySource(jwks: Jwks): string {
  if ("inline" in jwks) return `local_jwks: {inline_string: ${quoted(jwks.inline)}}`;
  return `\
remote_jwks:
  http_uri: {uri: ${scalar(jwks.url.href)}, cluster: jwks, timeout: 5s}
  cache_duration: 300s
  async_fetch: {} # before the first request, not during it`;
}

function scopegateFilter(target: EnvoyTarget): string {
  const hold = target.holdHeaders
    ? `
      # The request headers are held until the decision: no part of a refused request reaches the upstream.
      allow_on_headers_stop_iteration: true`
    : "";
  return `\
# Decides every request. No filter after it may rewrite or decompress the body.
- name: scopegate
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
    config:
      name: scopegate
      root_id: scopegate${hold}
      # If the filter ever fails, that request gets a 503 and the next one a new VM; no request passes undecided.
      failure_policy: FAIL_RELOAD
      reload_config: {backoff: {base_interval: 0.01s}}
      vm_config:
        runtime: envoy.wasm.runtime.v8
        code: {local: {filename: ${scalar(target.wasm)}}}
      configuration: # output of scopegate compile; a Struct would arrive as protobuf bytes and be refused
        "@type": type.googleapis.com/google.protobuf.StringValue
        value: ${quoted(target.plugin)}
`;
}

/** The whole bootstrap, ready for `envoy -c`. */
export function envoyBootstrap(target: EnvoyTarget): string {
  const limit = target.maxBody + BUFFER_MARGIN;
  return `\
admin: {address: ${address(target.admin)}}
static_resources:
  listeners:
    - name: mcp
      address: ${address(target.listen)}
      per_connection_buffer_limit_bytes: ${limit} # above the filter's own limit, so that its 413 comes first
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: mcp
                codec_type: AUTO # HTTP/1.1 and HTTP/2
                http_protocol_options:
                  ignore_http_11_upgrade: [{safe_regex: {regex: .*}}] # a request to upgrade is treated like any other
                normalize_path: true
                merge_slashes: true
                path_with_escaped_slashes_action: REJECT_REQUEST
                use_remote_address: true # otherwise the caller's X-Forwarded-For would become its address
                xff_num_trusted_hops: ${target.trustedHops}
                request_headers_timeout: 10s
                request_timeout: 60s # to receive a whole request; responses may stream for as long as they like
                access_log:
                  - name: envoy.access_loggers.stdout
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                      log_format:
                        json_format:
                          ${indent(accessLog(target), 26)}
                route_config:
                  virtual_hosts:
                    - name: mcp
                      domains: ["*"]
                      routes:
                        ${indent(openRoutes(target.openPaths) + mcpRoute(target), 24)}
                http_filters:
                  ${indent(httpFilters(target), 18)}
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
    - name: upstream
      per_connection_buffer_limit_bytes: ${limit}
      ${indent(endpoint("upstream", target.upstream), 6)}
${openUpstreams(target.openPaths).map(clusterYaml).join("")}${jwksCluster(target.token?.jwks)}stats_config:
  stats_tags:
    # wasmcustom.scopegate.denied.no_rule becomes scopegate_denied{scopegate_reason="no_rule"}
    - {tag_name: scopegate.reason, regex: '^wasmcustom\\.scopegate\\.\\w+(\\.(\\w+))$'}
`;
}

function mcpRoute({ cors }: EnvoyTarget): string {
  const policy =
    cors.length > 0 ? `  typed_per_filter_config:\n    ${CORS}:\n      ${indent(corsPolicy(cors), 6)}\n` : "";
  return `\
- match: {prefix: /}
  # No limits: a response may be an event stream of hours, and a tool may be silent for as long as it works.
  route: {cluster: upstream, timeout: 0s, idle_timeout: 0s}
${policy}`;
}

/**
 * One JSON line per request: the caller's address, what was asked and answered, the decision record, and why a token was
 * refused. Envoy prints a claim as it is, so those in the record are escaped by the filter.
 */
function accessLog(target: EnvoyTarget): string {
  const { failureKey } = metadataNames(target);
  const fields = {
    start: "%START_TIME%",
    from: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    method: "%REQ(:METHOD)%",
    path: "%PATH(NQ)%",
    protocol: "%PROTOCOL%",
    code: "%RESPONSE_CODE%",
    details: "%RESPONSE_CODE_DETAILS%",
    ms: "%DURATION%",
    scopegate: target.recordFormat,
    token: `%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:${failureKey}:message)%`,
  };
  return Object.entries(fields)
    .map(([name, format]) => `${name}: ${quoted(format)}`)
    .join("\n");
}

function address({ host, port }: Address): string {
  return `{socket_address: {address: ${quoted(host)}, port_value: ${port}}}`;
}

/** A cluster body for one host: a name is resolved, an address is not. */
function endpoint(cluster: string, { host, port }: Address): string {
  const type = /^[\d.]+$|:/.test(host) ? "STATIC" : "STRICT_DNS";
  return `\
type: ${type}
connect_timeout: 5s
load_assignment:
  cluster_name: ${cluster}
  endpoints: [{lb_endpoints: [{endpoint: {address: ${address({ host, port })}}}]}]
`;
}

function clusterYaml(upstream: Address): string {
  return `    - name: ${clusterOf(upstream)}\n      ${indent(endpoint(clusterOf(upstream), upstream), 6)}\n`;
}

function jwksCluster(jwks: Jwks | undefined): string {
  if (!jwks || "inline" in jwks) return "";
  const secure = jwks.url.protocol === "https:";
  const host = jwks.url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(jwks.url.port) || (secure ? 443 : 80);
  const tls = `\
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
          sni: ${scalar(host)}
          common_tls_context:
            validation_context:
              trusted_ca: {filename: /etc/ssl/certs/ca-certificates.crt}
              match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: ${scalar(host)}}}]
`;
  return `    - name: jwks\n      ${indent(endpoint("jwks", { host, port }), 6)}\n${secure ? tls : ""}`;
}
