// Ways to enforce the rule of `oneRule` in Envoy: ours, what stock Envoy has built in, and what others write for it. All
// have the same listener, jwt_authn, route and upstream; only the deciding filter differs.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "assemblyscript/binaryen";
import { parse } from "yaml";
import type { PluginOptions } from "../compiler/index.ts";
import { ISSUER, JWKS, RESOURCE } from "../envoy/issuer.ts";
import type { Loaded } from "../evaluate/load.ts";
import { envoyBootstrap } from "../targets/envoy.ts";
import { NO_SURROUNDINGS, recordFormat } from "../targets/host.ts";
import { goService, rustNative, rustWasm, type Product } from "./builds.ts";
import { METADATA_KEY, oneRule, WHEN } from "./policies.ts";

export const BASELINE = "jwt_authn only";
/** The baseline a second time: whatever it seems to add is the noise of the run. */
export const AGAIN = "jwt_authn again";
export const OURS = "Scopegate";
/** Ours with as little work as its settings allow. */
export const QUIET = "Scopegate, quiet";

export interface Peer {
  name: string;
  /** A description for the tables. */
  what: string;
  /** It lets everything through: a yardstick, not a decision. */
  undecided?: boolean;
  /** Builds what it needs before it starts; returns why it cannot run here, or undefined. */
  build?(): string | undefined;
  /** Its bootstrap. `service`: port of the program below. */
  config(upstream: number, service: number): string;
  /** A program next to Envoy, which prints its port. */
  service?: string;
}

const FOLDER = "scripts/bench/peers";

/** All peers, or those whose name contains one of the words; the baseline and ours are always included. */
export function choosePeers(words?: string[]): Peer[] {
  const peers = allPeers();
  const has = (name: string, word: string) => name.toLowerCase().includes(word.trim().toLowerCase());
  for (const word of words ?? [])
    if (!peers.some(({ name }) => has(name, word)))
      throw new Error(`--peers ${word}: none of ${peers.map(({ name }) => name).join(", ")}`);
  const chosen = (name: string) => name === BASELINE || name === OURS || words!.some((word) => has(name, word));
  return words ? peers.filter(({ name }) => chosen(name)) : peers;
}

function allPeers(): Peer[] {
  return [
    baseline(),
    { ...baseline(), name: AGAIN, what: "the same in another process: whatever it seems to add is noise" },
    floor(),
    ours(),
    quiet(),
    stock("mcp + RBAC", "Envoy's native `mcp` filter, then RBAC on its metadata (C++)", "mcp-rbac.yaml"),
    stock("Lua", "Envoy's Lua filter, JSON read in Lua", "lua.yaml"),
    built("Rust wasm", "a proxy-wasm module in Rust with serde_json and regex", "rust-wasm.yaml", rustWasm()),
    built(
      "Rust native",
      "the same Rust as a dynamic module, inside Envoy without a VM",
      "rust-native.yaml",
      rustNative(),
      { claim_to_headers: [{ claim_name: "scope", header_name: "x-jwt-scope" }] },
    ),
    {
      ...built(
        "ext_authz",
        "Envoy's ext_authz with the body, and a service in Go over HTTP/1.1",
        "ext-authz.yaml",
        goService(),
        { forward_payload_header: "x-jwt-payload" },
      ),
      service: goService().file,
    },
  ];
}

export function baseline(): Peer {
  return {
    name: BASELINE,
    what: "no authorization: the others are compared with this",
    undecided: true,
    config: (upstream) => bootstrap(upstream, []),
  };
}

/** Makes a wasm module of a text in `peers/`. */
export function assemble(file: string, wasm: string): void {
  const module = binaryen.parseText(readFileSync(`${FOLDER}/${file}`, "utf8"));
  writeFileSync(wasm, module.emitBinary());
  module.dispose();
}

/** A wasm module that only copies the body. */
function floor(): Peer {
  const peer = stock(
    "wasm floor",
    "no authorization: a wasm filter that copies the body into its memory and does nothing else",
    "floor.yaml",
  );
  const config: Peer["config"] = (upstream, service) => {
    assemble("floor.wat", "build/bench-floor.wasm");
    return peer.config(upstream, service);
  };
  return { ...peer, undecided: true, config };
}

