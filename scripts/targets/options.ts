// The options of `scopegate manifest`, read once for all targets. A missing one falls back to the policy.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError, type Invocation } from "../command.ts";
import { readInput } from "../input.ts";
import type { EnvoyTarget } from "./envoy.ts";
import { Compiled, type Address, type Jwks, type Token } from "./host.ts";
import type { KubernetesTarget, WasmSource } from "./kubernetes.ts";

type Given = Invocation["options"];

export function envoyTarget(given: Given, compiled: Compiled): EnvoyTarget {
  const { policy } = compiled;
  const holdHeaders = holds(given);
  return {
    plugin: JSON.stringify(
      compiled.plugin({ holdHeaders, quietPasses: isQuiet(given), logSubject: given["filters-only"] !== true }),
    ),
    wasm: text(given, "wasm") ?? relative(process.cwd(), ownWasm()),
    metadataKeys: policy.metadataKeys,
    maxBody: policy.limits.body,
    holdHeaders,
    token: given["filters-only"] && given["jwks"] === undefined ? undefined : tokenOptions(given, compiled),
    listen: address(given, "listen", "127.0.0.1:10000"),
    admin: address(given, "admin", "127.0.0.1:9901"),
    upstream: address(given, "upstream", "127.0.0.1:3000"),
  };
}

export function kubernetesTarget(given: Given, compiled: Compiled): KubernetesTarget {
  if (given["hold-headers"])
    throw new UsageError("--hold-headers works only with --target envoy: this host has no setting for it");
  const { host, port } = address(given, "upstream", "mcp-server:3000");
  return {
    compiled,
    quietPasses: isQuiet(given),
    token: tokenOptions(given, compiled),
    namespace: objectName(given, "namespace", "default"),
    gateway: objectName(given, "gateway", "mcp"),
    service: { name: host, port },
    wasm: wasmSource(text(given, "wasm")),
  };
}

function text(given: Given, name: string): string | undefined {
  return given[name] as string | undefined;
}

function holds(given: Given): boolean {
  if (given["hold-headers"] && given["no-hold-headers"])
    throw new UsageError("--hold-headers and --no-hold-headers cannot be combined");
  return given["no-hold-headers"] !== true;
}

function isQuiet(given: Given): boolean {
  return given["quiet-passes"] === true;
}

function tokenOptions(given: Given, { policy }: Compiled): Token {
  const { authorizationServers: servers } = policy;
  if (text(given, "issuer") === undefined && servers.length > 1)
    throw new UsageError("--issuer is required: the policy names several authorization servers");
  return {
    issuer: text(given, "issuer") ?? servers[0],
    audiences: audiences(given, policy),
    jwks: jwks(text(given, "jwks")),
  };
}

/** MCP 2025-06-18, Token Handling: a server must refuse tokens that were not issued for it. */
function audiences(given: Given, policy: Compiled["policy"]): string[] {
  const named = given["audience"] as string[] | undefined;
  if (named) return named;
  if (policy.audiences.length > 0) return policy.audiences;
  if (policy.resource !== undefined) return [policy.resource];
  throw new UsageError("--audience is required: the policy names neither an audience nor a resource");
}

function jwks(source: string | undefined): Jwks {
  if (source === undefined)
    throw new UsageError("--jwks is required: the URL or file with the keys that verify tokens");
  if (/^https?:\/\//.test(source)) return { url: new URL(source) };
  const keys = parseJson(readInput(source)) as { keys?: unknown } | undefined;
  if (!Array.isArray(keys?.keys)) throw new UsageError(`--jwks ${source} is not a JSON Web Key Set`);
  return { inline: JSON.stringify(keys) };
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}

function address(given: Given, name: string, otherwise: string): Address {
  const value = text(given, name) ?? otherwise;
  const [, host, port] = /^\[?([^[\]]+)\]?:(\d{1,5})$/.exec(value) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new UsageError(`--${name} must be HOST:PORT, not ${value}`);
  return { host, port: Number(port) };
}

/** RFC 1123 label. */
function objectName(given: Given, option: string, otherwise: string): string {
  const value = text(given, option) ?? otherwise;
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value))
    throw new UsageError(`--${option} must be a Kubernetes name, not ${value}`);
  return value;
}

/** A URL of the module, or the name of an image that contains it. */
function wasmSource(value: string | undefined): WasmSource {
  if (value === undefined)
    throw new UsageError("--wasm is required: the https:// URL of scopegate.wasm, or oci://IMAGE");
  if (value.startsWith("oci://")) return { kind: "image", url: value.slice("oci://".length) };
  if (!/^https?:\/\//.test(value))
    throw new UsageError(`--wasm must be an https:// URL or oci://IMAGE for this target, not ${value}`);
  const own = ownWasm();
  const sha256 = existsSync(own) ? createHash("sha256").update(readFileSync(own)).digest("hex") : undefined;
  return { kind: "http", url: value, sha256 };
}

/** The filter that belongs to this program: next to the bundle, or in build/ when run from the sources. */
function ownWasm(): string {
  const place = import.meta.url.endsWith(".ts") ? "../../build/scopegate.wasm" : "scopegate.wasm";
  return fileURLToPath(new URL(place, import.meta.url));
}
