// Objects for Istio: RequestAuthentication stores the payload where the filter looks, and TrafficExtension (WasmPlugin
// before Istio 1.31) puts the filter after it. RequestAuthentication does not require a token, so the filter's own 401
// reaches clients. EnvoyFilters add what Istio has no setting for.
import { BEARER_PREFIXES, type Part } from "./host.ts";
import { envoyFilters } from "./istio-envoy-filters.ts";
import { head, nameOf, pluginYaml, type KubernetesTarget } from "./kubernetes.ts";
import { indent, list, quoted, scalar } from "./yaml.ts";

export type IstioApi = "TrafficExtension" | "WasmPlugin";

export interface IstioTarget extends KubernetesTarget {
  api: IstioApi;
  /** Labels of the gateway's pods; undefined: the objects are attached to a Gateway of the Gateway API. */
  selector?: [key: string, value: string][];
}

/** Istio's key in jwt_authn's metadata, for every issuer. */
export const ISTIO_METADATA_KEY = "payload";

export function istioObjects(target: IstioTarget): Part[] {
  const filter =
    target.api === "WasmPlugin"
      ? { name: "wasm-plugin", yaml: wasmPlugin(target) }
      : { name: "traffic-extension", yaml: trafficExtension(target) };
  const where = attachment(target, "labels");
  return [
    { name: "request-authentication", yaml: requestAuthentication(target) },
    filter,
    ...envoyFilters(target, where),
  ];
}

/** The lines that say for which proxies an object is; EnvoyFilter has another word for labels than the others. */
function attachment({ gateway, selector }: IstioTarget, member: "matchLabels" | "labels"): string {
  if (!selector) return `  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: ${scalar(gateway)}}]\n`;
  const labels = `{${selector.map(([key, value]) => `${quoted(key)}: ${quoted(value)}`).join(", ")}}`;
  return `  ${member === "labels" ? "workloadSelector" : "selector"}: {${member}: ${labels}}\n`;
}

function requestAuthentication(target: IstioTarget): string {
  const { issuer, audiences, jwks } = target.token;
  const keys = "inline" in jwks ? `jwks: ${quoted(jwks.inline)}` : `jwksUri: ${scalar(jwks.url.href)}`;
  const prefixes = BEARER_PREFIXES.map((prefix) => `- {name: Authorization, prefix: "${prefix}"}`);
  return `\
# Verifies the token if there is one; requests without one continue to the filter, whose 401 has what clients need.
${head("security.istio.io/v1", "RequestAuthentication", nameOf(target), target)}\
spec:
${attachment(target, "matchLabels")}\
  jwtRules:
    - issuer: ${scalar(issuer ?? "")}
      audiences: ${list(audiences)} # tokens issued for other servers are refused
      fromHeaders: # never from the query string; Envoy compares the scheme with case, RFC 9110 without
        ${prefixes.join("\n        ")}
      ${keys}
      forwardOriginalToken: false # the token is meant for this server only: the upstream does not see it
`;
}

const JUDGES = `\
# Decides every request through this gateway, so give MCP a gateway of its own.
`;

function trafficExtension(target: IstioTarget): string {
  return `\
${JUDGES}${head("extensions.istio.io/v1alpha1", "TrafficExtension", nameOf(target), target)}\
spec:
${attachment(target, "matchLabels")}\
  phase: AUTHZ # after the token check
  wasm:
    ${indent(plugin(target), 4)}
`;
}

function wasmPlugin(target: IstioTarget): string {
  return `\
${JUDGES}${head("extensions.istio.io/v1alpha1", "WasmPlugin", nameOf(target), target)}\
spec:
${attachment(target, "matchLabels")}\
  phase: AUTHZ # after the token check
  ${indent(plugin(target), 2)}
`;
}

/** What both kinds say in the same words. */
function plugin(target: IstioTarget): string {
  const { wasm, pullSecret } = target;
  const sum = wasm.kind === "http" && wasm.sha256 !== undefined ? `sha256: ${wasm.sha256}\n` : "";
  const secret = pullSecret === undefined ? "" : `imagePullSecret: ${scalar(pullSecret)}\n`;
  return `\
url: ${scalar(wasm.kind === "image" ? `oci://${wasm.url}` : wasm.url)}
${sum}${secret}\
failStrategy: FAIL_RELOAD # if the filter ever fails: 503, and a new VM for the next request
pluginName: scopegate
pluginConfig: # output of scopegate compile
  ${indent(pluginYaml(target), 2)}
`;
}
