// The options of `scopegate manifest`, read once for all targets. A missing one falls back to the policy.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError, type Invocation } from "../command.ts";
import { readInput } from "../input.ts";
import type { Policy } from "../compiler/index.ts";
import { readRecordKey } from "../record-key.ts";
import type { EnvoyTarget } from "./envoy.ts";
import type { McpServer } from "./envoy-token.ts";
import { Compiled, recordFormat, type Address, type Jwks, type Surroundings, type Token } from "./host.ts";
import type { IstioApi, IstioTarget } from "./istio.ts";
import type { KubernetesTarget, WasmSource } from "./kubernetes.ts";
import { openPath } from "./open-paths.ts";
import { optionsFor, placeOf, singleOf } from "./servers.ts";

type Given = Invocation["options"];

export function envoyTarget(all: Given, everything: Compiled): EnvoyTarget {
  const [given] = shares(all, everything) as [Given];
  const compiled = everything;
  const { policy } = compiled;
  const holdHeaders = holds(given);
  forbid(given, "envoy", ["ignore-upgrades", "pull-secret", "selector", "istio-api"]);
  if (given["filters-only"])
    for (const name of ["cors", "open-path", "trusted-hops"])
      if (given[name] !== undefined)
        throw new UsageError(`--${name} belongs to what --filters-only leaves out; docs/deploy/envoy.md has the lines`);
  return {
    ...surroundings(given, compiled),
    plugin: JSON.stringify(compiled.plugin({ holdHeaders, recordKey: readRecordKey(given["record-key"]) })),
    wasm: text(given, "wasm") ?? relative(process.cwd(), ownWasm()),
    metadataKeys: policy.metadataKeys,
    recordFormat: sharedFormat(compiled),
    maxBody: Math.max(...compiled.policies.map(({ limits }) => limits.body)),
    holdHeaders,
    token: given["filters-only"] && given["jwks"] === undefined ? undefined : tokenOptions(given, policy),
    listen: address(given, "listen", "127.0.0.1:10000"),
    admin: address(given, "admin", "127.0.0.1:9901"),
    upstream: address(given, "upstream", "127.0.0.1:3000"),
    servers: compiled.policies.length > 1 ? mcpServers(all, compiled) : undefined,
  };
}

/** The options as they are for each policy. */
function shares(given: Given, { policies }: Compiled): Given[] {
  const names = policies.map(({ name }) => name);
  return names.map((name) => optionsFor(given, name, names));
}

/** One access log prints the records of all policies. */
function sharedFormat({ policies }: Compiled): string {
  const [format, ...others] = new Set(policies.map(recordFormat));
  if (others.length > 0) throw new UsageError("several policies in one Envoy need the same record.form");
  return format!;
}

/** The MCP server of each of several policies. */
function mcpServers(all: Given, compiled: Compiled): McpServer[] {
  return shares(all, compiled).map((given, i) => {
    const policy = compiled.policies[i]!;
    const isChecked = all["filters-only"] === undefined || given["jwks"] !== undefined;
    return {
      name: policy.name,
      place: placeOf(policy),
      metadataKeys: policy.metadataKeys,
      token: isChecked ? tokenOptions(given, policy) : undefined,
      upstream: address(given, "upstream", "127.0.0.1:3000"),
    };
  });
}

function kubernetesTarget(all: Given, compiled: Compiled): KubernetesTarget {
  const [given] = shares(all, compiled) as [Given];
  if (given["hold-headers"])
    throw new UsageError("--hold-headers works only with --target envoy: this host has no setting for it");
  const { host, port } = address(given, "upstream", "mcp-server:3000");
  return {
    ...surroundings(given, compiled),
    compiled,
    ignoreUpgrades: given["ignore-upgrades"] === true,
    pullSecret: given["pull-secret"] === undefined ? undefined : objectName(given, "pull-secret", ""),
    recordKey: readRecordKey(given["record-key"]),
    token: tokenOptions(given, compiled.policy),
    namespace: objectName(given, "namespace", "default"),
    gateway: objectName(given, "gateway", "mcp"),
    service: { name: host, port },
    wasm: wasmSource(text(given, "wasm")),
  };
}

export function gatewayTarget(given: Given, compiled: Compiled): KubernetesTarget {
  forbid(given, "envoy-gateway", ["selector", "istio-api"]);
  return kubernetesTarget(given, compiled);
}

