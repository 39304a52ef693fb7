// Set-ups that docs/deploy/envoy.md describes, from the command line's own output: the official client logs in through
// discovery, from nothing but the server's URL, and calls a tool.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { Session } from "../../scripts/demo/client.ts";
import { startOAuthServer } from "../../scripts/demo/oauth-server.ts";
import { Envoy } from "../../scripts/envoy/envoy.ts";
import { run } from "../support/cli.ts";
import { http1 } from "../support/clients.ts";
import { freePorts } from "../support/ports.ts";
import { ToolServer } from "./sdk/server.ts";

const folder = mkdtempSync(join(tmpdir(), "scopegate-login-"));
after(() => rmSync(folder, { recursive: true }));

/** Writes a policy for one tool, with the scope of its name, and returns the file. */
function policyFile(name: string, resource: string, issuer: string): string {
  const file = join(folder, `${name}.json`);
  const rule = { name, source: { jwt: { scopes: [name] } }, target: { tools: [name] } };
  const policy = { apiVersion: "scopegate/v1", kind: "Policy", metadata: { name }, resource };
  writeFileSync(file, JSON.stringify({ ...policy, authorizationServers: [issuer], rules: [rule] }));
  return file;
}

/** An Envoy with what `scopegate manifest` prints. */
function envoyFor(...args: string[]): Promise<Envoy> {
  const { code, out, err } = run(["manifest", ...args, "--target", "envoy", "--wasm", resolve("build/scopegate.wasm")]);
  assert.equal(code, 0, err);
  return Envoy.start(out);
}

const local = (port: number, path = ""): string => `http://127.0.0.1:${port}${path}`;
const place = (port: number): string => `127.0.0.1:${port}`;

/** Logs in as a client that knows only the URL, and calls a tool; returns the token. */
async function login(resource: string, tool: string): Promise<string> {
  const session = new Session(new URL(resource), fetch);
  await session.connect();
  assert.equal(await session.call(tool, {}), `${tool} ran`);
  await session.close();
  return session.provider.tokens()!.access_token;
}

const CALL = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "files" } });

async function close(...servers: (Server | undefined)[]): Promise<void> {
  for (const server of servers) {
    server?.closeAllConnections();
    await new Promise((done) => (server ? server.close(done) : done(undefined)));
  }
}

describe("several policies on one listener", () => {
  const servers: ToolServer[] = [];
  const issuers: Server[] = [];
  let envoy: Envoy | undefined;
  let [files, search]: [string, string] = ["", ""];

  before(async () => {
    const [port = 0, first = 0, second = 0] = await freePorts(3);
    [files, search] = [local(port, "/files"), local(port, "/files/search")];
    servers.push(await ToolServer.start(["files"]), await ToolServer.start(["search"]));
    issuers.push(await startOAuthServer({ issuer: local(first), resource: files, scopes: ["files"] }));
    issuers.push(await startOAuthServer({ issuer: local(second), resource: search, scopes: ["search"] }));
    envoy = await envoyFor(
      policyFile("files", files, local(first)),
      policyFile("search", search, local(second)),
      ...["--jwks", `files=${local(first, "/jwks")}`, "--jwks", `search=${local(second, "/jwks")}`],
      ...["--upstream", `files=${place(servers[0]!.port)}`, "--upstream", `search=${place(servers[1]!.port)}`],
      ...["--listen", place(port), "--admin", place(0)],
    );
  });
  after(async () => {
    await envoy?.stop();
    await Promise.all(servers.map((server) => server.stop()));
    await close(...issuers);
  });

  const call = (url: string, token: string, tool: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool } }),
    });

  test("a client logs in to each, and a token for one is none for the other", async () => {
    const [one, other] = [await login(files, "files"), await login(search, "search")];
    for (const [url, token, tool] of [
      [search, one, "search"],
      [files, other, "files"],
      [`${search}/more`, one, "search"],
    ] as const) {
      const answer = await call(url, token, tool);
      assert.equal(answer.status, 401, url);
      assert.match(answer.headers.get("www-authenticate") ?? "", /error="invalid_token", resource_metadata="/);
    }
    // As they are written: fetch would put them in order.
    for (const path of ["/./files", "/x/../files", "//files", "/files/search/../", "/%66iles", "/files/sear%63h/.."]) {
      const headers = { "content-type": "application/json", authorization: `Bearer ${other}` };
      const { status } = await http1(envoy!.port, { method: "POST", path, headers, body: CALL });
      assert.ok(status === 401 || status === 403, `${path}: ${status}`);
    }
    for (const host of ["127.0.0.1", "LOCALHOST", "files.example.com"]) {
      const headers = { host, "content-type": "application/json", authorization: `Bearer ${one}` };
      const { status } = await http1(envoy!.port, { method: "POST", path: "/files", headers, body: CALL });
      assert.equal(status, 403, `${host} is no host of a policy`);
    }
    const [document, own] = await Promise.all(
      ["/files", "/files/search"].map(async (path) =>
        (await fetch(new URL(`/.well-known/oauth-protected-resource${path}`, files))).json(),
      ),
    );
    assert.deepEqual(
      [document, own].map((found) => (found as { resource: string }).resource),
      [files, search],
    );
  });

  test("what belongs to none is refused, with every token", async () => {
    const token = await login(files, "files");
    for (const path of ["/other", "/filesystem", "/"])
      assert.equal((await call(new URL(path, files).href, token, "files")).status, 403, path);
  });

  test("each has its own counters, and the printed stats_tags name it", async () => {
    const text = await envoy!.adminPage("/stats/prometheus");
    assert.match(text, /scopegate_policy_allow\{scopegate_policy="files"\} [1-9]/);
    assert.match(text, /scopegate_policy_unauthenticated\{scopegate_policy="search"\} [1-9]/);
  });
});

describe("an authorization server on the same origin, and a health check", () => {
  let [tools, oauth, health, envoy]: [ToolServer?, Server?, Server?, Envoy?] = [];
  let resource = "";

  before(async () => {
    const [port = 0, oauthPort = 0, healthPort = 0] = await freePorts(3);
    resource = local(port, "/mcp");
    tools = await ToolServer.start(["echo"]);
    oauth = await startOAuthServer({ issuer: local(port), resource, scopes: ["echo"], port: oauthPort });
    health = createServer((_request, response) => response.end("well"));
    await new Promise<void>((done) => health!.listen(healthPort, "127.0.0.1", done));
    const open = ["/auth/*", "/token", "/reg", "/jwks", "/interaction/*"].concat([
      "/.well-known/openid-configuration",
      "/.well-known/oauth-authorization-server",
    ]);
    envoy = await envoyFor(
      policyFile("echo", resource, local(port)),
      ...["--jwks", local(oauthPort, "/jwks"), "--upstream", place(tools.port)],
      ...open.flatMap((path) => ["--open-path", `${path}=${place(oauthPort)}`]),
      ...["--open-path", `/healthz=${place(healthPort)}`, "--listen", place(port), "--admin", place(0)],
    );
  });
  after(async () => {
    await envoy?.stop();
    await tools?.stop();
    await close(oauth, health);
  });

  test("a client logs in: registration, authorization and token go past the filter", async () => {
    const token = await login(resource, "echo");
    assert.ok(token.length > 0);
  });

  test("the health check needs no token, and MCP beside it does", async () => {
    const answer = await fetch(new URL("/healthz", resource));
    assert.deepEqual([answer.status, await answer.text()], [200, "well"]);
    assert.equal((await fetch(new URL("/mcp", resource))).status, 401);
    assert.equal((await fetch(new URL("/healthz/deeper", resource))).status, 401);
  });
});
