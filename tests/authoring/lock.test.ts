// `scopegate lock` against real servers of the official SDK, and against answers that are none.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";

const folder = mkdtempSync(join(tmpdir(), "scopegate-lock-"));
copyFileSync("build/scopegate.mjs", join(folder, "scopegate.mjs"));
after(() => rmSync(folder, { recursive: true }));

/** Runs a command without stopping the servers of this process. */
function run(args: string[], input = ""): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, ["scopegate.mjs", ...args], { cwd: folder });
    const texts = { out: "", err: "" };
    child.stdout.on("data", (part) => (texts.out += String(part)));
    child.stderr.on("data", (part) => (texts.err += String(part)));
    child.on("close", (code) => done({ code, ...texts }));
    child.stdin.end(input);
  });
}

const input = (properties: object) => ({ type: "object" as const, properties });
const TOOLS = [
  { name: "write", inputSchema: input({ path: { type: "string" } }), annotations: { destructiveHint: true } },
  {
    name: "read",
    description: "Reads",
    inputSchema: input({ path: { type: "string" } }),
    annotations: { readOnlyHint: true },
  },
  { name: "stat", inputSchema: input({}) },
];

/** A server of the SDK with one tool a page, and one item of each other kind. */
function sdkServer(tools: readonly object[]): Server {
  const capabilities = { tools: {}, prompts: {}, resources: {} };
  const server = new Server({ name: "pages", version: "1.0.0" }, { capabilities });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
    const at = Number(params?.cursor ?? 0);
    return { tools: tools.slice(at, at + 1) as never, ...(at + 1 < tools.length && { nextCursor: String(at + 1) }) };
  });
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: [{ name: "greet" }] }));
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: [{ uri: "file:///a", name: "a" }] }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: "file:///logs/{name}", name: "logs" }],
  }));
  return server;
}

async function answerWithSdk(
  tools: readonly object[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "POST") return void response.writeHead(405).end();
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  const server = sdkServer(tools);
  response.on("close", () => void server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response);
}

/** Answers every message by hand, so that it can be wrong. */
async function answerWith(
  page: (cursor: string | undefined) => object,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (request.method !== "POST") return void response.writeHead(405).end();
  let text = "";
  for await (const part of request) text += String(part);
  const { id, method, params } = JSON.parse(text) as { id?: number; method: string; params?: { cursor?: string } };
  if (id === undefined) return void response.writeHead(202).end();
  const results: Record<string, () => object> = {
    initialize: () => ({
      protocolVersion: "2025-06-18",
      capabilities: { tools: {} },
      serverInfo: { name: "odd", version: "1" },
    }),
    "tools/list": () => page(params?.cursor),
  };
  const result = results[method]?.();
  const answer = result ? { result } : { error: { code: -32601, message: "unknown" } };
  response
    .writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
}

const servers: HttpServer[] = [];
after(() => servers.forEach((server) => (server.close(), server.closeAllConnections())));

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

