// The examples of the documentation, run: policies compile, expressions have the results in the tables, and the README's
// call gets the reply shown there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { compileDocument, compilePolicy, pluginConfiguration } from "../../scripts/compiler/index.ts";
import { GOVERNED } from "../../scripts/compiler/policy/words.ts";
import { Host, JWT_NAMESPACE } from "../../scripts/simulate/host.ts";
import { blocks, CLI, code, page, PAGES, rows, section } from "../support/pages.ts";

describe("policies", () => {
  for (const file of PAGES) {
    const policies = blocks(page(file), "yaml").filter((block) => /^kind: Policy$/m.test(block));
    if (policies.length === 0) continue;
    test(`${file}: ${policies.length} compile`, () => {
      for (const policy of policies) assert.deepEqual(compilePolicy(policy, file).problems, [], policy);
    });
  }

  test("fragments of the policy reference compile", () => {
    const base = { apiVersion: "scopegate/v1", kind: "Policy" };
    const fragments = blocks(page("docs/policy.md"), "yaml").filter((block) => !block.includes("apiVersion"));
    assert.ok(fragments.length > 4);
    for (const fragment of fragments) {
      const members = parse(fragment) as Record<string, unknown>;
      const rule = members["target"]
        ? { target: members["target"] }
        : members["claims"]
          ? { source: { jwt: members } }
          : undefined;
      const backend = { from: "toolPrefix" };
      const document = rule ? { ...base, backend, rules: [rule] } : { ...base, ...members };
      const errors = compileDocument(document).problems.filter(({ severity }) => severity === "error");
      assert.deepEqual(errors, [], fragment);
    }
  });

  test("the reference lists every member of a policy, and no others", () => {
    const { problems } = compileDocument({
      apiVersion: "scopegate/v1",
      kind: "Policy",
      limits: 1,
      transport: 1,
      rules: [1],
    });
    const known = problems.flatMap(({ message }) => /\((.*)\)/.exec(message)?.[1]?.split(", ") ?? []);
    assert.ok(known.length > 8);
    for (const name of known) assert.match(page("docs/policy.md"), new RegExp(`[\`.{ ]${name}[\`.:]`), name);
    const table = rows(section(page("docs/policy.md"), "## Members of the document"));
    const named = table.flatMap((row) => [...row[0]!.matchAll(/`(\w+)/g)].map((found) => found[1]!));
    const empty = Object.fromEntries([...new Set(named), "unheardOf"].map((name) => [name, null]));
    const refused = compileDocument({ ...empty, apiVersion: "scopegate/v1", kind: "Policy" }).problems;
    const unknown = refused.flatMap(({ message }) => /^unknown key "(\w+)"$/.exec(message)?.[1] ?? []);
    assert.deepEqual(unknown, ["unheardOf"]);
    const [, members] = /const MEMBERS[^]*?= \{\n([^]*?)\n\};/.exec(page("scripts/compiler/policy/settings.ts"))!;
    const read = [...members!.matchAll(/^ {2}(\w+): /gm)].map((found) => found[1]!);
    assert.ok(read.length > 15);
    assert.deepEqual(
      read.filter((name) => !named.includes(name)),
      [],
      "read, but not documented",
    );
  });

  test("the reference lists the words of govern", () => {
    const words = rows(section(page("docs/policy.md"), "## govern")).map((row) => code(row[0]!));
    assert.deepEqual(words.sort(), Object.keys(GOVERNED).sort());
  });

  test("the error that docs/cli.md shows is the command line's", () => {
    const [shown = ""] = blocks(section(page("docs/cli.md"), "## check"), "text");
    const policy = `apiVersion: scopegate/v1\nkind: Policy\nrules:\n${shown.split("\n")[1]}\n`;
    const { stderr } = spawnSync(process.execPath, [CLI, "check", "-"], { input: policy, encoding: "utf8" });
    assert.equal(stderr.replace("<stdin>", "policy.yaml"), shown);
  });

  test("the policy tests shown have the documented shape", () => {
    const [shownTests] = blocks(section(page("docs/cli.md"), "## test"), "yaml");
    const all = parse(shownTests!) as {
      tests: { payload?: object; scopes?: string[]; call?: Call; request?: object; list?: string; expect: Expected }[];
    };
    // Lists are judged in docs/lists.md's own tests.
    const tests = all.tests.filter(({ list }) => list === undefined);
    const policy = parse(readmePolicy()) as object;
    const lines = tests.map(({ payload, scopes, call, request }) => ({
      policy,
      payload: payload ?? (scopes && { scope: scopes.join(" ") }),
      ...(request ?? { body: toolCall(call!.tool, call!.args) }),
    }));
    const results = evaluate(lines);
    tests.forEach(({ expect }, i) => {
      assert.equal(results[i]!.decision, expect.decision);
      if (expect.reason) assert.equal(results[i]!.reason, expect.reason);
      if (expect.rule) assert.equal(results[i]!.rule, expect.rule);
      if (expect.scopes) assert.deepEqual(results[i]!.requiredScopes, expect.scopes);
    });
  });
});

interface Call {
  tool: string;
  args?: unknown;
}

interface Expected {
  decision: string;
  reason?: string;
  rule?: string;
  scopes?: string[];
}

interface Evaluated {
  decision: string;
  reason: string;
  rule: string | null;
  requiredScopes: string[] | null;
  trace?: { outcome: string }[];
}

function toolCall(name: string, args?: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
}

function evaluate(lines: object[]): Evaluated[] {
  const input = lines.map((line) => JSON.stringify(line)).join("\n");
  const { stdout, status, stderr } = spawnSync(process.execPath, [CLI, "eval", "--explain"], {
    input,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr + stdout);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Evaluated);
}

describe("the when language", () => {
  const text = page("docs/when.md");
  const policyOf = (when: string) => ({ apiVersion: "scopegate/v1", kind: "Policy", rules: [{ when }] });
  const problemsOf = (when: string) => compileDocument(policyOf(when)).problems;

  test("the examples compile without a warning", () => {
    const shown = blocks(text, "cel").flatMap((block) => block.trim().split("\n"));
    assert.ok(shown.length > 4);
    for (const when of shown) assert.deepEqual(problemsOf(when), [], when);
  });

  test("examples described as refused are refused", () => {
    const refused = rows(section(text, "## Refused")).map((row) => code(row[0]!)!);
    assert.ok(refused.length > 8);
    for (const when of refused)
      assert.ok(
        problemsOf(when).some(({ severity }) => severity === "error"),
        when,
      );
  });

  test("the results in the table are the filter's", () => {
    const table = rows(section(text, "## Semantics that bite"));
    assert.ok(table.length > 20);
    const results = evaluate(
      table.map(([when, args]) => ({
        policy: policyOf(code(when!)!),
        payload: { sub: "ann" },
        // As text: a number such as 9007199254740993 must arrive as written.
        body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"${args === "none" ? "" : `,"arguments":${code(args!)}`}}}`,
      })),
    );
    const words: Record<string, string> = { matched: "true", when_false: "false", when_error: "error" };
    const answers = results.map(({ trace }) => words[trace?.at(-1)?.outcome ?? ""]);
    assert.deepEqual(
      table.map(([when], i) => [when, answers[i]]),
      table.map(([when, , answer]) => [when, answer]),
    );
  });

  test("every variable is in the table", () => {
    const hint = problemsOf("unheardOf")
      .map((problem) => problem.hint ?? "")
      .join();
    const variables = /variables are (.*)$/.exec(hint)![1]!.split(", ");
    assert.ok(variables.length >= 5);
    const named = rows(section(text, "## Variables"))
      .map((row) => row[0])
      .join();
    for (const variable of variables) assert.match(named, new RegExp(`\`${variable}[\`.]`));
  });
});

