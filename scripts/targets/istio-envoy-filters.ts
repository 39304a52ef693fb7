// EnvoyFilters: what Istio's own objects have no field for. Each patches the gateway's connection manager or its routes.
// The filter itself cannot be patched: it comes to Envoy by ECDS, and a patch of it is ignored without a word.
import { corsFilter, corsPolicy } from "./cors.ts";
import type { Compiled, Part } from "./host.ts";
import type { IstioTarget } from "./istio.ts";
import { bufferLimit, head, hostnames, MARK, nameOf } from "./kubernetes.ts";
import { byPath, placeOf } from "./servers.ts";
import { indent, literal, quoted, scalar } from "./yaml.ts";

const HCM = "envoy.filters.network.http_connection_manager";
const HCM_TYPE = `type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const OFF = '{"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}';
/** Istio has a CORS filter of its own, but after the filters that refuse. */
const CORS = "scopegate.cors";
const GUARD = "scopegate.guard";

/** An RBAC filter whose condition is the CEL expression MARK in filter_state, in the only form that it takes. */
export const GUARD_FILTER = `\
name: ${GUARD}
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
  rules:
    action: ALLOW
    policies:
      runs:
        permissions: [{any: true}]
        principals: [{any: true}]
        condition:
          call_expr: {function: "@in", args: [{const_expr: {string_value: ${MARK}}}, {ident_expr: {name: filter_state}}]}
`;

/** `where` is the line that says for which proxies. */
export function envoyFilters(target: IstioTarget, where: string): Part[] {
  const parts: (Part | undefined)[] = [
    { name: "buffer", yaml: buffer(target, where) },
    { name: "guard", yaml: guard(target, where) },
    { name: "connection", yaml: connection(target, where) },
    target.cors.length > 0 ? { name: "cors", yaml: cors(target, where) } : undefined,
    ...(target.openPaths.length > 0
      ? [
          { name: "open-route", yaml: openRoute(target) },
          { name: "open-filter", yaml: openFilter(target, where) },
        ]
      : []),
  ];
  return parts.filter((part) => part !== undefined);
}

function envoyFilter(target: IstioTarget, suffix: string, where: string, patches: string): string {
  const name = `${nameOf(target)}-${suffix}`;
  return `${head("networking.istio.io/v1alpha3", "EnvoyFilter", name, target)}spec:\n${where}  configPatches:\n    ${indent(patches, 4)}\n`;
}

function httpFilterPatch(operation: string, match: string, filter: string): string {
  return `\
- applyTo: HTTP_FILTER
  match: {context: GATEWAY, listener: {filterChain: {filter: {name: ${HCM}${match}}}}}
  patch:
    operation: ${operation}
    value:
      ${indent(filter, 6)}
`;
}

function beforeRouter(filter: string): string {
  return httpFilterPatch("INSERT_BEFORE", ", subFilter: {name: envoy.filters.http.router}", filter);
}

function buffer(target: IstioTarget, where: string): string {
  const limit = bufferLimit(target) << 20;
  const filter = `\
name: envoy.filters.http.buffer
typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer, max_request_bytes: ${limit}}
`;
  return `\
# Holds a request until the filter has judged it: nothing of a refused one reaches the MCP server. And it lifts the limit
# for buffered bodies above the filter's own, which answers 413 first.
${envoyFilter(target, "buffer", where, beforeRouter(filter))}`;
}

function guard(target: IstioTarget, where: string): string {
  return `\
# Lets nothing pass where the filter does not run, should its object be deleted.
${envoyFilter(target, "guard", where, beforeRouter(GUARD_FILTER))}`;
}

/** The token check refuses a bad token itself, with a text; a wrong audience even with 403. */
function connection(target: IstioTarget, where: string): string {
  const addresses = `\
use_remote_address: true
xff_num_trusted_hops: ${target.trustedHops} # so many proxies in front of this one are believed
`;
  const upgrades = `\
http_protocol_options:
  ignore_http_11_upgrade: [{safe_regex: {regex: .*}}] # an offer to upgrade is judged like any call
`;
  const patch = `\
- applyTo: NETWORK_FILTER
  match: {context: GATEWAY, listener: {filterChain: {filter: {name: ${HCM}}}}}
  patch:
    operation: MERGE
    value:
      typed_config:
        "@type": ${HCM_TYPE}
        local_reply_config:
          mappers:
            ${indent(refusals(target), 12)}
        ${indent((target.trustedHops > 0 ? addresses : "") + (target.ignoreUpgrades ? upgrades : ""), 8)}
