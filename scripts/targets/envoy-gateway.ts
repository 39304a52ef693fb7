// Objects for Envoy Gateway 1.9, which has no setting to hold the headers in a wasm filter: its request buffer, moved
// after the filter, does that.
import { Action } from "../../assembly/program.ts";
import { documentPaths } from "../compiler/policy/metadata.ts";
import { EXPOSED_HEADERS, MAX_AGE, METHODS, REQUEST_HEADERS } from "./cors.ts";
import { BEARER_PREFIXES, recordFormat, type Part } from "./host.ts";
import { bufferLimit, head, hostnames, MARK, nameOf, pluginYaml, type KubernetesTarget } from "./kubernetes.ts";
import type { OpenPath } from "./open-paths.ts";
import { indent, list, quoted, scalar } from "./yaml.ts";

const GATEWAY_API = "gateway.networking.k8s.io/v1";
const EXTENSION = "gateway.envoyproxy.io/v1alpha1";
/** Names of the route's rules, to which the policies are attached. */
const MCP = "mcp";
const METADATA = "metadata";
/** CEL: the filter runs. */
const GUARD = `"${MARK}" in filter_state`;

/** The objects, in the order in which they refer to each other. */
export function envoyGatewayObjects(target: KubernetesTarget): Part[] {
  const forListener = target.ignoreUpgrades || target.trustedHops > 0;
  return [
    { name: "envoy-proxy", yaml: envoyProxy(target) },
    { name: "gateway", yaml: gateway(target) },
    ...(forListener ? [{ name: "client-traffic-policy", yaml: clientTrafficPolicy(target) }] : []),
    { name: "route", yaml: route(target) },
    { name: "security-policy", yaml: securityPolicy(target) },
    { name: "extension-policy", yaml: extensionPolicy(target) },
    { name: "traffic-policy", yaml: trafficPolicy(target) },
  ];
}

function metadataKey({ compiled }: KubernetesTarget): string {
  return compiled.policy.metadataKeys[0]!;
}

/** Rules, not routes: otherwise somebody else's policy at the rule would silently replace this one. */
function targetRefs(target: KubernetesTarget, ...rules: string[]): string {
  const refs = rules.map(
    (rule) =>
      `    - {group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${scalar(nameOf(target))}, sectionName: ${rule}}\n`,
  );
  return `  targetRefs:\n${refs.join("")}`;
}

function envoyProxy(target: KubernetesTarget): string {
  return `\
# The request buffer comes after the filter, so that no part of a request goes upstream before its body is checked;
# and the access log says why a call was refused.
${head(EXTENSION, "EnvoyProxy", target.gateway, target)}\
spec:
  filterOrder:
    - name: envoy.filters.http.buffer
      after: envoy.filters.http.wasm
  telemetry:
    accessLog:
      settings:
        - format:
            type: JSON
            json:
              start: "%START_TIME%"
              from: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
              method: "%REQ(:METHOD)%"
              route: "%ROUTE_NAME%"
              code: "%RESPONSE_CODE%"
              details: "%RESPONSE_CODE_DETAILS%"
              scopegate: ${quoted(recordFormat(target.compiled.policy))}
              sub: "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:${metadataKey(target)}:sub)%"
          sinks:
            - {type: File, file: {path: /dev/stdout}}
`;
}

function gateway(target: KubernetesTarget): string {
  return `\
# Add a TLS listener before exposing this. If a Gateway of this name exists already, add only the infrastructure to it.
${head(GATEWAY_API, "Gateway", target.gateway, target)}\
spec:
  gatewayClassName: envoy-gateway
  infrastructure:
    parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, name: ${scalar(target.gateway)}}
  listeners:
    - {name: http, protocol: HTTP, port: 80}
`;
}

function clientTrafficPolicy(target: KubernetesTarget): string {
  const upgrades = `
  http1:
    ignoredUpgradeTypes: [{type: RegularExpression, value: .*}] # an offer to upgrade is judged like any call`;
  const addresses = `
  clientIPDetection:
    xForwardedFor: {numTrustedHops: ${target.trustedHops}} # so many proxies in front of this one are believed`;
  return `\
# Holds for the whole Gateway, and only one of its kind may: add these lines to one that is there.
${head(EXTENSION, "ClientTrafficPolicy", target.gateway, target)}\
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: ${scalar(target.gateway)}}]\
${target.ignoreUpgrades ? upgrades : ""}${target.trustedHops > 0 ? addresses : ""}
`;
}

function route(target: KubernetesTarget): string {
  const url = new URL(target.compiled.policy.resource!);
  return `\
# The MCP server, and what belongs to it on the same host.
${head(GATEWAY_API, "HTTPRoute", nameOf(target), target)}\
spec:
  parentRefs: [{name: ${scalar(target.gateway)}}]
${hostnames(url)}\
  rules:
    - name: ${MCP}
      matches:
        - path: {type: ${url.pathname === "/" ? "PathPrefix" : "Exact"}, value: ${scalar(url.pathname)}}
      filters: # the token is meant for the gateway only: the MCP server does not see it
        - {type: RequestHeaderModifier, requestHeaderModifier: {remove: [Authorization]}}
      timeouts: {request: 0s} # a response may be a long event stream; the default cuts it off after 15 s
      backendRefs: [${backendRef(target.service)}]
${metadataRule(target)}${target.openPaths.map((path, i) => openRule(target, path, i)).join("")}`;
}

function backendRef({ name, port }: { name: string; port: number }): string {
  return `{name: ${scalar(name)}, port: ${port}}`;
}