function readmePolicy(): string {
  return blocks(page("README.md"), "yaml")[0]!;
}

describe("the first screen of the README", () => {
  const text = page("README.md");
  const { program, policy } = compilePolicy(readmePolicy(), "README.md");
  const scope = /holds only the scope `([^`]+)`/.exec(text)![1]!;

  test("the policy is short", () => assert.ok(readmePolicy().trim().split("\n").length <= 14));

  test("the reply shown is the filter's", () => {
    const [, body] = /-d '([^']*)'/.exec(blocks(text, "sh")[0]!)!;
    const host = Host.load(readFileSync("build/scopegate.wasm"));
    assert.ok(host.configure(JSON.stringify(pluginConfiguration(program!, policy!))).ok);
    const { reply, forwarded } = host.request({
      headers: [["content-type", "application/json"]],
      body: new TextEncoder().encode(body),
      metadata: { [JWT_NAMESPACE]: { mcp: { sub: "ann", scope } } },
    });
    assert.equal(forwarded, false);
    const [head = "", shownBody = ""] = blocks(text, "http")[0]!
      .replace(/\n {2}(?=\w+=)/g, " ")
      .split("\n\n");
    const [status = "", ...headers] = head.split("\n");
    assert.equal(status, `HTTP/1.1 ${reply!.status} Forbidden`);
    assert.deepEqual(
      headers,
      reply!.headers.map(([name, value]) => `${name}: ${value}`),
    );
    assert.deepEqual(withoutId(shownBody), withoutId(reply!.body));
  });

  test("the document shown in docs/challenges.md is the filter's", () => {
    const host = Host.load(readFileSync("build/scopegate.wasm"));
    host.configure(JSON.stringify(pluginConfiguration(program!, policy!)));
    const { reply } = host.request({ method: "GET", path: "/.well-known/oauth-protected-resource/mcp" });
    const [shown] = blocks(page("docs/challenges.md"), "json");
    assert.deepEqual(JSON.parse(reply!.body), JSON.parse(shown!));
  });
});

/** An error body without its decision id, which must be present. */
function withoutId(text: string): unknown {
  const answer = JSON.parse(text) as { error: { data: { decisionId?: string } } };
  assert.match(answer.error.data.decisionId!, /^[0-9a-f]{16}$/);
  delete answer.error.data.decisionId;
  return answer;
}
