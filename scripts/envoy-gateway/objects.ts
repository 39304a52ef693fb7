// The objects of `scopegate manifest`, and what must change because there is no cluster around them: a class, the MCP
// server, and where Envoy gets the module from.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { ENVOY_VERSION } from "../envoy/binary.ts";

export const LISTENER_PORT = 8888;
const SYSTEM = "envoy-gateway-system";
const EXTENSION = "gateway.envoyproxy.io/v1alpha1";

export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of many kinds, edited here and there
  spec: any;
}

/** The objects that the command line prints for a policy. Throws if it fails. */
export function manifestOf(policy: string, options: Record<"jwks" | "wasm" | "upstream", string>): Resource[] {
  const command = ["build/scopegate.mjs", "manifest", "-", "--target", "envoy-gateway"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    command.concat(Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])),
    { input: policy, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Resource);
}

/** The one object of a kind, to be modified in place. */
export function the(kind: string, objects: Resource[]): Resource {
  return objects.find((object) => object.kind === kind)!;
}

/** The same objects for host mode. Changed: the listener's port, Envoy's provider, the Service; the rest is added. */
export function forHostMode(objects: Resource[], certificates: string): Resource[] {
  const all = structuredClone(objects);
  const gateway = the("Gateway", all);
  gateway.spec.listeners[0].port = LISTENER_PORT;
  the("EnvoyProxy", all).spec.provider = { type: "Host", host: { envoyVersion: ENVOY_VERSION } };
  const gatewayClass: Resource = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GatewayClass",
    metadata: { name: gateway.spec.gatewayClassName as string },
    spec: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
  };
  const added = [gatewayClass, backendFor(the("HTTPRoute", all)), certificateSecret(certificates)];
  return [...all, ...added, moduleCluster(gateway, certificates)];
}

/** There are no Services here: the route's becomes a Backend with the same port on loopback. */
function backendFor({ metadata, spec }: Resource): Resource {
  const { name, port } = spec.rules[0].backendRefs[0] as { name: string; port: number };
  spec.rules[0].backendRefs = [{ group: "gateway.envoyproxy.io", kind: "Backend", name }];
  return {
    apiVersion: EXTENSION,
    kind: "Backend",
    metadata: { name, namespace: metadata.namespace },
    spec: { endpoints: [{ ip: { address: "127.0.0.1", port } }] },
  };
}

/** Envoy's own certificate, which the translation expects as a Secret. */
function certificateSecret(folder: string): Resource {
  const names = ["tls.crt", "tls.key", "ca.crt"];
  const data = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name)).toString("base64")]));
  const secret = { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", data };
  return { ...secret, metadata: { name: "envoy", namespace: SYSTEM } } as unknown as Resource;
}

/** In host mode of 1.9.0 the cluster from which Envoy gets modules still has the addresses of a pod. */
function moduleCluster({ metadata }: Resource, certificates: string): Resource {
  const replace = (path: string, value: string) => ({
    type: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    name: "wasm_cluster",
    operation: { op: "replace", path, value },
  });
  const trusted = "/transport_socket/typed_config/common_tls_context/validation_context/trusted_ca/filename";
  const address = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/address";
  return {
    apiVersion: EXTENSION,
    kind: "EnvoyPatchPolicy",
    metadata: { name: "host-mode-modules", namespace: metadata.namespace },
    spec: {
      targetRef: { group: "gateway.networking.k8s.io", kind: "Gateway", name: metadata.name },
      type: "JSONPatch",
      jsonPatches: [replace(trusted, join(certificates, "ca.crt")), replace(address, "127.0.0.1")],
    },
  };
}