export function ours(loaded: Loaded = oneRule(), options: PluginOptions = {}): Peer {
  const what = "this filter: strict JSON, a scope, a regex predicate, metrics, a decision record";
  return { name: OURS, what, config: (upstream) => edit(envoyBootstrap(target(upstream, loaded, options)), () => {}) };
}

function quiet(): Peer {
  const what = "the same with `record: { of: denials }`: no record of requests that pass";
  return { ...ours(oneRule(WHEN, { record: { of: "denials" } })), name: QUIET, what };
}

/** The filters from a file in `peers/`; `jwt` are further settings of jwt_authn. */
export function stock(name: string, what: string, file: string, module = "", jwt: object = {}): Peer {
  const config = (upstream: number, service: number) => {
    const text = readFileSync(`${FOLDER}/${file}`, "utf8")
      .replace("@FILE@", module)
      .replace("@AUTHZ@", String(service));
    return bootstrap(upstream, parse(text) as Filter[], service, jwt);
  };
  return { name, what, config };
}

function built(name: string, what: string, file: string, product: Product, jwt?: object): Peer {
  return { ...stock(name, what, file, product.file, jwt), build: () => product.build() };
}

interface Filter {
  name: string;
  typed_config: { providers?: Record<string, object> };
}
interface Manager {
  access_log?: object[];
  http_filters: Filter[];
  route_config: { virtual_hosts: { routes: object[] }[]; max_direct_response_body_size_bytes?: number };
}
interface Config {
  static_resources: {
    listeners: { filter_chains: { filters: { typed_config: Manager }[] }[] }[];
    clusters: { name: string }[];
  };
}

function target(upstream: number, loaded: Loaded, options: PluginOptions = {}) {
  const loopback = { host: "127.0.0.1", port: 0 };
  return {
    plugin: JSON.stringify({ ...(JSON.parse(loaded.configuration) as object), ...options, holdHeaders: true }),
    wasm: "build/scopegate.wasm",
    recordFormat: recordFormat(loaded.policy),
    metadataKeys: [METADATA_KEY],
    maxBody: loaded.policy.limits.body,
    ...NO_SURROUNDINGS,
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

/** The same bootstrap with other filters between jwt_authn and the router. */
function bootstrap(upstream: number, filters: Filter[], service = 0, jwtBesides: object = {}): string {
  return edit(envoyBootstrap(target(upstream, oneRule())), (manager, config) => {
    const [jwt, router] = [manager.http_filters[0]!, manager.http_filters.at(-1)!];
    manager.http_filters = [jwt, ...filters, router];
    Object.assign(jwt.typed_config.providers![METADATA_KEY]!, jwtBesides);
    if (!service) return;
    const { clusters } = config.static_resources;
    const text = JSON.stringify(clusters[0]).replaceAll('"upstream"', '"authz"');
    clusters.push(JSON.parse(text.replace(`"port_value":${upstream}`, `"port_value":${service}`)) as { name: string });
  });
}

/** An Envoy that reads the whole request and replies with a fixed result: cheaper than any server in this process. */
export function upstreamConfig(): string {
  return upstreamWith({});
}

/** The same with another result for some paths. */
export function upstreamWith(answers: Record<string, string>): string {
  const buffer = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
    max_request_bytes: 16 << 20,
  };
  return edit(envoyBootstrap(target(1, oneRule())), (manager) => {
    manager.http_filters = [{ name: "buffer", typed_config: buffer } as Filter, manager.http_filters.at(-1)!];
    const all = { ...answers, "/": '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}' };
    const json = { header: { key: "content-type", value: "application/json" } };
    manager.route_config.max_direct_response_body_size_bytes = 16 << 20;
    manager.route_config.virtual_hosts[0]!.routes = Object.entries(all).map(([prefix, inline_string]) => ({
      match: { prefix },
      direct_response: { status: 200, body: { inline_string } },
      response_headers_to_add: [json],
    }));
  });
}