export function istioTarget(given: Given, compiled: Compiled): IstioTarget {
  const api = text(given, "istio-api") ?? "TrafficExtension";
  if (api !== "TrafficExtension" && api !== "WasmPlugin")
    throw new UsageError(`--istio-api must be TrafficExtension or WasmPlugin, not ${api}`);
  const selector = (given["selector"] as string[] | undefined)?.map(label);
  if (selector && given["gateway"] !== undefined) throw new UsageError("--gateway and --selector cannot be combined");
  if (selector && given["open-path"] !== undefined)
    throw new UsageError("--open-path needs a Gateway of the Gateway API: with --selector the routes have other names");
  needOneToken(given, compiled);
  return { ...kubernetesTarget(given, compiled), api: api satisfies IstioApi, selector };
}

/** Istio checks tokens without a look at the path: a token for one of several servers would be taken for another's. */
function needOneToken(given: Given, compiled: Compiled): void {
  const tokens = shares(given, compiled).map((own, i) => JSON.stringify(tokenOptions(own, compiled.policies[i]!)));
  if (new Set(tokens).size > 1)
    throw new UsageError(
      "Istio checks tokens the same for every path: give several policies one --audience, --issuer and --jwks, or a gateway each",
    );
}

function forbid(given: Given, target: string, names: string[]): void {
  const used = names.find((name) => given[name] !== undefined);
  if (used !== undefined) throw new UsageError(`--${used} has no meaning for --target ${target}`);
}

function surroundings(given: Given, { policies }: Compiled): Surroundings {
  const paths = (given["open-path"] as string[] | undefined) ?? [];
  return {
    cors: ((given["cors"] as string[] | undefined) ?? []).map(origin),
    openPaths: paths.map((path) => openPath(path, policies, (place) => parseAddress(place, "open-path"))),
    trustedHops: hops(text(given, "trusted-hops") ?? "0"),
  };
}

/** RFC 6454 section 6.2, as browsers send it, or `*`. */
function origin(value: string): string {
  if (value !== "*" && (!URL.canParse(value) || new URL(value).origin !== value))
    throw new UsageError(`--cors must be an origin such as https://app.example.com, or *, not ${value}`);
  return value;
}

function hops(value: string): number {
  if (!/^\d{1,2}$/.test(value)) throw new UsageError(`--trusted-hops must be a number up to 99, not ${value}`);
  return Number(value);
}

/** A label, KEY=VALUE. */
function label(value: string): [key: string, value: string] {
  const [, key, word] =
    /^((?:[a-z0-9.-]+\/)?[A-Za-z0-9][A-Za-z0-9._-]{0,62})=([A-Za-z0-9][A-Za-z0-9._-]{0,62})$/.exec(value) ?? [];
  if (key === undefined || word === undefined)
    throw new UsageError(`--selector must be a label KEY=VALUE, not ${value}`);
  return [key, word];
}

function text(given: Given, name: string): string | undefined {
  return given[name] as string | undefined;
}

function holds(given: Given): boolean {
  if (given["hold-headers"] && given["no-hold-headers"])
    throw new UsageError("--hold-headers and --no-hold-headers cannot be combined");
  return given["no-hold-headers"] !== true;
}

function tokenOptions(given: Given, policy: Policy): Token {
  const { authorizationServers: servers } = policy;
  const issuer = singleOf(given, "issuer");
  if (issuer === undefined && servers.length > 1)
    throw new UsageError("--issuer is required: the policy names several authorization servers");
  return {
    issuer: issuer ?? servers[0],
    audiences: audiences(given, policy),
    jwks: jwks(singleOf(given, "jwks")),
  };
}

/** MCP 2025-06-18, Token Handling: a server must refuse tokens that were not issued for it. */
function audiences(given: Given, policy: Policy): string[] {
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
  // The text itself, as it stands in a functionConfig.
  const keys = parseJson(source.startsWith("{") ? source : readInput(source)) as { keys?: unknown } | undefined;
  if (!Array.isArray(keys?.keys)) throw new UsageError(`--jwks ${source.slice(0, 80)} is not a JSON Web Key Set`);
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
  return parseAddress(singleOf(given, name) ?? otherwise, name);
}

function parseAddress(value: string, name: string): Address {
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
