// Ways to enforce the rule of `oneRule` in Envoy: ours, what stock Envoy brings, and what others write for it. All have
// the same listener, jwt_authn, route and upstream; only what decides differs.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import binaryen from "assemblyscript/binaryen";
import { parse } from "yaml";
import { ISSUER, JWKS, RESOURCE } from "../envoy/issuer.ts";
import type { Loaded } from "../evaluate/engine.ts";
import { envoyBootstrap } from "../targets/envoy.ts";
import { METADATA_KEY, oneRule } from "./policies.ts";

export const BASELINE = "jwt_authn only";
export const OURS = "Scopegate";

export interface Peer {
  name: string;
  /** What it is, for the reader of a table. */
  what: string;
  /** It lets everything through: a yardstick. */
  undecided?: boolean;
  /** Why it cannot run here. */
  absent?: string;
  /** Its bootstrap. `service`: port of the program below. */
  config(upstream: number, service: number): string;
  /** A program beside Envoy, which prints its port; the command that builds it makes `service`. */
  service?: { file: string; build: string[]; folder: string };
}

const FOLDER = "scripts/bench/peers";

export function allPeers(): Peer[] {
  const rust = process.env["RUST_WASM"];
  const go = spawnSync("go", ["version"]).status === 0;
  return [
    baseline(),
    floor(),
    ours(),
    stock("mcp + RBAC", "Envoy's native `mcp` filter, then RBAC on its metadata (C++)", "mcp-rbac.yaml"),
    stock("Lua", "Envoy's Lua filter, JSON read in Lua", "lua.yaml"),
    {
      ...stock(
        "Rust wasm",
        "a proxy-wasm module in Rust with serde_json that skips what it does not need",
        "rust-wasm.yaml",
      ),
      ...(rust && existsSync(rust) ? {} : { absent: "$RUST_WASM names no module" }),
    },
    {
      ...stock("ext_authz", "Envoy's ext_authz with the body, and a service in Go over HTTP/1.1", "ext-authz.yaml"),
      ...(go ? {} : { absent: "there is no `go`" }),
      service: {
        file: resolve("build/bench-ext-authz"),
        build: ["go", "build", "-trimpath", "-o", resolve("build/bench-ext-authz"), "."],
        folder: `${FOLDER}/ext-authz`,
      },
    },
  ];
}

export function baseline(): Peer {
  return {
    name: BASELINE,
    what: "no authorization: what the others are compared with",
    undecided: true,
    config: (upstream) => bootstrap(upstream, []),
  };
}

/** A wasm module that only copies the body. */
function floor(): Peer {
  const peer = stock(
    "wasm floor",
    "no authorization: a wasm filter that copies the body into its memory, no more",
    "floor.yaml",
  );
  const config: Peer["config"] = (upstream, service) => {
    const module = binaryen.parseText(readFileSync(`${FOLDER}/floor.wat`, "utf8"));
    writeFileSync("build/bench-floor.wasm", module.emitBinary());
    module.dispose();
    return peer.config(upstream, service);
  };
  return { ...peer, undecided: true, config };
}

export function ours(loaded: Loaded = oneRule()): Peer {
  const what = "this filter: strict JSON, a scope, a regex predicate, metrics, access log state";
  return { name: OURS, what, config: (upstream) => edit(envoyBootstrap(target(upstream, loaded)), () => {}) };
}

function stock(name: string, what: string, file: string): Peer {
  const config = (upstream: number, service: number) => {
    const text = readFileSync(`${FOLDER}/${file}`, "utf8")
      .replace("@RUST_WASM@", resolve(process.env["RUST_WASM"] ?? ""))
      .replace("@AUTHZ@", String(service));
    return bootstrap(upstream, parse(text) as Filter[], service);
  };
  return { name, what, config };
}

interface Filter {
  name: string;
  typed_config: { providers?: Record<string, object> };
}
interface Manager {
  access_log?: object[];
  http_filters: Filter[];
  route_config: { virtual_hosts: { routes: object[] }[] };
}
interface Config {
  static_resources: {
    listeners: { filter_chains: { filters: { typed_config: Manager }[] }[] }[];
    clusters: { name: string }[];
  };
}

function target(upstream: number, loaded: Loaded) {
  const loopback = { host: "127.0.0.1", port: 0 };
  return {
    plugin: JSON.stringify({ ...(JSON.parse(loaded.configuration) as object), holdHeaders: true }),
    wasm: "build/scopegate.wasm",
    metadataKeys: [METADATA_KEY],
    maxBody: loaded.policy.limits.body,
    holdHeaders: true,
    token: { issuer: ISSUER, audiences: [RESOURCE], jwks: { inline: JWKS } },
    listen: loopback,
    admin: loopback,
    upstream: { ...loopback, port: upstream },
  };
}

/** The bootstrap of `scopegate manifest` without its access log, which would cost all of them the same. */
function edit(yaml: string, change: (manager: Manager, config: Config) => void): string {
  const config = parse(yaml) as Config;
  const manager = config.static_resources.listeners[0]!.filter_chains[0]!.filters[0]!.typed_config;
  delete manager.access_log;
  change(manager, config);
  return JSON.stringify(config);
}

/** The same with other filters between jwt_authn and the router. */
function bootstrap(upstream: number, filters: Filter[], service = 0): string {
  return edit(envoyBootstrap(target(upstream, oneRule())), (manager, config) => {
    const [jwt, router] = [manager.http_filters[0]!, manager.http_filters.at(-1)!];
    manager.http_filters = [jwt, ...filters, router];
    if (!service) return;
    Object.assign(jwt.typed_config.providers![METADATA_KEY]!, { forward_payload_header: "x-jwt-payload" });
    const { clusters } = config.static_resources;
    const text = JSON.stringify(clusters[0]).replaceAll('"upstream"', '"authz"');
    clusters.push(JSON.parse(text.replace(`"port_value":${upstream}`, `"port_value":${service}`)) as { name: string });
  });
}

/** An Envoy that takes the whole request and answers a fixed result: cheaper than any server in this process. */
export function upstreamConfig(): string {
  const body = { inline_string: '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}' };
  const buffer = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
    max_request_bytes: 16 << 20,
  };
  return edit(envoyBootstrap(target(1, oneRule())), (manager) => {
    manager.http_filters = [{ name: "buffer", typed_config: buffer } as Filter, manager.http_filters.at(-1)!];
    manager.route_config.virtual_hosts[0]!.routes = [
      { match: { prefix: "/" }, direct_response: { status: 200, body } },
    ];
  });
}
