// The language server over standard input and output, with the protocol's own client library: open, edit, diagnostics, quick
// fixes, completion, hover, definition.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, test } from "node:test";
import {
  createProtocolConnection,
  type CodeAction,
  type CompletionItem,
  type Diagnostic,
  type Hover,
  type InitializeResult,
  type Location,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from "vscode-languageserver/node";
import { makeLock } from "../../scripts/compiler/lock/lock.ts";
import { renderLock } from "../../scripts/compiler/lock/text.ts";

const folder = mkdtempSync(join(tmpdir(), "scopegate-lsp-"));
const at = (name: string): string => pathToFileURL(join(folder, name)).href;
const DEPLOY = {
  name: "deploy",
  description: "Rolls out a build",
  annotations: { destructiveHint: true },
  inputSchema: {
    type: "object",
    properties: { environment: { type: "string", enum: ["staging", "production"] }, count: { type: "integer" } },
    required: ["environment"],
  },
};
const READ = {
  name: "read_file",
  inputSchema: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
};
const POLICY = `apiVersion: scopegate/v1
kind: Policy
lock: tools.lock.yaml
scopes:
  deploy:any: { implies: [deploy:read] }
  deploy:read:
rules:
  - name: roll-out
    source: { jwt: { scopes: [deploy:any] } }
    target:
      tools:
        - { tool: deploy, when: 'args.environment == "staging"' }
`;
const TESTS = `policy: policy.yaml
tests:
  - name: staging
    scopes: [deploy:any]
    call: { tool: deploy, args: { environment: staging } }
    expect: { decision: allow, rule: roll-out }
`;

let client: ProtocolConnection;
let ended: Promise<number | null>;
const waiting = new Map<string, (diagnostics: Diagnostic[]) => void>();
const versions = new Map<string, number>();

/** What the server says of a document the next time. */
function next(uri: string): Promise<Diagnostic[]> {
  return new Promise((done) => waiting.set(uri, done));
}

async function open(name: string, text: string): Promise<Diagnostic[]> {
  const uri = at(name);
  const said = next(uri);
  versions.set(uri, 1);
  await client.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "yaml", version: 1, text },
  });
  return said;
}

/** Replaces the whole text, as an editor without incremental changes does. */
async function change(name: string, text: string): Promise<Diagnostic[]> {
  const uri = at(name);
  const said = next(uri);
  const version = versions.get(uri)! + 1;
  versions.set(uri, version);
  await client.sendNotification("textDocument/didChange", {
    textDocument: { uri, version },
    contentChanges: [{ text }],
  });
  return said;
}

/** The position of `‸` in a text, and the text without it. */
function cursor(text: string): { text: string; position: { line: number; character: number } } {
  const lines = text.slice(0, text.indexOf("‸")).split("\n");
  return { text: text.replace("‸", ""), position: { line: lines.length - 1, character: lines.at(-1)!.length } };
}

async function labels(name: string, marked: string): Promise<string[]> {
  const { text, position } = cursor(marked);
  await change(name, text);
  const items = await client.sendRequest<CompletionItem[]>("textDocument/completion", {
    textDocument: { uri: at(name) },
    position,
  });
  return items.map(({ label }) => label);
}

async function hoverAt(name: string, marked: string): Promise<string> {
  const { text, position } = cursor(marked);
  await change(name, text);
  const found = await client.sendRequest<Hover | null>("textDocument/hover", {
    textDocument: { uri: at(name) },
    position,
  });
  return found ? (found.contents as { value: string }).value : "";
}

async function definitionAt(name: string, marked: string): Promise<Location> {
  const { text, position } = cursor(marked);
  await change(name, text);
  return client.sendRequest("textDocument/definition", { textDocument: { uri: at(name) }, position });
}

before(async () => {
  copyFileSync("build/scopegate.mjs", join(folder, "scopegate.mjs"));
  const lock = makeLock({ tools: [DEPLOY, READ], prompts: [], resources: [], resourceTemplates: [] });
  writeFileSync(join(folder, "tools.lock.yaml"), renderLock(lock));
  writeFileSync(join(folder, "policy.yaml"), POLICY);
  const server = spawn(process.execPath, ["scopegate.mjs", "lsp", "--stdio"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
  });
  ended = new Promise((done) => server.on("exit", done));
  client = createProtocolConnection(server.stdout, server.stdin);
  client.onNotification("textDocument/publishDiagnostics", ({ uri, diagnostics }: PublishDiagnosticsParams) => {
    waiting.get(uri)?.(diagnostics);
    waiting.delete(uri);
  });
  client.listen();
  const { capabilities } = await client.sendRequest<InitializeResult>("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    capabilities: {},
  });
  assert.ok(capabilities.completionProvider && capabilities.hoverProvider && capabilities.definitionProvider);
  await client.sendNotification("initialized", {});
});
after(() => rmSync(folder, { recursive: true }));

