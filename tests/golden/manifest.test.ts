// `scopegate manifest`: the committed configurations in envoy/ are its output; wrong options are reported.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { parse, parseAllDocuments } from "yaml";

const JWKS = ["--jwks", "https://auth.example.com/jwks"];
const IMAGE = ["--wasm", "oci://registry.example.com/scopegate:0.1.0"];

function manifest(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["build/scopegate.mjs", "manifest", ...args], { encoding: "utf8" });
}

const COMMITTED: Record<string, string[]> = {
  "envoy/envoy.yaml": ["envoy/policy.yaml", "--target", "envoy", "--jwks", "http://127.0.0.1:10002/jwks"].concat([
    "--upstream",
    "127.0.0.1:10001",
    "--admin",
    "127.0.0.1:10003",
  ]),
  "envoy/envoy-gateway.yaml": ["envoy/kubernetes.policy.yaml", "--target", "envoy-gateway", ...JWKS, ...IMAGE],
  "envoy/istio.yaml": ["envoy/kubernetes.policy.yaml", "--target", "istio", ...JWKS, ...IMAGE],
};

describe("committed manifests", () => {
  for (const [file, args] of Object.entries(COMMITTED))
    test(`${file} is scopegate manifest ${args.join(" ")}`, () => {
      const { status, stdout, stderr } = manifest(...args);
      assert.equal(status, 0, stderr);
      if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, stdout);
      assert.equal(stdout, readFileSync(file, "utf8"), "npm run golden rewrites it");
      for (const document of parseAllDocuments(stdout)) assert.deepEqual(document.errors, []);
    });
});

