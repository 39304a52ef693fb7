// The built filter in the simulated host, a policy to try it with, and requests.
import assert from "node:assert/strict";
import { compileDocument, pluginConfiguration } from "../../scripts/compiler/index.ts";
import { filterModule } from "../../scripts/evaluate/filter-file.ts";
import {
  Host,
  JWT_NAMESPACE,
  type Answer,
  type HostOptions,
  type SimulatedRequest,
  type Struct,
} from "../../scripts/simulate/host.ts";

export const POLICY = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "wasm-test" },
  resource: "https://mcp.example.com/mcp",
  authorizationServers: ["https://auth.example.com"],
  backend: { from: "toolPrefix", separator: "__" },
  scopes: { admin: { implies: ["files:read"] } },
  rules: [
    {
      name: "public",
      source: { jwt: { scopes: ["files:read"] } },
      target: { tools: [{ backend: "fs", tool: "read", when: 'args.path.startsWith("/public/")' }] },
    },
    {
      name: "staff",
      source: { jwt: { claims: [{ name: "org.unit", values: ["eng"] }] } },
      target: { tools: ["stat"] },
    },
    {
      name: "by-header",
      source: { jwt: { scopes: ["files:read"] } },
      target: { tools: ["ping"] },
      when: 'request.headers["x-team"] == "a" && request.path == "/mcp"',
    },
  ],
};

export const OPEN = { apiVersion: "scopegate/v1", kind: "Policy", defaultAction: "Allow" };

export function configuration(holdHeaders: boolean, policy: object = POLICY): string {
  const { program, policy: model, problems } = compileDocument(policy);
  assert.ok(program && model, JSON.stringify(problems));
  return JSON.stringify(pluginConfiguration(program, model, { holdHeaders }));
}

export function hostWith(options: HostOptions = {}, policy: object = POLICY): Host {
  const host = new Host(filterModule(), options);
  const { ok, logs } = host.configure(configuration(options.holdsHeaders === true, policy));
  assert.ok(ok, logs.join("\n"));
  return host;
}

/** A host whose policy is one rule. */
export function hostOf(rule: object, more: object = {}): Host {
  return hostWith({}, { apiVersion: "scopegate/v1", kind: "Policy", ...more, rules: [rule] });
}

export const toolWhen = (when: string) => ({ target: { tools: [{ tool: "t", when }] } });

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function call(
  name: string,
  args: unknown,
  extra: Partial<SimulatedRequest> = {},
  payload: Struct | null = { scope: "files:read" },
): SimulatedRequest {
  return {
    headers: [["content-type", "application/json"]],
    body: bytes(JSON.stringify({ jsonrpc: "2.0", id: 'é"7', method: "tools/call", params: { name, arguments: args } })),
    metadata: payload === null ? {} : { [JWT_NAMESPACE]: { mcp: payload } },
    ...extra,
  };
}

export const message = (method: string, params: object) => ({ jsonrpc: "2.0", id: 7, method, params });

/** A call of the tool t with its arguments as JSON text. */
export const calling = (args: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":${args}}}`;

/** A request with any text as its body, in any revision. */
export function sending(text: string, version?: string, payload?: Struct): SimulatedRequest {
  const request = call("t", {}, {}, payload);
  const headers = [...request.headers!];
  if (version) headers.push(["mcp-protocol-version", version]);
  return { ...request, headers, body: bytes(text) };
}

/** A request with any body, in any revision. */
export const posting = (body: unknown, version?: string, payload?: Struct): SimulatedRequest =>
  sending(JSON.stringify(body), version, payload);

/** The decision record as one line: reason;rule;method;target, each empty when it is absent. */
export function lineOf({ objects }: Answer): string {
  const record = objects.get("scopegate") ?? {};
  return ["reason", "rule", "mcp.method.name", "gen_ai.tool.name"].map((name) => record[name] ?? "").join(";");
}

/** The reason in a refusal. */
export const reasonOf = ({ reply }: Answer): string | undefined =>
  /"reason":"(\w+)"/.exec(reply?.body.toString() ?? "")?.[1];

export const PUBLIC = call("fs__read", { path: "/public/a" });
export const PRIVATE = call("fs__read", { path: "/etc/passwd" });
export const MODES: HostOptions[] = [{ holdsHeaders: false }, { holdsHeaders: true }];

export function assertAllowed(answer: Answer, request: SimulatedRequest, what: string): void {
  assert.equal(answer.trap, undefined, what);
  assert.equal(answer.reply, undefined, `${what}: ${answer.reply?.body}`);
  assert.ok(answer.forwarded, what);
  assert.deepEqual(answer.upstream.body, request.body, `${what}: the body is sent on unchanged`);
}

export function assertRefused(answer: Answer, status: number, what: string): void {
  assert.equal(answer.trap, undefined, what);
  assert.equal(answer.reply?.status, status, what);
  assert.equal(answer.upstream.body.length, 0, `${what}: no byte of the body is sent on`);
}
