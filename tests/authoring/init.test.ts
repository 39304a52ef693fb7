// `scopegate init` on ten lists in the shapes of public servers: what comes out passes check and test as it is.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, test } from "node:test";
import { parse } from "yaml";

const folder = mkdtempSync(join(tmpdir(), "scopegate-init-"));
after(() => rmSync(folder, { recursive: true }));
const CLI = resolve("build/scopegate.mjs");
const LISTS = resolve("tests/data/tool-lists");

function run(args: string[], cwd = folder): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

interface Drafted {
  rules: { name: string; source: { jwt: { scopes: string[] } }; target: Record<string, string[]> }[];
}

function draft(list: string, profile: string): { text: string; policy: Drafted; cwd: string } {
  const cwd = join(folder, `${list}-${profile}`);
  mkdirSync(cwd);
  const { code, err } = run(
    ["init", "--from", join(LISTS, `${list}.json`), "--profile", profile, "-o", "policy.yaml"],
    cwd,
  );
  assert.equal(code, 0, err);
  const text = readFileSync(join(cwd, "policy.yaml"), "utf8");
  return { text, policy: parse(text) as Drafted, cwd };
}

const names = readdirSync(LISTS).map((file) => file.replace(".json", ""));

/** The folders with what came out. */
const drafted: string[] = [];

describe("scopegate init", () => {
  assert.equal(names.length, 10);
  for (const name of names) {
    for (const profile of ["observe", "safe", "full"]) {
      test(`${name}, ${profile}`, () => {
        const { cwd, text } = draft(name, profile);
        assert.match(text, /^# yaml-language-server: \$schema=policy\.schema\.json\n/);
        assert.deepEqual(readdirSync(cwd).sort(), [
          "policy.schema.json",
          "policy.test.yaml",
          "policy.yaml",
          "tools.lock.yaml",
        ]);
        drafted.push(cwd);
      });
    }
    test(`${name}: its lock holds`, () => {
      const cwd = join(folder, `${name}-safe`);
      const { code } = run(["lock", "--check", "tools.lock.yaml", "--from", join(LISTS, `${name}.json`)], cwd);
      assert.equal(code, 0);
    });
  }

  test("all pass check and test as they are", () => {
    assert.equal(drafted.length, 30);
    const policies = drafted.map((cwd) => join(cwd, "policy.yaml"));
    assert.deepEqual(run(["check", ...policies]), { code: 0, out: "", err: "" });
    const tested = run(["test", ...drafted, "--min-coverage", "100"]);
    assert.equal(tested.code, 0, tested.out + tested.err);
    for (const cwd of drafted) assert.ok(tested.out.includes(cwd), `${cwd} was tested`);
  });

  test("annotations decide, then verbs; doubt counts as destructive, and is marked", () => {
    const { text, policy } = (mkdirSync(join(folder, "again")), draftIn("again", "knowledge", "full"));
    const groups = Object.fromEntries(policy.rules.map(({ name, target }) => [name, target["tools"]]));
    assert.deepEqual(groups, {
      read: ["getDeletedPages", "getPage", "searchPages"],
      write: ["createPage", "purgeTrash"],
      delete: ["deletePage", "wiki"],
    });
    assert.match(text, /- deletePage # guess: the server says read-only, but its name says "delete"/);
    assert.match(text, /- wiki # guess: neither annotations nor its name tell what it does/);
    assert.match(text, /- getPage # guess: "get" in its name/);
  });

  test("the scopes are named as asked, and what a profile leaves out is listed", () => {
    const args = [
      "init",
      "--from",
      join(LISTS, "files.json"),
      "--scopes",
      "files.{group}",
      "--resource",
      "https://files.example.com/mcp",
    ];
    const { code, out } = run(args);
    assert.equal(code, 0);
    const { rules, resource } = parse(out) as Drafted & { resource: string };
    assert.deepEqual([rules[0]!.source.jwt.scopes, resource], [["files.read"], "https://files.example.com/mcp"]);
    assert.match(out, /# {3}write_file: says it is destructive/);
  });

  test("nothing that exists is overwritten, and a lock of another list is not taken for this one", () => {
    const { cwd } = (mkdirSync(join(folder, "kept")), draftIn("kept", "chat", "safe"));
    const before = readFileSync(join(cwd, "policy.yaml"), "utf8");
    const again = run(["init", "--from", join(LISTS, "files.json"), "-o", "policy.yaml"], cwd);
    assert.deepEqual([again.code, again.err], [2, "scopegate: policy.yaml exists and is not overwritten\n"]);
    assert.equal(readFileSync(join(cwd, "policy.yaml"), "utf8"), before);
    const other = run(["init", "--from", join(LISTS, "files.json"), "-o", "other.yaml"], cwd);
    assert.equal(other.code, 2);
    assert.match(other.err, /tools\.lock\.yaml exists and is of another list/);
    assert.ok(!existsSync(join(cwd, "other.yaml")));
  });

  test("usage", () => {
    writeFileSync(join(folder, "empty.json"), '{"tools": []}');
    const from = ["--from", "empty.json"];
    assert.match(run(["init", ...from, "--profile", "all"]).err, /--profile is one of observe, safe, full, not all/);
    assert.match(run(["init", ...from, "--scopes", "x"]).err, /--scopes needs \{group\}/);
    assert.match(run(["init", ...from, "--scopes", "a {group}"]).err, /no scope/);
    assert.match(run(["init"]).err, /give either --from or --stdio/);
  });
});

function draftIn(where: string, list: string, profile: string): { text: string; policy: Drafted; cwd: string } {
  const cwd = join(folder, where);
  const { code, err } = run(
    ["init", "--from", join(LISTS, `${list}.json`), "--profile", profile, "-o", "policy.yaml"],
    cwd,
  );
  assert.equal(code, 0, err);
  const text = readFileSync(join(cwd, "policy.yaml"), "utf8");
  return { text, policy: parse(text) as Drafted, cwd };
}
