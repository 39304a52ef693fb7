// Objects for Istio 1.22 and later: RequestAuthentication stores the payload where the filter looks, and WasmPlugin puts the
// filter after it. RequestAuthentication does not require a token, so the filter's own 401 reaches clients.
import type { Part } from "./host.ts";
import { head, nameOf, pluginYaml, type KubernetesTarget } from "./kubernetes.ts";
import { indent, list, quoted, scalar } from "./yaml.ts";

/** Istio's key in jwt_authn's metadata, for every issuer. */
export const ISTIO_METADATA_KEY = "payload";

export function istioObjects(target: KubernetesTarget): Part[] {
  return [
    { name: "request-authentication", yaml: requestAuthentication(target) },
    { name: "wasm-plugin", yaml: wasmPlugin(target) },
  ];
}

function targetRef({ gateway }: KubernetesTarget): string {
  return `  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: ${scalar(gateway)}}]\n`;
}

function requestAuthentication(target: KubernetesTarget): string {
  const { issuer, audiences, jwks } = target.token;
  const keys = "inline" in jwks ? `jwks: ${quoted(jwks.inline)}` : `jwksUri: ${scalar(jwks.url.href)}`;
  return `\
# Verifies the token if there is one; requests without one continue to the filter, whose 401 has what clients need.
${head("security.istio.io/v1", "RequestAuthentication", nameOf(target), target)}\
spec:
${targetRef(target)}\
  jwtRules:
    - issuer: ${scalar(issuer ?? "")}
      audiences: ${list(audiences)} # tokens issued for other servers are refused
      ${keys}
      forwardOriginalToken: false # the token is meant for this server only: the upstream does not see it
`;
}

function wasmPlugin(target: KubernetesTarget): string {
  const { wasm } = target;
  const sum = wasm.kind === "http" && wasm.sha256 !== undefined ? `\n  sha256: ${wasm.sha256}` : "";
  return `\
# Decides every request through this gateway, so give MCP a gateway of its own. Istio has no setting to hold headers:
# the MCP server may see the headers of a refused request (without the token), but never a byte of its body.
${head("extensions.istio.io/v1alpha1", "WasmPlugin", nameOf(target), target)}\
spec:
${targetRef(target)}\
  url: ${scalar(wasm.kind === "image" ? `oci://${wasm.url}` : wasm.url)}${sum}
  phase: AUTHZ # after the token check
  failStrategy: FAIL_RELOAD # if the filter ever fails: 503, and a new VM for the next request
  pluginName: scopegate
  pluginConfig: # output of scopegate compile
    ${indent(pluginYaml(target), 4)}
`;
}