describe("manifest options", () => {
  test("--filters-only without --jwks is the filter alone", () => {
    const names = (...more: string[]) => {
      const { stdout } = manifest("envoy/policy.yaml", "--target", "envoy", "--filters-only", ...more);
      return (parse(stdout) as { name: string }[]).map(({ name }) => name);
    };
    assert.deepEqual(names(), ["scopegate"]);
    assert.deepEqual(names(...JWKS), ["envoy.filters.http.jwt_authn", "scopegate"]);
  });

  test("--no-hold-headers changes the host and the filter together", () => {
    for (const [options, holds] of [
      [[], true],
      [["--no-hold-headers"], false],
    ] as const) {
      const { stdout } = manifest("envoy/policy.yaml", "--target", "envoy", "--filters-only", ...options);
      assert.equal(stdout.includes("allow_on_headers_stop_iteration: true"), holds);
      assert.equal(stdout.includes('"holdHeaders":true'), holds);
    }
  });

  test("--record-key is in the plugin configuration of every target, as a hash", () => {
    for (const [file, args] of Object.entries(COMMITTED)) {
      const { stdout } = manifest(...args, "--record-key", "package.json");
      assert.equal(stdout.match(/recordKey"?: ?['"][0-9a-f]{64}['"]/g)?.length, 1, file);
      assert.doesNotMatch(manifest(...args).stdout, /recordKey/, file);
    }
  });

  test("--split writes one file per object", () => {
    const folder = mkdtempSync(join(tmpdir(), "scopegate-split-"));
    assert.equal(
      manifest("envoy/kubernetes.policy.yaml", "--target", "istio", ...JWKS, ...IMAGE, "--split", folder).status,
      0,
    );
    assert.deepEqual(readdirSync(folder).sort(), [
      "01-request-authentication.yaml",
      "02-traffic-extension.yaml",
      "03-buffer.yaml",
      "04-guard.yaml",
      "05-connection.yaml",
    ]);
    rmSync(folder, { recursive: true });
  });

  const wrong: [args: string[], message: RegExp][] = [
    [[], /--target must be one of envoy, envoy-gateway, istio/],
    [["--target", "nginx"], /not nginx/],
    [["--target", "envoy"], /--jwks is required/],
    [["--target", "envoy", ...JWKS, "--listen", "here"], /--listen must be HOST:PORT, not here/],
    [["--target", "envoy", ...JWKS, "--listen", "a:70000"], /--listen must be HOST:PORT/],
    [["--target", "envoy", "--jwks", "package.json"], /--jwks package.json is not a JSON Web Key Set/],
    [["--target", "envoy", "--jwks", "nothing.json"], /cannot read nothing.json/],
    [["--target", "envoy", ...JWKS, "--hold-headers", "--no-hold-headers"], /cannot be combined/],
    [["--target", "envoy", ...JWKS, "-o", "no/such/folder/x.yaml"], /cannot write/],
    [["--target", "envoy-gateway", ...JWKS], /--wasm is required/],
    [
      ["--target", "envoy-gateway", ...JWKS, ...IMAGE, "--hold-headers"],
      /--hold-headers works only with --target envoy/,
    ],
    [["--target", "envoy-gateway", ...JWKS, ...IMAGE, "--namespace", "A b"], /--namespace must be a Kubernetes name/],
    [
      ["--target", "envoy", ...JWKS, "--cors", "app.example.com"],
      /--cors must be an origin such as .* not app.example.com/,
    ],
    [["--target", "envoy", ...JWKS, "--cors", "https://app.example.com/"], /--cors must be an origin/],
    [["--target", "envoy", ...JWKS, "--trusted-hops", "-1"], /--trusted-hops/],
    [["--target", "envoy", ...JWKS, "--trusted-hops", "many"], /--trusted-hops must be a number up to 99, not many/],
    [["--target", "envoy", ...JWKS, "--open-path", "healthz"], /--open-path must be \/PATH or \/PATH\/\*.*not healthz/],
    [["--target", "envoy", ...JWKS, "--open-path", "/a/../mcp"], /--open-path must be \/PATH/],
    [["--target", "envoy", ...JWKS, "--open-path", "/%6dcp"], /--open-path must be \/PATH/],
    [["--target", "envoy", ...JWKS, "--open-path", "/x=here"], /--open-path must be HOST:PORT, not here/],
    [["--target", "envoy", ...JWKS, "--open-path", "/mcp"], /--open-path \/mcp would open \/mcp/],
    [["--target", "envoy", ...JWKS, "--open-path", "/mcp/*"], /--open-path \/mcp\/\* would open \/mcp/],
    [
      ["--target", "envoy", ...JWKS, "--open-path", "/.well-known/*"],
      /would open \/.well-known\/oauth-protected-resource/,
    ],
    [["--target", "envoy", "--filters-only", "--cors", "*"], /--cors belongs to what --filters-only leaves out/],
    [["--target", "envoy", ...JWKS, "--ignore-upgrades"], /--ignore-upgrades has no meaning for --target envoy/],
    [["--target", "envoy-gateway", ...JWKS, ...IMAGE, "--selector", "a=b"], /--selector has no meaning/],
  ];
  test("a policy that reads a different key does not work with Istio", () => {
    const { status, stdout, stderr } = manifest(
      "tests/cases/files/policy.yaml",
      "--target",
      "istio",
      ...JWKS,
      ...IMAGE,
    );
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /Istio stores the payload under payload/);
  });
  test("what Istio's options must be", () => {
    const refused: [args: string[], message: RegExp][] = [
      [["--istio-api", "EnvoyFilter"], /--istio-api must be TrafficExtension or WasmPlugin, not EnvoyFilter/],
      [["--selector", "gateway"], /--selector must be a label KEY=VALUE, not gateway/],
      [["--selector", "istio=gateway", "--gateway", "mcp"], /--gateway and --selector cannot be combined/],
      [["--selector", "istio=gateway", "--open-path", "/healthz"], /--open-path needs a Gateway/],
    ];
    for (const [args, message] of refused) {
      const { status, stderr } = manifest(
        "envoy/kubernetes.policy.yaml",
        "--target",
        "istio",
        ...JWKS,
        ...IMAGE,
        ...args,
      );
      assert.equal(status, 2);
      assert.match(stderr, message);
    }
  });
  for (const [args, message] of wrong)
    test(`exit code 2: manifest ${args.join(" ")}`, () => {
      const { status, stdout, stderr } = manifest("envoy/policy.yaml", ...args);
      assert.deepEqual([status, stdout], [2, ""]);
      assert.match(stderr, message);
    });
});

describe("several policies", () => {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-several-"));
  after(() => rmSync(folder, { recursive: true }));
  const written = (name: string, resource: string, more: object = {}): string => {
    const policy = { apiVersion: "scopegate/v1", kind: "Policy", metadata: { name }, resource, rules: [], ...more };
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ authorizationServers: ["https://auth.example.com"], ...policy }));
    return file;
  };
  const [files, search] = [written("files", "https://a.example.com/x"), written("search", "https://a.example.com/x/y")];
  type Provider = { issuer: string; audiences: string[]; remote_jwks: { http_uri: { uri: string } } };
  type Filters = {
    typed_config: { providers: Record<string, Provider>; rules: { match: { path_separated_prefix: string } }[] };
  }[];

  test("an option without a name is for all, NAME=VALUE for one", () => {
    const more = [
      "--jwks",
      "search=https://keys.example.com/k?a=b",
      "--audience",
      "files=one",
      "--audience",
      "files=two",
    ];
    const { status, stdout, stderr } = manifest(files, search, "--target", "envoy", "--filters-only", ...JWKS, ...more);
    assert.equal(status, 0, stderr);
    const [{ typed_config: check }] = parse(stdout) as [Filters[0]];
    assert.deepEqual(check!.providers["files"]!.audiences, ["one", "two"]);
    assert.deepEqual(check!.providers["search"]!.audiences, ["https://a.example.com/x/y"]);
    assert.equal(check!.providers["files"]!.remote_jwks.http_uri.uri, JWKS[1]);
    assert.equal(check!.providers["search"]!.remote_jwks.http_uri.uri, "https://keys.example.com/k?a=b");
    const prefixes = check!.rules.map(({ match }) => match.path_separated_prefix);
    assert.deepEqual(prefixes, ["/x/y", "/x"], "the longer path first");
  });

  test("what cannot be is told", () => {
    const istio = ["--target", "istio", ...JWKS, ...IMAGE];
    const same = ["one", "two"].map((name) =>
      written(name, `https://a.example.com/${name}`, { jwt: { metadataKey: "payload" } }),
    );
    const refused: [args: string[], message: RegExp][] = [
      [[files, search, "--target", "envoy", ...JWKS, ...JWKS], /--jwks is given twice; .* write --jwks NAME=https/],
      [[files, search, "--target", "envoy-gateway", ...JWKS, ...IMAGE], /print a manifest for each policy/],
      [[...same, ...istio], /Istio checks tokens the same for every path/],
      [[files, search, ...istio], /the policy files needs jwt: \{metadataKey: payload\}/],
      [[files, search, "--target", "envoy", ...JWKS, "--open-path", "/x/y"], /would open \/x\/y/],
    ];
    for (const [args, message] of refused) {
      const { status, stderr } = manifest(...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
    }
    const { status, stdout } = manifest(...same, ...istio, "--audience", "https://a.example.com");
    assert.equal(status, 0);
    const text = stdout.match(/expression: .*/g)!;
    assert.match(text.join("\n"), /request\.url_path\.startsWith\("\/one\/"\)/);
    for (const document of parseAllDocuments(stdout)) assert.deepEqual(document.errors, []);
  });
});

