// The documentation against the code: what it names exists, what exists is named, and what it shows is what happens.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { Reason } from "../assembly/program.ts";
import { compileDocument, compilePolicy, pluginConfiguration } from "../scripts/compiler/index.ts";
import { GOVERNED } from "../scripts/compiler/policy.ts";
import { Host, JWT_NAMESPACE } from "../scripts/simulate.ts";

const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...["docs", "docs/deploy"].flatMap((folder) => markdownIn(folder)),
];
const CLI = "build/scopegate.mjs";

function markdownIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
  return names.map((name) => `${folder}/${name}`);
}

function page(file: string): string {
  return readFileSync(file, "utf8");
}

/** The texts of fenced blocks of one language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
    .filter((found) => found[1] === language)
    .map((found) => found[2]!);
}

/** The text under a heading, up to the next one of its level or above. */
function section(text: string, heading: string): string {
  const [, marks] = /^(#+) /.exec(heading)!;
  const start = text.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, `no heading "${heading}"`);
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${marks!.length}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** Cells of every table row, without heads and rules. */
function rows(text: string): string[][] {
  const tables = text.split("\n").filter((line) => line.startsWith("|"));
  const cells = tables.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
  return cells.filter((row, i) => !/^:?-+:?$/.test(row[0]!) && !/^:?-+:?$/.test(cells[i + 1]?.[0] ?? ""));
}

/** The code in a table cell. */
function code(cell: string): string | undefined {
  return /^`+ ?(.*?) ?`+$/.exec(cell)?.[1]?.replaceAll("\\|", "|");
}

describe("links", () => {
  for (const file of PAGES) {
    test(file, () => {
      const text = page(file).replace(/^```[^]*?^```$/gm, "");
      for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(link!)) continue;
        const [path, anchor] = link!.split("#");
        const target = path ? join(dirname(file), path) : file;
        assert.ok(existsSync(target), `${link} leads nowhere`);
        if (anchor) assert.ok(anchorsOf(page(target)).includes(anchor), `${link}: no such heading`);
      }
    });
  }
});