`.replace(/\n +\n$/, "\n");
  return `\
# Gives the refusals of the token check the status and the header that clients need; a wrong audience would be a 403.
${envoyFilter(target, "connection", where, patch)}`;
}

/** One mapper for each policy, whose challenge names its own metadata document. */
function refusals({ compiled }: IstioTarget): string {
  const failed = 'response.code_details.startsWith("jwt_authn_access_denied")';
  if (compiled.policies.length === 1) return refusal(compiled, failed);
  const servers = compiled.each.map((one) => ({ one, place: placeOf(one.policy) }));
  return byPath(servers)
    .map(({ one, place: { hosts, path } }) => {
      const at = path === "" ? "" : ` && (request.url_path == "${path}" || request.url_path.startsWith("${path}/"))`;
      return refusal(one, `${failed} && request.host in ${JSON.stringify(hosts)}${at}`);
    })
    .join("");
}

function refusal(compiled: Compiled, expression: string): string {
  return `\
- filter:
    extension_filter:
      name: envoy.access_loggers.extension_filters.cel
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter
        expression: ${expression.includes(" ") ? quoted(expression) : expression}
  status_code: 401
  headers_to_add:
    - header: {key: WWW-Authenticate, value: ${quoted(literal(compiled.challenge("invalid_token")))}}
      append_action: OVERWRITE_IF_EXISTS_OR_ADD
`;
}

function cors(target: IstioTarget, where: string): string {
  const policy = `\
- applyTo: VIRTUAL_HOST
  match: {context: GATEWAY}
  patch:
    operation: MERGE
    value:
      typed_per_filter_config:
        ${CORS}:
          ${indent(corsPolicy(target.cors), 10)}
`;
  const filter = corsFilter(CORS)
    .replace(/^#.*\n- /, "")
    .replace("\n  ", "\n");
  return `\
# Answers preflights, and lets pages of these origins read what is answered, refusals included.
${envoyFilter(target, "cors", where, httpFilterPatch("INSERT_FIRST", "", filter) + policy)}`;
}

/** Rules in the order of the paths, so that each of them has a route of a known name. */
function openRoute(target: IstioTarget): string {
  const url = new URL(target.compiled.policy.resource!);
  const rules = target.openPaths.map(({ path, below, upstream }) => {
    const service = upstream ? { name: upstream.host, port: upstream.port } : target.service;
    return `\
    - matches: [{path: {type: ${below ? "PathPrefix" : "Exact"}, value: ${scalar(path)}}}]
      backendRefs: [{name: ${scalar(service.name)}, port: ${service.port}}]
`;
  });
  return `\
# Open to all, beside MCP on the same host.
${head("gateway.networking.k8s.io/v1", "HTTPRoute", openName(target), target)}\
spec:
  parentRefs: [{name: ${scalar(target.gateway)}}]
${hostnames(url)}\
  rules:
${rules.join("")}`;
}

function openName(target: IstioTarget): string {
  return `${nameOf(target)}-open`;
}

function openFilter(target: IstioTarget, where: string): string {
  const filters = ["envoy.filters.http.jwt_authn", GUARD, ...filterNames(target)];
  const patches = target.openPaths.map(
    (_, i) => `\
- applyTo: HTTP_ROUTE
  match: {context: GATEWAY, routeConfiguration: {vhost: {route: {name: ${scalar(`${target.namespace}.${openName(target)}.${i}`)}}}}}
  patch:
    operation: MERGE
    value:
      typed_per_filter_config:
${filters.map((name) => `        ${scalar(name)}: ${OFF}\n`).join("")}`,
  );
  return `\
# Neither the token check nor the filter runs on these routes.
${envoyFilter(target, "open", where, patches.join(""))}`;
}

/** What Istio calls the filter in Envoy; a WasmPlugin has another name since 1.31, which makes a TrafficExtension of it. */
function filterNames(target: IstioTarget): string[] {
  const name = `${target.namespace}.${nameOf(target)}`;
  const extension = `extensions.istio.io/trafficextension/${name}`;
  return target.api === "WasmPlugin"
    ? [`extensions.istio.io/wasmplugin/${name}`, name, `${extension}~istio-translated-wasmplugin`]
    : [extension];
}
