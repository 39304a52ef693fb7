// The package that `npm pack` makes, installed into an empty folder without a network: the complete command line.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, describe, test } from "node:test";
import { digestOf } from "../../scripts/image/layout.ts";

const folder = mkdtempSync(join(tmpdir(), "scopegate-package-"));
const empty = join(folder, "empty");
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";
after(() => rmSync(folder, { recursive: true }));

function run(
  command: string,
  args: string[],
  cwd: string,
  input = "",
): { status: number | null; out: string; err: string } {
  // The settings of the npm and the node that run these tests must not affect those under test.
  const inherited = /^(npm_(config_((local_)?prefix|package)|package|lifecycle|command)|NODE_OPTIONS$)/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.test(name)));
  // Nor may an old npm from some development package.
  const folders = (env["PATH"] ?? "").split(delimiter).filter((place) => !place.endsWith(join("node_modules", ".bin")));
  env["PATH"] = folders.join(delimiter);
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, input, encoding: "utf8", env });
  return { status, out: stdout, err: stderr };
}

const scopegate = (args: string[], input?: string) =>
  run("npx", ["--offline", "--no", "scopegate", ...args], empty, input);

describe("the packed package", () => {
  test("is packed, and installs from its file alone", () => {
    mkdirSync(empty);
    const packed = run(NPM, ["pack", "--pack-destination", folder], ".");
    assert.equal(packed.status, 0, packed.err);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
    const installed = run(NPM, ["install", "--offline", "--ignore-scripts", join("..", tarball)], empty);
    assert.equal(installed.status, 0, installed.err);
    copyFileSync("envoy/kubernetes.policy.yaml", join(empty, "policy.yaml"));
  });

  test("contains the command line and the filter, and no other package", () => {
    const own = join(empty, "node_modules", "scopegate");
    assert.deepEqual(readdirSync(own).sort(), ["LICENSE", "README.md", "build", "package.json", "schema"]);
    assert.deepEqual(readdirSync(join(own, "build")).sort(), ["playground", "scopegate.mjs", "scopegate.wasm"]);
    assert.deepEqual(
      readdirSync(join(empty, "node_modules")).filter((name) => !name.startsWith(".")),
      ["scopegate"],
    );
  });

  test("npx scopegate check", () => {
    const { status, err } = scopegate(["check", "policy.yaml"]);
    assert.equal(status, 0, err);
    const wrong = scopegate(["check", "-"], "apiVersion: scopegate/v1\nkind: Policy\nrules: [{wen: x}]\n");
    assert.equal(wrong.status, 1);
    assert.match(wrong.out + wrong.err, /wen/);
  });

  test("npx scopegate compile", () => {
    const { status, out, err } = scopegate(["compile", "policy.yaml"]);
    assert.equal(status, 0, err);
    assert.equal((JSON.parse(out) as { policy: string }).policy, "files");
  });

  test("npx scopegate eval decides with the package's filter", () => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "write_file" } });
    const line = { payload: { sub: "ann", scope: "files:read" }, body };
    const { status, out, err } = scopegate(["eval", "policy.yaml"], `${JSON.stringify(line)}\n`);
    assert.equal(status, 0, err);
    const { decision, requiredScopes } = JSON.parse(out) as { decision: string; requiredScopes: string[] };
    assert.deepEqual([decision, requiredScopes], ["deny", ["files:write"]]);
  });

  test("npx scopegate manifest pins the package's filter", () => {
    const { status, out, err } = scopegate(
      ["manifest", "policy.yaml", "--target", "envoy-gateway", "--jwks", "https://auth.example.com/jwks"].concat([
        "--wasm",
        "https://files.example.com/scopegate.wasm",
      ]),
    );
    assert.equal(status, 0, err);
    const sum = digestOf(readFileSync("build/scopegate.wasm")).slice("sha256:".length);
    assert.ok(out.includes(`sha256: ${sum}`));
  });
});
