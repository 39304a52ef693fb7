// `npm start`: a real MCP client, MCP server and OAuth server around the filter, from no token to the step-up.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";

/** Runs the demo; returns its exit code and output. */
function demo(...args: string[]): Promise<{ code: number | null; text: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, ["scripts/bootstrap.mjs", "scripts/start.ts", ...args]);
    let text = "";
    child.stdout.on("data", (data) => (text += data));
    child.stderr.on("data", (data) => (text += data));
    child.on("close", (code) => done({ code, text }));
  });
}

// Below the range of ephemeral ports.
const PORT = 20_000 + (process.pid % 3_000) * 4;

test("the demo shows an allowed call, a challenge, the step-up and refusals, and exits", async () => {
  const { code, text } = await demo("--port", String(PORT));
  assert.equal(code, 0, text);
  const story = [
    "initialize",
    "401 Unauthorized",
    'token from the OAuth server: 200, scope "echo"',
    "tools/list",
    "the server has: demo__echo, demo__sum, demo__read_file",
    "the client sees: demo__echo\n",
    "tools/call demo__echo",
    "200 OK",
    "tools/call demo__sum",
    "403 Forbidden",
    'WWW-Authenticate: Bearer error="insufficient_scope", scope="sum"',
    'token from the OAuth server: 200, scope "echo sum"',
    "tools/call demo__sum",
    "200 OK",
    "result: 42",
    "the client sees: demo__echo, demo__sum\n",
    "403 Forbidden",
    "403 Forbidden",
    "Everything went as the policy says.",
  ];
  story.reduce((at, words) => {
    const next = text.indexOf(words, at);
    assert.ok(next >= 0, `"${words}" is missing in\n${text.slice(at)}`);
    return next + words.length;
  }, 0);
});

test("a port in use is named", async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const { code, text } = await demo("--port", String(port));
  server.close();
  assert.equal(code, 2);
  assert.match(text, new RegExp(`port ${port} is in use`));
});