describe("scopegate lsp", () => {
  test("a right policy has no diagnostics", async () => assert.deepEqual(await open("policy.yaml", POLICY), []));

  test("a typo in an argument is an error at its place, with a fix that puts it right", async () => {
    const wrong = POLICY.replace("args.environment", "args.enviroment");
    const [found, ...more] = await change("policy.yaml", wrong);
    assert.deepEqual(more, []);
    assert.equal(
      String(found!.message),
      'the input schema of deploy has no "enviroment"\nhint: did you mean "environment"?',
    );
    const lines = wrong.split("\n");
    const line = lines.findIndex((text) => text.includes("enviroment"));
    const character = lines[line]!.indexOf("enviroment");
    assert.deepEqual(found!.range, { start: { line, character }, end: { line, character: character + 10 } });
    const [action] = await client.sendRequest<CodeAction[]>("textDocument/codeAction", {
      textDocument: { uri: at("policy.yaml") },
      range: found!.range,
      context: { diagnostics: [found] },
    });
    const [edit] = action!.edit!.changes![at("policy.yaml")]!;
    const fixed = lines.map((text, i) =>
      i === edit!.range.start.line
        ? text.slice(0, edit!.range.start.character) + edit!.newText + text.slice(edit!.range.end.character)
        : text,
    );
    assert.equal(fixed.join("\n"), POLICY);
    assert.deepEqual(await change("policy.yaml", POLICY), []);
  });

  test("an incremental change is followed", async () => {
    const uri = at("policy.yaml");
    const said = next(uri);
    versions.set(uri, versions.get(uri)! + 1);
    const line = POLICY.split("\n").findIndex((text) => text.startsWith("rules:"));
    await client.sendNotification("textDocument/didChange", {
      textDocument: { uri, version: versions.get(uri)! },
      contentChanges: [{ range: { start: { line, character: 0 }, end: { line, character: 5 } }, text: "rulse" }],
    });
    assert.ok((await said).some(({ message }) => String(message).includes('did you mean "rules"?')));
    await change("policy.yaml", POLICY);
  });

  test("what can be written is offered: members, words, scopes, tools, arguments, values", async () => {
    const member = await labels("policy.yaml", POLICY.replace("rules:", "defa‸\nrules:"));
    assert.ok(member.includes("defaultAction") && !member.includes("lock"), String(member));
    assert.deepEqual(await labels("policy.yaml", POLICY.replace("rules:", "denial: ‸\nrules:")), [
      "http",
      "in-band",
      "mixed",
    ]);
    assert.deepEqual(await labels("policy.yaml", POLICY.replace("[deploy:any]", "[deploy:any, ‸]")), [
      "deploy:read",
      "anyOf",
    ]);
    assert.deepEqual(await labels("policy.yaml", POLICY.replace("tool: deploy", "tool: ‸")), ["deploy", "read_file"]);
    const args = await labels("policy.yaml", POLICY.replace("args.environment ==", "args.‸ =="));
    assert.deepEqual(args.slice(0, 2), ["environment", "count"]);
    const values = await labels("policy.yaml", POLICY.replace('"staging"', '"‸"'));
    assert.deepEqual(values, ["staging", "production"]);
    assert.ok((await labels("policy.yaml", POLICY.replace("args.environment", "jwt.‸"))).includes("claims"));
    assert.ok((await labels("policy.yaml", POLICY.replace("    target:", "    ‸\n    target:"))).includes("action"));
  });

  test("hover tells what a scope implies, what a `when` reads, what a tool is", async () => {
    assert.match(
      await hoverAt("policy.yaml", POLICY.replace("[deploy:any]", "[depl‸oy:any]")),
      /implies `deploy:read`/,
    );
    assert.match(await hoverAt("policy.yaml", POLICY.replace("== ", "‸== ")), /reads `args\.environment`[^]*steps/);
    const tool = await hoverAt("policy.yaml", POLICY.replace("tool: deploy", "tool: dep‸loy"));
    assert.match(tool, /Rolls out a build[^]*`destructiveHint`[^]*"staging" \| "production"`, required/);
    assert.match(await hoverAt("policy.yaml", POLICY.replace("rules:", "ru‸les:")), /first match decides/);
  });

  test("definitions: a scope, a tool in the lock, a rule named in a test", async () => {
    const scope = await definitionAt("policy.yaml", POLICY.replace("[deploy:any]", "[depl‸oy:any]"));
    assert.deepEqual([scope.uri, scope.range.start.line], [at("policy.yaml"), 4]);
    const tool = await definitionAt("policy.yaml", POLICY.replace("tool: deploy", "tool: dep‸loy"));
    const lock = readFileSync(join(folder, "tools.lock.yaml"), "utf8").split("\n");
    assert.deepEqual([tool.uri, lock[tool.range.start.line]], [at("tools.lock.yaml"), "  - name: deploy"]);
    await change("policy.yaml", POLICY);
    assert.deepEqual(await open("policy.test.yaml", TESTS), []);
    const rule = await definitionAt("policy.test.yaml", TESTS.replace("roll-out", "roll‸-out"));
    assert.deepEqual([rule.uri, rule.range.start.line], [at("policy.yaml"), 7]);
  });

  test("a wrong test file is told at its place", async () => {
    const [found] = await change("policy.test.yaml", TESTS.replace("decision: allow", "decision: alow"));
    assert.match(String(found!.message), /decision must be one of/);
    assert.equal(found!.range.start.line, 5);
    assert.deepEqual(await labels("policy.test.yaml", TESTS.replace("decision: allow", "decision: ‸")), [
      "allow",
      "deny",
      "reject",
      "unauthenticated",
      "answer",
    ]);
  });

  test("texts that are half written, or no policies, end nothing", async () => {
    for (let length = 0; length < POLICY.length; length += 7) await change("policy.yaml", POLICY.slice(0, length));
    assert.deepEqual(await open("other.yaml", "apiVersion: v1\nkind: Service\n"), []);
    assert.deepEqual(await change("policy.yaml", POLICY), []);
  });

  test("shutdown and exit end it with 0", async () => {
    await client.sendRequest("shutdown");
    await client.sendNotification("exit");
    assert.equal(await ended, 0);
  });
});
