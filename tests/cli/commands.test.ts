// Commands about policies: usage, check, compile, show. Messages as whole texts.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { folder, POLICY, run } from "../support/cli.ts";

describe("usage", () => {
  test("the overview lists every command, and each has help", () => {
    const { code, out } = run(["--help"]);
    assert.equal(code, 0);
    for (const name of ["check", "compile", "manifest", "eval", "test", "explain", "show"]) {
      assert.match(out, new RegExp(`^ {2}${name} `, "m"));
      const help = run([name, "--help"]);
      assert.equal(help.code, 0);
      assert.ok(help.out.startsWith(`Usage: scopegate ${name} `), help.out);
    }
  });

  const REFUSED: [string[], string][] = [
    [[], "scopegate: no command given; see scopegate --help\n"],
    [["chek"], "scopegate: no such command: chek; see scopegate --help\n"],
    [["toString"], "scopegate: no such command: toString; see scopegate --help\n"],
    [["check"], "scopegate: no POLICY given; see scopegate check --help\n"],
    [["check", "--frmat", "json", "policy.yaml"], "scopegate: Unknown option '--frmat'; see scopegate check --help\n"],
    [
      ["check", "--format", "xml", "policy.yaml"],
      "scopegate: --format must be text or json, not xml; see scopegate check --help\n",
    ],
    [["check", "gone.yaml"], "scopegate: cannot read gone.yaml: no such file\n"],
    [["compile", "."], "scopegate: cannot read .: it is a directory\n"],
    [["compile", "gone-a", "gone-b"], "scopegate: cannot read gone-a: no such file\n"],
    [["show", "a", "b"], "scopegate: expected one CONFIG, got 2; see scopegate show --help\n"],
    [
      ["eval", "-"],
      "scopegate: POLICY must be a file: standard input carries the requests; see scopegate eval --help\n",
    ],
    [["test", "gone"], "scopegate: cannot read gone: no such file\n"],
    [
      ["test", "policy.yaml", "--min-coverage", "much"],
      "scopegate: --min-coverage must be a percentage, not much; see scopegate test --help\n",
    ],
    [["explain", "policy.yaml"], "scopegate: give exactly one of --request and --list; see scopegate explain --help\n"],
    [["show", "gone.json"], "scopegate: cannot read gone.json: no such file\n"],
  ];
  for (const [args, message] of REFUSED) {
    test(`exit 2: scopegate ${args.join(" ")}`, () => assert.deepEqual(run(args), { code: 2, out: "", err: message }));
  }
});

describe("check", () => {
  test("prints nothing if there are no problems", () =>
    assert.deepEqual(run(["check", "policy.yaml"]), { code: 0, out: "", err: "" }));

  test("--cost reports the maximum steps of each when", () => {
    const { code, out, err } = run(["check", "policy.yaml", "--cost"]);
    assert.deepEqual([code, out], [0, ""]);
    assert.match(
      err,
      /^policy\.yaml:11:\d+: note: at most \d+ steps per KiB of arguments; a request has 327680 and 6 for each of its bytes, at most 3\.9 ms, and 310 ms with 4 MiB$/m,
    );
    const notes = JSON.parse(run(["check", "policy.yaml", "--cost", "--format", "json"]).out) as { severity: string }[];
    assert.deepEqual([...new Set(notes.map(({ severity }) => severity))], ["note"]);
  });

  test("reads standard input", () => {
    assert.deepEqual(run(["check", "-"], POLICY), { code: 0, out: "", err: "" });
    assert.match(run(["check", "-"], "kind: x").err, /^<stdin>:1:/);
  });

  test("reports every error with its place, the line and a hint", () => {
    assert.deepEqual(run(["check", "wrong.yaml"]), {
      code: 1,
      out: "",
      err: `wrong.yaml:11:59: error: unknown function \`startWith\`
        - {backend: fs, tool: read_file, when: 'args.path.startWith("/public/") && args.size < 10'}
                                                          ^~~~~~~~~
hint: did you mean \`startsWith\`?

wrong.yaml:13:22: error: "tool" is missing
    target: {tools: [{backend: demo, tol: echo, when: 'args.text.matches("^Hello, .*!$")'}]}
                     ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~

wrong.yaml:13:38: error: unknown key "tol"
    target: {tools: [{backend: demo, tol: echo, when: 'args.text.matches("^Hello, .*!$")'}]}
                                     ^~~
hint: did you mean "tool"?
`,
    });
  });

  test("--format json", () => {
    const { code, out } = run(["check", "--format", "json", "wrong.yaml", "policy.yaml"]);
    assert.equal(code, 1);
    const problems = JSON.parse(out) as { file: string; line: number; column: number; severity: string }[];
    assert.ok(
      problems.some(({ file: name, line, severity }) => name === "wrong.yaml" && line === 11 && severity === "error"),
    );
    assert.deepEqual(JSON.parse(run(["check", "--format", "json", "policy.yaml"]).out), []);
  });
});

describe("compile and show", () => {
  test("one JSON object on standard output", () => {
    const { code, out, err } = run(["compile", "policy.yaml"]);
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    const { program, digest, ...rest } = JSON.parse(out) as { program: string; digest: string };
    const shown = run(["show", "-"], out).out;
    assert.match(shown, new RegExp(`^digest ${digest}$`, "m"));
    assert.match(
      run(["check", "--digest", "policy.yaml"]).err,
      new RegExp(`note: its program has the digest ${digest}$`, "m"),
    );
    assert.deepEqual(rest, { scopegate: 1, policy: "files", holdHeaders: false });
    assert.ok(Buffer.from(program, "base64").subarray(0, 4).equals(Buffer.from("SGP1")));
  });

  test("the digest is in the configuration, and the key for records only if asked for", () => {
    const { out } = run(["compile", "policy.yaml", "--record-key", "policy.yaml"]);
    const { recordKey, digest } = JSON.parse(out) as { recordKey?: string; digest?: string };
    assert.match(recordKey ?? "", /^[0-9a-f]{64}$/);
    assert.match(digest ?? "", /^[0-9a-f]{16}$/);
    assert.ok(!run(["compile", "policy.yaml"]).out.includes("recordKey"));
  });

  test("--hold-headers, -o, and show on the written file", () => {
    assert.deepEqual(run(["compile", "policy.yaml", "--hold-headers", "-o", "out.json"]), {
      code: 0,
      out: "",
      err: "",
    });
    const written = readFileSync(join(folder, "out.json"), "utf8");
    assert.equal((JSON.parse(written) as { holdHeaders: boolean }).holdHeaders, true);
    const { code, out } = run(["show", "out.json"]);
    assert.equal(code, 0);
    assert.match(out, /public-files/);
    assert.deepEqual(run(["show", "-"], written), { code: 0, out, err: "" });
  });

  test("a policy with errors: exit 1, nothing written", () => {
    const { code, out } = run(["compile", "wrong.yaml", "-o", "never.json"]);
    assert.deepEqual({ code, out }, { code: 1, out: "" });
    assert.ok(!existsSync(join(folder, "never.json")));
  });

  test("show refuses anything that is not a plugin configuration", () => {
    for (const text of ["", "{}", "null", '{"program":"AAAA"}']) {
      const { code, out, err } = run(["show", "-"], text);
      assert.deepEqual({ code, out }, { code: 1, out: "" }, text);
      assert.match(err, /^<stdin>: error: .+\n$/);
    }
  });
});
