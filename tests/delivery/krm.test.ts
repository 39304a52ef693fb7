// `scopegate krm`: a KRM function, alone and inside the real kustomize.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse, parseAllDocuments, stringify } from "yaml";
import { findPrograms, Missing } from "../../scripts/kubernetes/programs.ts";

const CLI = resolve("build/scopegate.mjs");
const POLICY = readFileSync("envoy/kubernetes.policy.yaml", "utf8");
const policy = parse(POLICY) as Item;
const OPTIONS = {
  target: "envoy-gateway",
  jwks: "https://auth.example.com/jwks",
  wasm: "oci://registry.example.com/scopegate:0.1.0",
};

interface Item {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
}

interface ResourceList {
  items: Item[];
  results: { message: string; severity: string }[];
}

function krm(functionConfig: object | undefined, items: object[] = []): { status: number | null; list: ResourceList } {
  const list = { apiVersion: "config.kubernetes.io/v1", kind: "ResourceList", items, functionConfig };
  const run = spawnSync(process.execPath, [CLI, "krm"], { input: stringify(list), encoding: "utf8" });
  assert.ok(run.status !== 2, run.stderr);
  return { status: run.status, list: parse(run.stdout) as ResourceList };
}

/** What the command line prints for the same. */
function printed(...more: string[]): Item[] {
  const args = Object.entries(OPTIONS).flatMap(([name, value]) => [`--${name}`, value]);
  const { stdout } = spawnSync(process.execPath, [CLI, "manifest", "-", ...args, ...more], {
    input: POLICY,
    encoding: "utf8",
  });
  return parseAllDocuments(stdout).map((document) => document.toJS() as Item);
}

const manifestOf = (spec: object): object => ({
  apiVersion: "scopegate/v1",
  kind: "Manifest",
  metadata: { name: "files" },
  spec,
});

describe("a ResourceList", () => {
  test("with the policy in the functionConfig: the objects of manifest", () => {
    const { status, list } = krm(manifestOf({ ...OPTIONS, policy }));
    assert.equal(status, 0);
    assert.deepEqual(list.items, printed());
    assert.deepEqual(list.results, []);
  });

  test("with a ConfigMap: everything is text", () => {
    const data = {
      ...OPTIONS,
      policy: POLICY,
      cors: "https://a.example.com https://b.example.com",
      "ignore-upgrades": "true",
    };
    const { status, list } = krm({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "files" }, data });
    assert.equal(status, 0);
    const expected = printed("--cors", "https://a.example.com", "--cors", "https://b.example.com", "--ignore-upgrades");
    assert.deepEqual(list.items, expected);
  });

  test("with policies among the items: they become objects, the others stay", () => {
    const other = { apiVersion: "v1", kind: "Service", metadata: { name: "mcp-server" } };
    const { list } = krm(manifestOf(OPTIONS), [other, policy]);
    assert.deepEqual(list.items, [other, ...printed()]);
  });

  test("a local policy stays, and what was made before is replaced", () => {
    const local = {
      ...policy,
      metadata: { name: "files", annotations: { "config.kubernetes.io/local-config": "true" } },
    };
    const [first, ...rest] = printed();
    const stale = { ...first, spec: {} };
    const { list } = krm(manifestOf(OPTIONS), [local, stale, ...rest]);
    assert.deepEqual(list.items, [local, ...printed()]);
  });

  test("with a key set in the functionConfig", () => {
    const jwks = JSON.parse(readFileSync("tests/data/jwks.json", "utf8")) as object;
    const { status, list } = krm(manifestOf({ ...OPTIONS, jwks, policy }));
    assert.equal(status, 0);
    assert.ok(JSON.stringify(list.items).includes("localJWKS"));
  });

  test("a wrong policy leaves the items as they were, and says where it is wrong", () => {
    const wrong = { ...policy, rules: [{ wen: "true" }] };
    const { status, list } = krm(manifestOf(OPTIONS), [wrong]);
    assert.equal(status, 1);
    assert.deepEqual(list.items, [wrong]);
    assert.match(
      list.results.map(({ severity, message }) => `${severity} ${message}`).join("\n"),
      /error policy:\d+:\d+: error: .*wen/,
    );
  });

  const refused: [name: string, config: object | undefined, message: RegExp][] = [
    ["no functionConfig", undefined, /the functionConfig is a Manifest/],
    ["no policy", manifestOf(OPTIONS), /there is no policy/],
    ["an option that does not exist", manifestOf({ ...OPTIONS, policy, wasn: "x" }), /has wasn, which is no option/],
    [
      "an option that makes no objects",
      manifestOf({ ...OPTIONS, policy, split: "x" }),
      /has split, which makes no objects/,
    ],
    ["target envoy", manifestOf({ ...OPTIONS, policy, target: "envoy" }), /target envoy makes no objects/],
    [
      "a switch that is no truth",
      manifestOf({ ...OPTIONS, policy, "ignore-upgrades": "yes" }),
      /ignore-upgrades .* is true or false/,
    ],
    [
      "what manifest refuses",
      manifestOf({ ...OPTIONS, policy, "trusted-hops": "many" }),
      /--trusted-hops must be a number/,
    ],
  ];
  for (const [name, config, message] of refused)
    test(`refused: ${name}`, () => {
      const { status, list } = krm(config);
      assert.equal(status, 1);
      assert.match(list.results.map((result) => result.message).join("\n"), message);
    });

  test("something else is refused with exit code 2", () => {
    for (const input of ["", "kind: List\n", "{"]) {
      const { status, stderr } = spawnSync(process.execPath, [CLI, "krm"], { input, encoding: "utf8" });
      assert.equal(status, 2);
      assert.match(stderr, /standard input is not/);
    }
  });
});