describe("scopegate lock", () => {
  let url = "";
  before(async () => (url = await listen((request, response) => void answerWithSdk(TOOLS, request, response))));

  test("asks a live server for all pages of all kinds, and writes them in order", async () => {
    const { code, err } = await run(["lock", "--from", url, "-o", "live.lock.yaml"]);
    assert.equal(code, 0, err);
    const text = readFileSync(join(folder, "live.lock.yaml"), "utf8");
    const names = [...text.matchAll(/^ {2}- (?:name|uri|uriTemplate): (.*)$/gm)].map((found) => found[1]);
    assert.deepEqual(names, ["read", "stat", "write", "greet", "file:///a", "file:///logs/{name}"]);
    assert.match(err, /locked 3 tools, 1 prompts, 1 resources, 1 resource templates/);
  });

  test("another order of tools and keys is no change; what changes is told by member", async () => {
    assert.deepEqual(await run(["lock", "--check", "live.lock.yaml", "--from", url]), { code: 0, out: "", err: "" });
    const turned = (value: unknown): unknown =>
      typeof value !== "object" || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, member]) => [key, turned(member)]),
          );
    const same = [...TOOLS].reverse().map((tool) => turned(tool) as object);
    const sameUrl = await listen((request, response) => void answerWithSdk(same, request, response));
    assert.deepEqual(await run(["lock", "--check", "live.lock.yaml", "--from", sameUrl]), {
      code: 0,
      out: "",
      err: "",
    });
    const [write, read] = TOOLS;
    const other = [
      { ...write, annotations: {} },
      { ...read, description: "Reads!", inputSchema: input({}) },
      { name: "new", inputSchema: input({}) },
    ];
    const otherUrl = await listen((request, response) => void answerWithSdk(other, request, response));
    const { code, out } = await run(["lock", "--check", "live.lock.yaml", "--from", otherUrl]);
    assert.equal(code, 1);
    assert.deepEqual(out.trim().split("\n"), [
      "tool new: added",
      "tool read: changed (description, inputSchema)",
      "tool stat: gone",
      "tool write: changed (annotations)",
    ]);
    const json = await run(["lock", "--check", "live.lock.yaml", "--from", otherUrl, "--format", "json"]);
    assert.deepEqual((JSON.parse(json.out) as object[])[1], {
      kind: "tools",
      id: "read",
      change: "changed",
      members: ["description", "inputSchema"],
    });
  });

  test("--stdio asks a program", async () => {
    const program = join(folder, "server.mjs");
    const sdk = (path: string) => resolve("node_modules/@modelcontextprotocol/sdk/dist/esm", path);
    writeFileSync(
      program,
      `import { Server } from ${JSON.stringify(sdk("server/index.js"))};
      import { StdioServerTransport } from ${JSON.stringify(sdk("server/stdio.js"))};
      import { ListToolsRequestSchema } from ${JSON.stringify(sdk("types.js"))};
      const server = new Server({ name: "io", version: "1" }, { capabilities: { tools: {} } });
      server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [{ name: "x", inputSchema: { type: "object" } }] }));
      await server.connect(new StdioServerTransport());`,
    );
    const { code, out, err } = await run(["lock", "--stdio", `node '${program}'`]);
    assert.equal(code, 0, err);
    assert.match(out, /^server: io$/m);
    assert.match(out, /^ {2}- name: x$/m);
  });

  test("a saved answer: a result, a response, an event stream, several in a list, standard input", async () => {
    const result = { tools: [TOOLS[1]] };
    const response = { jsonrpc: "2.0", id: 1, result };
    const texts = [result, response, [response, { prompts: [] }]].map((value) => JSON.stringify(value));
    const stream = `event: message\r\nid: 1\r\ndata: ${JSON.stringify(response)}\r\n\r\n`;
    const locks = await Promise.all([...texts, stream].map((text) => run(["lock", "--from", "-"], text)));
    assert.deepEqual(new Set(locks.map(({ out }) => out)).size, 1);
    assert.match(locks[0]!.out, /^ {2}- name: read$/m);
  });

  const WRONG: [string, string, RegExp][] = [
    ["no JSON", "{", /<stdin> is not JSON/],
    ["no list", "{}", /contains no list/],
    ["an error", '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}', /the answer is an error: no/],
    [
      "a name with a control character",
      '{"tools":[{"name":"a\\u001b[2Jb","inputSchema":{}}]}',
      /characters that cannot be seen/,
    ],
    ["no name", '{"tools":[{"inputSchema":{}}]}', /a tool without a name/],
    ["no input schema", '{"tools":[{"name":"a"}]}', /has no inputSchema/],
    ["half a surrogate pair", '{"tools":[{"name":"a","description":"\\ud800","inputSchema":{}}]}', /surrogate/],
    [
      "a tool twice",
      '{"tools":[{"name":"a","inputSchema":{}},{"name":"a","inputSchema":{}}]}',
      /lists the tool "a" twice/,
    ],
  ];
  for (const [what, text, message] of WRONG) {
    test(`${what}: a message, exit 1, nothing written`, async () => {
      const { code, out, err } = await run(["lock", "--from", "-", "-o", "wrong.lock.yaml"], text);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, message);
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(err, /[\x00-\x09\x0b-\x1f]/);
      assert.ok(!existsSync(join(folder, "wrong.lock.yaml")));
    });
  }

  test("a server that is not there, wants a token, speaks no MCP, lists for ever, repeats a page", async () => {
    const closed = await listen(() => {});
    servers.at(-1)!.close();
    servers.at(-1)!.closeAllConnections();
    const guarded = await listen(({ headers }, response) => {
      if (headers.authorization === "Bearer good") return void response.writeHead(500).end();
      response.writeHead(401, { "www-authenticate": 'Bearer scope="tools:list"' }).end();
    });
    const plain = await listen(
      (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("hi"),
    );
    let count = 0;
    const tool = (name: string) => ({ name, inputSchema: { type: "object" } });
    const endless = await listen(
      (request, response) =>
        void answerWith(() => ({ tools: [tool(`t${++count}`)], nextCursor: `c${count}` }), request, response),
    );
    const repeats = await listen(
      (request, response) =>
        void answerWith(() => ({ tools: [tool(`t${++count}`)], nextCursor: "same" }), request, response),
    );
    const cases: [string, number, RegExp][] = [
      [closed, 2, /cannot be reached: the connection is refused/],
      [guarded, 2, /asks for a token: give one with --header "authorization: Bearer TOKEN" \(401/],
      [plain, 2, /does not speak MCP/],
      [endless, 1, /tools\/list does not end: 200 pages/],
      [repeats, 1, /tools\/list does not end: a page comes again/],
    ];
    for (const [from, expected, message] of cases) {
      const { code, out, err } = await run(["lock", "--from", from, "-o", "wrong.lock.yaml", "--timeout", "20"]);
      assert.deepEqual([code, out], [expected, ""], err);
      assert.match(err, message);
    }
    assert.ok(!existsSync(join(folder, "wrong.lock.yaml")));
  });

  test("a server that never answers ends with --timeout", async () => {
    const silent = await listen(() => {});
    const { code, err } = await run(["lock", "--from", silent, "--timeout", "1"]);
    assert.equal(code, 2);
    assert.match(err, /gave no answer in 1 seconds/);
  });

  test("--header reaches the server, and its value no message", async () => {
    let seen: string | undefined;
    const url2 = await listen((request, response) => {
      seen = request.headers.authorization;
      response.writeHead(403, { "www-authenticate": 'Bearer error="insufficient_scope", scope="tools:list"' }).end();
    });
    const { code, err } = await run(["lock", "--from", url2, "--header", "authorization: Bearer secret"]);
    assert.deepEqual([code, seen], [2, "Bearer secret"]);
    assert.match(err, /refuses this token/);
    assert.doesNotMatch(err, /secret/);
    const wrong = await run(["lock", "--from", url2, "--header", "authorization Bearer secret"]);
    assert.deepEqual([wrong.code, wrong.err.includes("secret")], [2, false]);
  });
});
