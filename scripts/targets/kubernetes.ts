// What the Kubernetes targets share: where the objects live, and where the host gets the filter from.
import { isIP } from "node:net";
import type { Compiled, Surroundings, Token } from "./host.ts";
import { quoted, scalar } from "./yaml.ts";

export interface KubernetesTarget extends Surroundings {
  compiled: Compiled;
  recordKey?: string;
  token: Token;
  namespace: string;
  /** Gateway that the route or the filter is attached to. */
  gateway: string;
  /** The MCP server: a Service and its port. */
  service: { name: string; port: number };
  wasm: WasmSource;
  /** A Secret with credentials for the registry of the image. */
  pullSecret?: string;
  /** Whether an offer to upgrade is passed over for the whole gateway. */
  ignoreUpgrades: boolean;
}

/** `sha256` is that of the module; an image is pinned by the digest in its name. */
export type WasmSource = { kind: "http"; url: string; sha256?: string } | { kind: "image"; url: string };

/** The `hostnames` line of a route for a URL. An IP address is not a host name: such a route is for every name. */
export function hostnames({ hostname }: URL): string {
  return isIP(hostname.replace(/^\[|\]$/g, "")) ? "" : `  hostnames: [${quoted(hostname)}]\n`;
}

/** The policy's name as a valid object name (RFC 1123). */
export function nameOf({ compiled }: KubernetesTarget): string {
  if (compiled.policies.length > 1) return "scopegate";
  const name = compiled.policy.name.toLowerCase().replace(/[^a-z0-9-]+/g, "-");
  return name.slice(0, 50).replace(/^-+|-+$/g, "") || "scopegate";
}

/** Mebibytes of a request that the host buffers: more than the filter judges, so that its own 413 comes first. */
export function bufferLimit({ compiled }: KubernetesTarget): number {
  return Math.ceil(Math.max(...compiled.policies.map(({ limits }) => limits.body)) / (1 << 20)) + 1;
}

/**
 * The filter state that the filter leaves at the headers of a request. An authorization behind it that asks for this state lets
 * nothing pass where the filter does not run: deleted, overridden, or never loaded.
 */
export const MARK = "wasm.scopegate.runs";

/** The plugin configuration as YAML. The filter does not hold the headers: these hosts have no setting to continue after that. */
export function pluginYaml({ compiled, recordKey }: KubernetesTarget): string {
  const members = Object.entries(compiled.plugin({ guard: true, recordKey }));
  const yaml = (value: unknown) => (typeof value === "string" ? quoted(value) : JSON.stringify(value));
  return members.map(([name, value]) => `${name}: ${yaml(value)}`).join("\n");
}

/** The first lines of every object. */
export function head(apiVersion: string, kind: string, name: string, { namespace }: KubernetesTarget): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${scalar(name)}, namespace: ${scalar(namespace)}}\n`;
}
