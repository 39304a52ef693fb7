// A complete Envoy bootstrap around the filter, or only its HTTP filters. The comments in the YAML say why each part
// is there; the tests in tests/envoy run exactly this text.
import { corsFilter, corsPolicy } from "./cors.ts";
import type { Address, Surroundings, Token } from "./host.ts";
import { clusterOf, openRoutes, openUpstreams } from "./envoy-open-paths.ts";
import { failureKeyOf, jwtAuthn, keyClusters, matchOf, type McpServer } from "./envoy-token.ts";
import { byPath } from "./servers.ts";
import { indent, quoted, scalar } from "./yaml.ts";

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
  /** Of several policies each one's server; the members above are then those of the first, and maxBody the largest. */
  servers?: readonly McpServer[];
  listen: Address;
  admin: Address;
  upstream: Address;
}

/** Of several policies each has counters of its own, whose names begin with "policy". */
const POLICY_TAG = `\
    # wasmcustom.scopegate.policy.files.deny becomes scopegate_policy_deny{scopegate_policy="files"}
    - {tag_name: scopegate.policy, regex: '^wasmcustom\\.scopegate\\.policy(\\.(.+))\\.\\w+$'}
`;

/** Margin above the largest body, so that the filter's own 413 (with a JSON-RPC error) comes before Envoy's. */
const BUFFER_MARGIN = 1 << 20;

/** The entries for a connection manager's http_filters, in order; the router is not among them. */
export function httpFilters(target: EnvoyTarget): string {
  const cors = target.cors.length > 0 ? corsFilter(CORS) : "";
  return cors + (target.token ? jwtAuthn(target) : "") + scopegateFilter(target);
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
                        ${indent(openRoutes(target.openPaths) + mcpRoutes(target), 24)}
                http_filters:
                  ${indent(httpFilters(target), 18)}
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
${mcpCluster("upstream", target.upstream, limit)}${serverClusters(target, limit)}${openUpstreams(target.openPaths).map(clusterYaml).join("")}${keysClusters(target)}stats_config:
  stats_tags:
    # wasmcustom.scopegate.denied.no_rule becomes scopegate_denied{scopegate_reason="no_rule"}
    - {tag_name: scopegate.reason, regex: '^wasmcustom\\.scopegate\\.\\w+(\\.(\\w+))$'}
${target.servers ? POLICY_TAG : ""}`;
}

/** Where requests go. Those of no server reach the filter too: it serves metadata documents, and refuses the others. */
function mcpRoutes(target: EnvoyTarget): string {
  const servers = byPath(target.servers ?? []).filter(({ upstream }) => serverCluster(upstream, target) !== "upstream");
  const own = servers.map(({ place, upstream }) => mcpRoute(target, matchOf(place), serverCluster(upstream, target)));
  return [...own, mcpRoute(target, "{prefix: /}", "upstream")].join("");
}

function mcpRoute({ cors }: EnvoyTarget, match: string, cluster: string): string {
  const policy =
    cors.length > 0 ? `  typed_per_filter_config:\n    ${CORS}:\n      ${indent(corsPolicy(cors), 6)}\n` : "";
  return `\
- match: ${match}
  # No limits: a response may be an event stream of hours, and a tool may be silent for as long as it works.
  route: {cluster: ${cluster}, timeout: 0s, idle_timeout: 0s}
${policy}`;
}

/** The cluster of one of several servers. */
function serverCluster({ host, port }: Address, { upstream }: EnvoyTarget): string {
  if (host === upstream.host && port === upstream.port) return "upstream";
  return scalar(`upstream-${host.replace(/[^A-Za-z0-9.-]/g, "_")}-${port}`);
}

/** The clusters of servers that have another upstream than the first. */
function serverClusters(target: EnvoyTarget, limit: number): string {
  const clusters = new Map((target.servers ?? []).map(({ upstream }) => [serverCluster(upstream, target), upstream]));
  clusters.delete("upstream");
  return [...clusters].map(([name, upstream]) => mcpCluster(name, upstream, limit)).join("");
}

function mcpCluster(name: string, upstream: Address, limit: number): string {
  return `    - name: ${name}\n      per_connection_buffer_limit_bytes: ${limit}\n      ${indent(endpoint(name, upstream), 6)}\n`;
}

/**
 * One JSON line per request: the caller's address, what was asked and answered, the decision record, and why a token was
 * refused. Envoy prints a claim as it is, so those in the record are escaped by the filter.
 */
function accessLog(target: EnvoyTarget): string {
  const failureKey = failureKeyOf(target);
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

/** The clusters where keys are fetched. */
function keysClusters(target: EnvoyTarget): string {
  return [...keyClusters(target)].map(([name, url]) => keysClusterYaml(name, url)).join("");
}

function keysClusterYaml(name: string, url: URL): string {
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port) || (secure ? 443 : 80);
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
  return `    - name: ${scalar(name)}\n      ${indent(endpoint(scalar(name), { host, port }), 6)}\n${secure ? tls : ""}`;
}