describe("values with a special meaning in YAML or Envoy", () => {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-manifest-"));
  after(() => rmSync(folder, { recursive: true }));
  const run = (target: string, name: string, more: object = {}): ReturnType<typeof manifest> => {
    const policy = {
      apiVersion: "scopegate/v1",
      kind: "Policy",
      metadata: { name },
      resource: "https://mcp.example.com/a%20b",
      authorizationServers: ["https://auth.example.com"],
      jwt: { metadataKeys: ["mcp", "payload"] },
      rules: [],
      ...more,
    };
    const file = join(folder, "policy.json");
    writeFileSync(file, JSON.stringify(policy));
    return manifest(file, "--target", target, ...JWKS, ...IMAGE, "--namespace", "0123");
  };
  const manifestOf = (target: string, name: string): string => {
    const { status, stdout, stderr } = run(target, name);
    assert.equal(status, 0, stderr);
    return stdout;
  };

  type Named = { name?: unknown; namespace?: unknown };
  type Manifest = { metadata: Named; spec: { targetRefs?: Named[]; parentRefs?: Named[] } };

  test("names of objects are strings, whatever they look like", () => {
    for (const target of ["envoy-gateway", "istio"])
      for (const name of ["123", "true", "no", "null", "1e3", "0x10"])
        for (const document of parseAllDocuments(manifestOf(target, name))) {
          const { metadata, spec } = document.toJS() as Manifest;
          for (const reference of [metadata, ...(spec.targetRefs ?? []), ...(spec.parentRefs ?? [])])
            assert.equal(typeof reference.name, "string", `${name}: ${JSON.stringify(reference)}`);
          assert.equal(metadata.namespace, "0123");
        }
  });

  test("a percent sign in a header is not a command", () => {
    const header = /WWW-Authenticate, value: '(.*)'\}/.exec(manifestOf("istio", "files"))?.[1] ?? "";
    assert.match(header, /oauth-protected-resource\/a%%20b"/);
  });
});