/** Heading anchors as GitHub makes them. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map((found) => found[1]!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-"),
  );
}

test("nothing that belongs to one machine is named", () => {
  for (const file of PAGES)
    assert.doesNotMatch(page(file), /\/(work|tmp|root|home)\/|localhost:\d|\w@[\w-]+\.(com|org|net)\b/, file);
});

describe("reasons", () => {
  const HEADINGS = ["## Passed", "## Answered", "## Denied", "## Not authenticated", "## Rejected"];
  const documented = HEADINGS.flatMap((heading) => rows(section(page("docs/reasons.md"), heading)));

  test("every reason is in docs/reasons.md once, and none else", () => {
    const names = Object.values(Reason).filter((name) => typeof name === "string" && name !== "Count");
    assert.deepEqual(documented.map((row) => code(row[0]!)).sort(), names.sort());
  });

  test("other pages name no reason that does not exist", () => {
    const known = (name: string | undefined) => name !== undefined && Object.hasOwn(Reason, name);
    for (const row of rows(page("docs/wire-profile.md"))) {
      const names = row.slice(1, 3).flatMap((cell) => code(cell) ?? []);
      for (const name of names) assert.ok(known(name), `docs/wire-profile.md: ${name}`);
    }
  });
});

describe("commands", () => {
  const shown = PAGES.flatMap((file) =>
    blocks(page(file), "sh")
      .flatMap((block) => block.replaceAll("\\\n", " ").split("\n"))
      .filter((line) => line.startsWith("scopegate "))
      .map((line) => ({
        file,
        words: line
          .replace(/[<>|].*$/, "")
          .trim()
          .split(/\s+/)
          .slice(1),
      })),
  );
  const help = (command: string) => spawnSync(process.execPath, [CLI, command, "--help"], { encoding: "utf8" });

  test("every command is shown in docs/cli.md, with all its options", () => {
    const overview = spawnSync(process.execPath, [CLI, "--help"], { encoding: "utf8" }).stdout;
    const commands = [...section(`\n## x\n${overview}`, "## x").matchAll(/^ {2}([a-z]+) {2}/gm)].map(
      (found) => found[1]!,
    );
    assert.ok(commands.length >= 7);
    const headings = [...page("docs/cli.md").matchAll(/^## (\w+)$/gm)].map((found) => found[1]!);
    assert.deepEqual(headings.sort(), commands.sort());
    for (const command of commands) {
      const { stdout } = help(command);
      const own = section(page("docs/cli.md"), `## ${command}`);
      // The usage line, and what stands before the meaning of an option.
      const usage = stdout.split("\n").filter((line, i) => i === 0 || /^ {2}-/.test(line));
      for (const option of usage.map((line) => line.replace(/(\S) {2}.*$/, "$1")).join(" ").match(/--[a-z][a-z-]+/g) ?? [])
        assert.ok(own.includes(option), `docs/cli.md: ${command} ${option}`);
    }
  });

  test("commands and options that are shown exist", () => {
    assert.ok(shown.length > 10);
    for (const { file, words } of shown) {
      const [command, ...rest] = words;
      const { status, stdout } = help(command!);
      assert.equal(status, 0, `${file}: scopegate ${command}`);
      const options = rest.filter((word) => word.startsWith("-"));
      for (const option of options) {
        const exists = new RegExp(`(^|[\\s\\[(,])${option}(?![\\w-])`, "m").test(stdout);
        assert.ok(exists, `${file}: scopegate ${command} has no ${option}`);
      }
      const target = rest[rest.indexOf("--target") + 1];
      if (rest.includes("--target")) assert.ok(stdout.includes(target!), `${file}: no target ${target}`);
    }
  });

  test("npm scripts that are shown exist", () => {
    const { scripts } = JSON.parse(page("package.json")) as { scripts: Record<string, string> };
    for (const file of PAGES) {
      for (const [, run, name] of page(file).matchAll(/\bnpm (run )?([a-z][a-z:-]*)/g)) {
        if (name === "run" || name === "ci" || name === "install") continue;
        assert.ok(scripts[name!] !== undefined, `${file}: npm ${run ?? ""}${name}`);
      }
    }
  });
});

describe("policies", () => {
  for (const file of PAGES) {
    const policies = blocks(page(file), "yaml").filter((block) => block.includes("apiVersion: scopegate/v1"));
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

  test("every member of a policy is in the reference, and none else", () => {
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
    const unknown = refused.flatMap(({ message }) => /^"(\w+)" is not known here$/.exec(message)?.[1] ?? []);
    assert.deepEqual(unknown, ["unheardOf"]);
  });

  test("the words of govern are in the reference", () => {
    const words = rows(section(page("docs/policy.md"), "## govern")).map((row) => code(row[0]!));
    assert.deepEqual(words.sort(), Object.keys(GOVERNED).sort());
  });

  test("policy tests that are shown have the documented shape", () => {
    const [shownTests] = blocks(section(page("docs/cli.md"), "## test"), "yaml");
    const { tests } = parse(shownTests!) as {
      tests: { payload?: object; scopes?: string[]; call?: Call; request?: object; expect: Expected }[];
    };
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

  test("what is shown compiles without a warning", () => {
    const shown = blocks(text, "cel").flatMap((block) => block.trim().split("\n"));
    assert.ok(shown.length > 4);
    for (const when of shown) assert.deepEqual(problemsOf(when), [], when);
  });

  test("what is said to be refused is refused", () => {
    const refused = rows(section(text, "## Refused")).map((row) => code(row[0]!)!);
    assert.ok(refused.length > 8);
    for (const when of refused)
      assert.ok(
        problemsOf(when).some(({ severity }) => severity === "error"),
        when,
      );
  });

  test("the answers in the table are the filter's", () => {
    const table = rows(section(text, "## Semantics that bite"));
    assert.ok(table.length > 20);
    const results = evaluate(
      table.map(([when, args]) => ({
        policy: policyOf(code(when!)!),
        payload: { sub: "ann" },
        // As text: a number such as 9007199254740993 must arrive as it is written.
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
    const variables = /sees (.*)$/.exec(hint)![1]!.split(", ");
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

  test("the answer that is shown is the filter's", () => {
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

  test("the document that docs/challenges.md shows is the filter's", () => {
    const host = Host.load(readFileSync("build/scopegate.wasm"));
    host.configure(JSON.stringify(pluginConfiguration(program!, policy!)));
    const { reply } = host.request({ method: "GET", path: "/.well-known/oauth-protected-resource/mcp" });
    const [shown] = blocks(page("docs/challenges.md"), "json");
    assert.deepEqual(JSON.parse(reply!.body), JSON.parse(shown!));
  });
});

/** An error body without its decision id, which must be there. */
function withoutId(text: string): unknown {
  const answer = JSON.parse(text) as { error: { data: { decisionId?: string } } };
  assert.match(answer.error.data.decisionId!, /^[0-9a-f]{16}$/);
  delete answer.error.data.decisionId;
  return answer;
}

describe("docs/architecture.md", () => {
  const named = (heading: string) => rows(section(page("docs/architecture.md"), heading)).map((row) => code(row[0]!)!);
  const entries = (folder: string) =>
    readdirSync(folder, { withFileTypes: true }).map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));

  for (const folder of ["assembly", "scripts"]) {
    test(`every file of ${folder} is listed, and no missing one`, () =>
      assert.deepEqual(named(`## ${folder}`).sort(), entries(folder).sort()));
  }
});

describe("docs/threat-model.md", () => {
  test("every promise names a test that exists", () => {
    const promises = rows(section(page("docs/threat-model.md"), "## What is promised"));
    assert.ok(promises.length > 15);
    for (const [promise, pinned] of promises) {
      const files = [...pinned!.matchAll(/`(tests\/[^`]+)`/g)].map((found) => found[1]!);
      assert.ok(files.length > 0, promise);
      for (const file of files) assert.ok(existsSync(file), `${promise}: ${file}`);
      const name = /: "(.*)"$/.exec(pinned!)?.[1];
      if (name !== undefined)
        assert.ok(page(files[0]!).includes(`"${name}"`), `${promise}: no test "${name}" in ${files[0]}`);
    }
  });
});

test("YAML and JSON that is shown can be read", () => {
  for (const file of PAGES) {
    for (const block of blocks(page(file), "yaml"))
      for (const { errors } of parseAllDocuments(block) as { errors: Error[] }[]) assert.deepEqual(errors, [], file);
    for (const block of blocks(page(file), "json")) JSON.parse(block);
  }
});