/** Served by the filter, publicly: it tells clients where to get a token. It needs no server, so it has none. */
function metadataRule({ compiled }: KubernetesTarget): string {
  const paths = documentPaths(compiled.policy);
  if (paths.length === 0) return "";
  const matches = paths.map((path) => `        - path: {type: Exact, value: ${scalar(path)}}\n`);
  return `\
    - name: ${METADATA} # the protected resource metadata (RFC 9728), which the filter serves; there is no server
      matches:
${matches.join("")}`;
}

function openRule(target: KubernetesTarget, { path, below, upstream }: OpenPath, index: number): string {
  const service = upstream ? { name: upstream.host, port: upstream.port } : target.service;
  return `\
    - name: open-${index + 1} # open to all: none of the policies is attached here
      matches:
        - path: {type: ${below ? "PathPrefix" : "Exact"}, value: ${scalar(path)}}
      backendRefs: [${backendRef(service)}]
`;
}

function securityPolicy(target: KubernetesTarget): string {
  const { issuer, audiences, jwks } = target.token;
  const key = scalar(metadataKey(target));
  const keys =
    "inline" in jwks
      ? `localJWKS: {type: Inline, inline: ${quoted(jwks.inline)}}`
      : `remoteJWKS: {uri: ${scalar(jwks.url.href)}}`;
  const prefixes = BEARER_PREFIXES.map((prefix) => `{name: Authorization, valuePrefix: "${prefix}"}`);
  return `\
# Verifies the token before the filter runs. The filter finds the payload under the provider's name.
${head(EXTENSION, "SecurityPolicy", nameOf(target), target)}\
spec:
${targetRefs(target, MCP)}\
${target.cors.length > 0 ? cors(target.cors) : ""}\
  jwt:
    failOpen: true # the filter answers 401 with what clients need; what it would let pass, authorization still stops
    providers:
      - name: ${key}
        issuer: ${scalar(issuer!)}
        audiences: ${list(audiences)} # tokens issued for other servers are refused
        extractFrom: # never from the query string; Envoy compares the scheme with case, RFC 9110 without
          headers:
            ${prefixes.map((prefix) => `- ${prefix}`).join("\n            ")}
        ${keys}
  # Comes after the filter: nothing goes on to the MCP server without a verified token, nor where the filter does not run.
  authorization:
    defaultAction: Deny
    rules:
      - name: verified
        action: Allow
        principal: {jwt: {provider: ${key}, claims: [{name: iss, values: [${scalar(issuer!)}]}]}}
        cel: ${quoted(GUARD)}
${target.compiled.policy.transport.preflight === Action.Allow ? PREFLIGHTS : ""}${isOpen(target) ? NO_TOKEN : ""}`;
}

function isOpen({ compiled }: KubernetesTarget): boolean {
  return compiled.policy.rules.some(({ anonymous }) => anonymous);
}

/** A token that came and did not verify is still stopped. */
const NO_TOKEN = `\
      - name: no-token # the policy has rules for callers without one: the filter decides which calls pass
        action: Allow
        cel: ${quoted(`!("authorization" in request.headers) && ${GUARD}`)}
`;

const PREFLIGHTS = `\
      - name: preflights
        action: Allow
        cel: ${quoted(`request.method == "OPTIONS" && ${GUARD}`)}
`;

function cors(origins: readonly string[]): string {
  return `\
  cors: # answered before the token check
    allowOrigins: ${list(origins)}
    allowMethods: ${list(METHODS)}
    allowHeaders: [${scalar(REQUEST_HEADERS)}] # one item: Envoy Gateway makes of a list with * in it only *
    exposeHeaders: ${list(EXPOSED_HEADERS)}
    maxAge: ${MAX_AGE}s
`;
}

function extensionPolicy(target: KubernetesTarget): string {
  const rules = documentPaths(target.compiled.policy).length > 0 ? [MCP, METADATA] : [MCP];
  return `\
# Decides every request. Restrict with RBAC who may write EnvoyExtensionPolicy, SecurityPolicy and HTTPRoute objects here,
# and watch the status: Accepted must stay True, and Overridden must not appear.
${head(EXTENSION, "EnvoyExtensionPolicy", nameOf(target), target)}\
spec:
${targetRefs(target, ...rules)}\
  wasm:
    - name: scopegate
      rootID: scopegate
      failOpen: false # if the filter cannot be loaded, no request passes
      code:
        ${indent(code(target), 8)}
      config: # output of scopegate compile
        ${indent(pluginYaml(target), 8)}
`;
}

function code({ wasm, pullSecret }: KubernetesTarget): string {
  if (wasm.kind === "image") {
    const secret = pullSecret === undefined ? "" : `, pullSecretRef: {name: ${scalar(pullSecret)}}`;
    return `type: Image\nimage: {url: ${scalar(wasm.url)}${secret}}`;
  }
  const sum = wasm.sha256 === undefined ? "" : `, sha256: ${wasm.sha256}`;
  return `type: HTTP\nhttp: {url: ${scalar(wasm.url)}${sum}}`;
}

function trafficPolicy(target: KubernetesTarget): string {
  return `\
# Raises the 32 KiB limit for buffered bodies, and lets streams be idle.
${head(EXTENSION, "BackendTrafficPolicy", nameOf(target), target)}\
spec:
${targetRefs(target, MCP)}\
  requestBuffer: {limit: ${bufferLimit(target)}Mi} # above the filter's own limit, so that its 413 comes first
  timeout: {http: {streamIdleTimeout: 0s}} # a tool may be silent for as long as it works
`;
}