/** The real kustomize, built once where there is Go. */
const kustomize = await findPrograms(["kustomize"], (line) => console.error(line)).then(
  (programs) => programs.kustomize,
  (error: Error) => {
    if (!(error instanceof Missing)) throw error;
    return undefined;
  },
);

describe("inside kustomize", { skip: kustomize === undefined && "no kustomize, and no Go to build it with" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-kustomize-"));
  const file = (name: string, content: object | string): void =>
    writeFileSync(join(folder, name), typeof content === "string" ? content : stringify(content));
  const build = (kustomization: object): { status: number | null; items: Item[]; error: string } => {
    file("kustomization.yaml", kustomization);
    const { status, stdout, stderr } = spawnSync(
      kustomize!,
      ["build", "--enable-alpha-plugins", "--enable-exec", folder],
      {
        // The tests' own NODE_OPTIONS would look for their loader in that folder.
        env: { ...process.env, NODE_OPTIONS: "", SCOPEGATE: join(folder, "scopegate") },
        encoding: "utf8",
      },
    );
    return { status, items: parseAllDocuments(stdout).map((document) => document.toJS() as Item), error: stderr };
  };
  const annotated = (spec: object): object => ({
    ...manifestOf(spec),
    metadata: { name: "files", annotations: { "config.kubernetes.io/function": "exec: {path: ./scopegate-krm}\n" } },
  });
  const byName = (items: Item[]): unknown[] =>
    items
      .map((item) => structuredClone(item))
      .sort((a, b) => (`${a.kind} ${a.metadata.name}` < `${b.kind} ${b.metadata.name}` ? -1 : 1));

  before(() => {
    const wrapper = spawnSync(process.execPath, [CLI, "krm", "--wrapper"], { encoding: "utf8" });
    file("scopegate-krm", wrapper.stdout);
    file("scopegate", `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
    for (const name of ["scopegate-krm", "scopegate"]) chmodSync(join(folder, name), 0o755);
  });
  after(() => rmSync(folder, { recursive: true }));

  test("as a transformer of a policy", () => {
    file("policy.yaml", policy);
    file("scopegate.yaml", annotated(OPTIONS));
    const { status, items, error } = build({ resources: ["policy.yaml"], transformers: ["scopegate.yaml"] });
    assert.equal(status, 0, error);
    assert.deepEqual(byName(items), byName(printed()));
  });

  test("as a generator, under a namespace of the kustomization", () => {
    file("scopegate.yaml", annotated({ ...OPTIONS, policy }));
    const { status, items, error } = build({ generators: ["scopegate.yaml"], namespace: "mcp" });
    assert.equal(status, 0, error);
    assert.deepEqual(new Set(items.map(({ metadata }) => metadata.namespace)), new Set(["mcp"]));
  });

  test("a wrong policy ends the build", () => {
    file("scopegate.yaml", annotated({ ...OPTIONS, policy: { ...policy, rules: [{ wen: "true" }] } }));
    const { status, items, error } = build({ generators: ["scopegate.yaml"] });
    assert.notEqual(status, 0);
    assert.deepEqual(items.filter(Boolean), []);
    assert.match(error, /wen/);
  });
});

test("the wrapper is what the documentation says", () => {
  assert.ok(existsSync(CLI));
  const { stdout } = spawnSync(process.execPath, [CLI, "krm", "--wrapper"], { encoding: "utf8" });
  assert.match(stdout, /^#!\/bin\/sh\n[^]*exec "\$\{SCOPEGATE:-scopegate\}" krm\n$/);
});
