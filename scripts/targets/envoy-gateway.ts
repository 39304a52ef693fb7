// Objects for Envoy Gateway 1.9, which has no setting to hold the headers in a wasm filter: its request buffer, moved
// after the filter, does that.
import type { Part } from "./host.ts";
import { head, hostnames, nameOf, pluginYaml, type KubernetesTarget } from "./kubernetes.ts";
import { indent, list, literal, quoted, scalar } from "./yaml.ts";

const GATEWAY_API = "gateway.networking.k8s.io/v1";
const EXTENSION = "gateway.envoyproxy.io/v1alpha1";

/** The objects, in the order in which they refer to each other. */
export function envoyGatewayObjects(target: KubernetesTarget): Part[] {
  return [
    { name: "envoy-proxy", yaml: envoyProxy(target) },
    { name: "gateway", yaml: gateway(target) },
    { name: "route", yaml: route(target) },
    ...metadataParts(target),
    { name: "security-policy", yaml: securityPolicy(target) },
    { name: "extension-policy", yaml: extensionPolicy(target) },
    { name: "traffic-policy", yaml: trafficPolicy(target) },
  ];
}

function metadataKey({ compiled }: KubernetesTarget): string {
  return compiled.policy.metadataKeys[0]!;
}

function targetRef(target: KubernetesTarget): string {
  return `  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${scalar(nameOf(target))}}]\n`;
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
              method: "%REQ(:METHOD)%"
              route: "%ROUTE_NAME%"
              code: "%RESPONSE_CODE%"
              details: "%RESPONSE_CODE_DETAILS%"
              scopegate: "%FILTER_STATE(wasm.scopegate:PLAIN)%"
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

function route(target: KubernetesTarget): string {
  const url = new URL(target.compiled.policy.resource!);
  return `\
# The MCP server.
${head(GATEWAY_API, "HTTPRoute", nameOf(target), target)}\
spec:
  parentRefs: [{name: ${scalar(target.gateway)}}]
${hostnames(url)}\
  rules:
    - name: mcp
      matches:
        - path: {type: ${url.pathname === "/" ? "PathPrefix" : "Exact"}, value: ${scalar(url.pathname)}}
      filters: # the token is meant for the gateway only: the MCP server does not see it
        - {type: RequestHeaderModifier, requestHeaderModifier: {remove: [Authorization]}}
      timeouts: {request: 0s} # a response may be a long event stream; the default cuts it off after 15 s
      backendRefs: [{name: ${scalar(target.service.name)}, port: ${target.service.port}}]
`;
}

/** The metadata document has a route of its own, since the token check would reply before the filter can. */
function metadataParts(target: KubernetesTarget): Part[] {
  const { document, policy } = target.compiled;
  if (document === undefined || policy.resourceMetadata === undefined) return [];
  const name = `${nameOf(target)}-metadata`;
  const url = new URL(policy.resourceMetadata);
  const metadataRoute = `\
# The protected resource metadata (RFC 9728), public: it tells clients where to get a token.
${head(GATEWAY_API, "HTTPRoute", name, target)}\
spec:
  parentRefs: [{name: ${scalar(target.gateway)}}]
${hostnames(url)}\
  rules:
    - name: metadata
      matches:
        - {method: GET, path: {type: Exact, value: ${scalar(url.pathname)}}}
      filters:
        - type: ExtensionRef
          extensionRef: {group: gateway.envoyproxy.io, kind: HTTPRouteFilter, name: ${scalar(name)}}
`;
  const answer = `\
# The document, generated from the policy.
${head(EXTENSION, "HTTPRouteFilter", name, target)}\
spec:
  directResponse:
    statusCode: 200
    contentType: application/json
    body:
      type: Inline
      inline: ${quoted(document)}
`;
  return [
    { name: "metadata-route", yaml: metadataRoute },
    { name: "metadata-answer", yaml: answer },
  ];
}

function securityPolicy(target: KubernetesTarget): string {
  const { issuer, audiences, jwks } = target.token;
  const keys =
    "inline" in jwks
      ? `localJWKS: {type: Inline, inline: ${quoted(jwks.inline)}}`
      : `remoteJWKS: {uri: ${scalar(jwks.url.href)}}`;
  return `\
# Verifies the token before the filter runs. The filter finds the payload under the provider's name.
${head(EXTENSION, "SecurityPolicy", nameOf(target), target)}\
spec:
${targetRef(target)}\
  jwt:
    providers:
      - name: ${scalar(metadataKey(target))}
${issuer === undefined ? "" : `        issuer: ${scalar(issuer)}\n`}\
        audiences: ${list(audiences)} # tokens issued for other servers are refused
        ${keys}
`;
}

function extensionPolicy(target: KubernetesTarget): string {
  return `\
# Decides every request. Attached to the route: a policy on the Gateway would be silently replaced by one on a route.
# Restrict with RBAC who may write EnvoyExtensionPolicy and HTTPRoute objects here.
${head(EXTENSION, "EnvoyExtensionPolicy", nameOf(target), target)}\
spec:
${targetRef(target)}\
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

function code({ wasm }: KubernetesTarget): string {
  if (wasm.kind === "image") return `type: Image\nimage: {url: ${scalar(wasm.url)}}`;
  const sum = wasm.sha256 === undefined ? "" : `, sha256: ${wasm.sha256}`;
  return `type: HTTP\nhttp: {url: ${scalar(wasm.url)}${sum}}`;
}

function trafficPolicy(target: KubernetesTarget): string {
  const { compiled } = target;
  const limit = Math.ceil(compiled.policy.limits.body / (1 << 20)) + 1;
  return `\
# Raises the 32 KiB limit for buffered bodies, and adds to the token check's 401 what clients need to get a token.
${head(EXTENSION, "BackendTrafficPolicy", nameOf(target), target)}\
spec:
${targetRef(target)}\
  requestBuffer: {limit: ${limit}Mi} # above the filter's own limit, so that its 413 comes first
  responseOverride:
    - source: Local
      match: {statusCodes: [{type: Value, value: 401}]}
      response:
        statusCode: 401
        header:
          set:
            - {name: WWW-Authenticate, value: ${quoted(literal(compiled.challenge()))}}
`;
}
