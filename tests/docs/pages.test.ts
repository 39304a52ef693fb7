// The documentation against the code: what it names exists, and what exists is documented.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { Reason } from "../../assembly/program.ts";
import { blocks, CLI, code, page, PAGES, rows, section } from "../support/pages.ts";

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

/** Heading anchors as GitHub generates them. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map((found) => found[1]!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-"),
  );
}

test("nothing specific to one machine is named", () => {
  for (const file of PAGES)
    assert.doesNotMatch(page(file), /\/(work|tmp|root|home)\/|localhost:\d|\w@[\w-]+\.(com|org|net)\b/, file);
});

describe("reasons", () => {
  const HEADINGS = ["## Passed", "## Answered", "## Denied", "## Not authenticated", "## Rejected"];
  const documented = HEADINGS.flatMap((heading) => rows(section(page("docs/reasons.md"), heading)));

  test("docs/reasons.md lists every reason once, and no others", () => {
    const names = Object.values(Reason).filter((name) => typeof name === "string" && name !== "Count");
    assert.deepEqual(documented.map((row) => code(row[0]!)).sort(), names.sort());
  });

  test("other pages name only existing reasons", () => {
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

  test("docs/cli.md shows every command, with all its options", () => {
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
      // The usage line, and the option names without their descriptions.
      const usage = stdout.split("\n").filter((line, i) => i === 0 || /^ {2}-/.test(line));
      for (const option of usage
        .map((line) => line.replace(/(\S) {2}.*$/, "$1"))
        .join(" ")
        .match(/--[a-z][a-z-]+/g) ?? [])
        assert.ok(own.includes(option), `docs/cli.md: ${command} ${option}`);
    }
  });

  test("the commands and options shown exist", () => {
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

  test("the npm scripts shown exist", () => {
    const { scripts } = JSON.parse(page("package.json")) as { scripts: Record<string, string> };
    for (const file of PAGES) {
      for (const [, run, name] of page(file).matchAll(/\bnpm (run )?([a-z][a-z:-]*)/g)) {
        if (name === "run" || name === "ci" || name === "install") continue;
        assert.ok(scripts[name!] !== undefined, `${file}: npm ${run ?? ""}${name}`);
      }
    }
  });
});

describe("docs/architecture.md", () => {
  const text = page("docs/architecture.md");
  const named = (heading: string) => rows(section(text, heading)).map((row) => code(row[0]!)!);
  const entriesOf = (folder: string) => readdirSync(folder, { withFileTypes: true });
  const filesOf = (folder: string) => entriesOf(folder).flatMap((entry) => (entry.isFile() ? entry.name : []));
  const foldersOf = (folder: string) => entriesOf(folder).flatMap((entry) => (entry.isDirectory() ? entry.name : []));

  for (const house of ["assembly", "scripts/compiler"]) {
    const folders = [house, ...foldersOf(house).map((room) => `${house}/${room}`)];

    test(`every room of ${house} has a table, and no others`, () => {
      const headings = [...section(text, `## ${house}`).matchAll(/^### (.*)\/$/gm)].map((found) => found[1]!);
      assert.deepEqual(headings.sort(), folders.sort());
    });

    for (const folder of folders)
      test(`every file of ${folder} is listed, and no others`, () =>
        assert.deepEqual(named(`### ${folder}/`).sort(), filesOf(folder).sort()));
  }

  test("every file and folder of scripts is listed, and no others", () =>
    assert.deepEqual(
      named("## scripts").sort(),
      [...filesOf("scripts"), ...foldersOf("scripts").map((name) => `${name}/`)].sort(),
    ));
});

test("the files and folders named exist", () => {
  const named = PAGES.flatMap((file) =>
    [...page(file).matchAll(/`((?:assembly|docs|envoy|scripts|tests)\/[^`\s]*)`/g)].map(([, path]) => ({
      file,
      path: path!,
    })),
  );
  assert.ok(named.length > 80);
  for (const { file, path } of named.filter((name) => !/[*<]/.test(name.path)))
    assert.ok(existsSync(path), `${file}: ${path}`);
});

test("CONTRIBUTING.md lists every suite, and no others", () => {
  const runner = ["--import", "tsx", "scripts/test-runner.ts", "no-suite"];
  const { stderr } = spawnSync(process.execPath, runner, { encoding: "utf8" });
  const suites = /the suites are (.*)$/m.exec(stderr)![1]!.split(", ");
  const table = rows(section(page("CONTRIBUTING.md"), "## Tests")).map((row) => code(row[0]!)!);
  assert.deepEqual(table.sort(), suites.sort());
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

test("the YAML and JSON shown parses", () => {
  for (const file of PAGES) {
    for (const block of blocks(page(file), "yaml"))
      for (const { errors } of parseAllDocuments(block) as { errors: Error[] }[]) assert.deepEqual(errors, [], file);
    for (const block of blocks(page(file), "json")) JSON.parse(block);
  }
});
