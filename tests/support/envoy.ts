// A real Envoy with the filter between a test and a recording upstream.
import { compileDocument, pluginConfiguration } from "../../scripts/compiler/index.ts";
import { Envoy, type EnvoyOptions } from "../../scripts/envoy/envoy.ts";
import { envoyBootstrap, type EnvoyTarget } from "../../scripts/targets/envoy.ts";
import { NO_SURROUNDINGS, recordFormat } from "../../scripts/targets/host.ts";
import { ISSUER, JWKS, RESOURCE, token } from "../../scripts/envoy/issuer.ts";
import { indent } from "../../scripts/targets/yaml.ts";
import { Upstream } from "./upstream.ts";

export const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** The policy of the tests: echo by its arguments, sum by scope, every other call refused. */
export const POLICY = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "tests" },
  resource: RESOURCE,
  authorizationServers: [ISSUER],
  govern: ["tools"],
  record: { token: true },
  loop: "off", // the tests repeat the same requests
  rules: [
    {
      name: "greet",
      source: { jwt: { scopes: ["echo"] } },
      target: { tools: [{ tool: "echo", when: 'args.text.matches("^Hello, .*!$")' }] },
    },
    { name: "add", source: { jwt: { scopes: ["sum"] } }, target: { tools: [{ tool: "sum" }] } },
  ],
};

export interface GatewayOptions extends EnvoyOptions {
  policy?: object;
  holdHeaders?: boolean;
  /** Last changes to the configuration of the host, before it becomes YAML. */
  target?: Partial<EnvoyTarget>;
  /** Changes the YAML itself. */
  edit?: (yaml: string) => string;
}

/** Everything that `envoyBootstrap` needs, for a policy given as an object. Throws if the policy has errors. */
export function targetFor(document: object, upstreamPort: number, holdHeaders = true): EnvoyTarget {
  const { program, policy, problems } = compileDocument(document);
  if (!program || !policy) throw new Error(problems.map((problem) => problem.message).join("\n"));
  return {
    plugin: JSON.stringify(pluginConfiguration(program, policy, { holdHeaders })),
    wasm: "build/scopegate.wasm",
    recordFormat: recordFormat(policy),
    metadataKeys: policy.metadataKeys,
    maxBody: policy.limits.body,
    holdHeaders,
    token: { issuer: ISSUER, audiences: [RESOURCE], jwks: { inline: JWKS } },
    listen: LOOPBACK,
    admin: LOOPBACK,
    upstream: { host: "127.0.0.1", port: upstreamPort },
    ...NO_SURROUNDINGS,
  };
}

/** A bootstrap with one more filter, the last before the router; `entry` is an item of a list, YAML. */
export function beforeRouter(yaml: string, entry: string): string {
  return yaml.replace(
    /( +)- name: envoy.filters.http.router/,
    (router, margin: string) => `${margin}${indent(entry, margin.length)}\n${router}`,
  );
}

/** A bootstrap with Envoy Gateway's limit on what a connection buffers. */
export function withSmallBuffers(yaml: string): string {
  return yaml.replaceAll(/per_connection_buffer_limit_bytes: \d+/g, "per_connection_buffer_limit_bytes: 32768");
}

export class Gateway {
  private constructor(
    readonly envoy: Envoy,
    readonly upstream: Upstream,
  ) {}

  static async start(options: GatewayOptions = {}): Promise<Gateway> {
    const upstream = await Upstream.start();
    try {
      const target = { ...targetFor(options.policy ?? POLICY, upstream.port, options.holdHeaders), ...options.target };
      const yaml = envoyBootstrap(target);
      return new Gateway(await Envoy.start(options.edit?.(yaml) ?? yaml, options), upstream);
    } catch (error) {
      upstream.stop();
      throw error;
    }
  }

  get port(): number {
    return this.envoy.port;
  }

  async stop(): Promise<void> {
    await this.envoy.stop();
    this.upstream.stop();
  }
}

/** The body of a tools/call. */
export function call(name: string, args: unknown = {}, id: unknown = 1): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } });
}

/** The headers of an MCP client with a token for these scopes; null: no token. */
export function headers(scope: string | null = "echo"): Record<string, string> {
  const own = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  return scope === null ? own : { ...own, authorization: `Bearer ${token({ scope })}` };
}
