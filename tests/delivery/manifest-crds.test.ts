// The Kubernetes objects that `scopegate manifest` prints, against the schemas and rules of the hosts' own CRDs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { faultsOf, type Resource } from "../support/crds.ts";

const JWKS = ["--jwks", "https://auth.example.com/jwks"];
const IMAGE = ["--wasm", "oci://registry.example.com/scopegate:0.1.0"];
const POLICY = "envoy/kubernetes.policy.yaml";

function objects(policy: string, ...options: string[]): Resource[] {
  const args = ["build/scopegate.mjs", "manifest", "-", ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { input: policy, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Resource);
}

const policy = readFileSync(POLICY, "utf8");
/** What the shape of the objects depends on. */
const VARIANTS: [name: string, text: string, options: string[]][] = [
  ["an image", policy, [...JWKS, ...IMAGE]],
  [
    "an image by its digest",
    policy,
    [...JWKS, "--wasm", `oci://registry.example.com/scopegate@sha256:${"0".repeat(64)}`],
  ],
  ["a module by HTTP", policy, [...JWKS, "--wasm", "https://files.example.com/scopegate.wasm"]],
  ["keys in the text", policy, ["--jwks", "tests/data/jwks.json", ...IMAGE]],
  ["an image with credentials", policy, [...JWKS, ...IMAGE, "--pull-secret", "registry"]],
  [
    "pages of other origins",
    policy,
    [...JWKS, ...IMAGE, "--cors", "https://app.example.com", "--cors", "http://localhost:6274"],
  ],
  ["pages of every origin", policy, [...JWKS, ...IMAGE, "--cors", "*"]],
  ["proxies in front, offers to upgrade", policy, [...JWKS, ...IMAGE, "--trusted-hops", "2", "--ignore-upgrades"]],
  ["offers to upgrade", policy, [...JWKS, ...IMAGE, "--ignore-upgrades"]],
  ["open paths", policy, [...JWKS, ...IMAGE, "--open-path", "/healthz", "--open-path", "/oauth/*=auth-server:8080"]],
  ["no preflights", `${policy}transport: { OPTIONS: Deny }\n`, [...JWKS, ...IMAGE]],
  ["other names", policy, [...JWKS, ...IMAGE, "--namespace", "mcp", "--gateway", "edge", "--upstream", "tools:8080"]],
  ["a server at /", policy.replace("example.com/mcp", "example.com/"), [...JWKS, ...IMAGE]],
  [
    "no metadata document",
    policy.replace(/^authorizationServers.*$/m, ""),
    [...JWKS, ...IMAGE, "--issuer", "https://auth.example.com"],
  ],
  ["a port in the resource", policy.replace("example.com/mcp", "example.com:8443/mcp"), [...JWKS, ...IMAGE]],
  ["an address in the resource", policy.replace("mcp.example.com", "192.0.2.1:8080"), [...JWKS, ...IMAGE]],
  [
    "a name that is no Kubernetes name",
    policy.replace("name: files", `name: ${"My_Files.".repeat(9)}`),
    [...JWKS, ...IMAGE],
  ],
];

for (const target of ["envoy-gateway", "istio"])
  describe(`--target ${target}`, () => {
    for (const [name, text, options] of VARIANTS)
      test(name, () => {
        const all = objects(text, "--target", target, ...options);
        assert.ok(all.length >= 2);
        for (const object of all) assert.deepEqual(faultsOf(object), [], object.kind);
        const names = all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
        assert.equal(new Set(names).size, names.length, names.join());
        // The API accepts an IP address here; Envoy Gateway does not.
        for (const { spec } of all)
          for (const host of (spec as { hostnames?: string[] }).hostnames ?? []) assert.equal(isIP(host), 0, host);
        for (const { metadata } of all) assert.match(metadata.name, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
      });
  });

describe("--target istio alone", () => {
  const OWN: [name: string, options: string[]][] = [
    ["WasmPlugin", ["--istio-api", "WasmPlugin"]],
    ["WasmPlugin with open paths", ["--istio-api", "WasmPlugin", "--open-path", "/healthz"]],
    ["a classic gateway", ["--selector", "istio=ingressgateway", "--selector", "app=edge", "--cors", "*"]],
    ["a classic gateway with WasmPlugin", ["--selector", "istio=ingressgateway", "--istio-api", "WasmPlugin"]],
  ];
  for (const [name, options] of OWN)
    test(name, () => {
      for (const object of objects(policy, "--target", "istio", ...JWKS, ...IMAGE, ...options))
        assert.deepEqual(faultsOf(object), [], object.kind);
    });
});

test("--target istio, several policies: objects that the API takes", () => {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-several-"));
  after(() => rmSync(folder, { recursive: true }));
  const other = join(folder, "other.yaml");
  writeFileSync(other, policy.replace("name: files", "name: other").replace("example.com/mcp", "example.com/other"));
  const options = ["--audience", "https://mcp.example.com", "--cors", "*", "--trusted-hops", "1"];
  const all = objects(policy, other, "--target", "istio", ...JWKS, ...IMAGE, ...options);
  for (const object of all) assert.deepEqual(faultsOf(object), [], object.kind);
  const { spec } = all.find(({ kind }) => kind === "TrafficExtension")!;
  const { policies } = (spec as { wasm: { pluginConfig: { policies: { name: string }[] } } }).wasm.pluginConfig;
  assert.deepEqual(
    policies.map(({ name }) => name),
    ["files", "other"],
  );
});

describe("faults that these checks find", () => {
  const EVERYTHING = ["--cors", "*", "--trusted-hops", "1", "--ignore-upgrades", "--open-path", "/healthz"];
  const all = [
    ...objects(policy, "--target", "envoy-gateway", ...JWKS, ...IMAGE, ...EVERYTHING),
    ...objects(policy, "--target", "istio", ...JWKS, ...IMAGE, ...EVERYTHING),
    ...objects(policy, "--target", "istio", ...JWKS, ...IMAGE, "--istio-api", "WasmPlugin"),
  ];
  /** Kind, a change to its text, and the fault that must be reported. */
  const BROKEN: [kind: string, from: string | RegExp, to: string, fault: RegExp][] = [
    ["EnvoyExtensionPolicy", '"failOpen"', '"failopen"', /must NOT have additional properties.*failopen/],
    ["EnvoyExtensionPolicy", '"type":"Image"', '"type":"Disk"', /must be equal to one of the allowed values/],
    ["EnvoyExtensionPolicy", '"type":"Image"', '"type":"HTTP"', /If type is HTTP, http field needs to be set/],
    ["EnvoyExtensionPolicy", '"kind":"HTTPRoute"', '"kind":"Service"', /can only have a targetRefs/],
    ["SecurityPolicy", /"remoteJWKS":\{"uri":"[^"]*"\}/, '"remoteJWKS":{}', /must have required property 'uri'/],
    ["SecurityPolicy", /"remoteJWKS":\{[^}]*\}/, '"x":1', /additional properties/],
    ["SecurityPolicy", /,"remoteJWKS":\{[^}]*\}/, "", /remoteJWKS/],
    ["BackendTrafficPolicy", '"limit":"5Mi"', '"limit":"five"', /must match pattern|Limit/],
    ["BackendTrafficPolicy", '"streamIdleTimeout":"0s"', '"streamIdleTimeout":"never"', /must match pattern/],
    ["ClientTrafficPolicy", '"numTrustedHops":1', '"numTrustedHops":"1"', /must be integer/],
    ["ClientTrafficPolicy", "RegularExpression", "Regex", /allowed values/],
    [
      "SecurityPolicy",
      '"failOpen":true',
      '"failOpen":true,"optional":true',
      /optional and failOpen cannot both be set/,
    ],
    ["SecurityPolicy", '"valuePrefix"', '"prefix"', /additional properties/],
    ["SecurityPolicy", '"defaultAction":"Deny"', '"defaultAction":"Refuse"', /allowed values/],
    ["SecurityPolicy", '"allowOrigins":["*"]', '"allowOrigins":["app.example.com"]', /must match pattern/],
    ["EnvoyProxy", '"after"', '"behind"', /additional properties/],
    ["EnvoyProxy", "envoy.filters.http.buffer", "envoy.filters.http.pillow", /allowed values/],
    [
      "EnvoyProxy",
      '"after":"envoy.filters.http.wasm"',
      '"after":"envoy.filters.http.wasm","before":"envoy.filters.http.cors"',
      /one of before or after/,
    ],
    ["Gateway", '"port":80', '"port":80000', /must be <= 65535/],
    ["Gateway", /("listeners":\[)(\{.*?\})(\])/, "$1$2,$2$3", /list-map-keys|unique/],
    ["HTTPRoute", '"request":"0s"', '"request":"never"', /must match pattern/],
    ["HTTPRoute", '"value":"/mcp"', '"value":"mcp"', /path|must match/i],
    ["RequestAuthentication", '"issuer"', '"isuer"', /additional properties/],
    ["RequestAuthentication", '"jwksUri"', '"jwks":"{}","jwksUri"', /only one of jwks or jwksUri|jwks/],
    ["RequestAuthentication", '"fromHeaders"', '"fromHeader"', /additional properties/],
    ["TrafficExtension", '"AUTHZ"', '"AUTHORIZE"', /allowed values/],
    ["TrafficExtension", "oci://", "ftp://", /url must have schema/],
    ["TrafficExtension", '"wasm":', '"lua":{"inlineCode":"x"},"wasm":', /exactly one/],
    ["EnvoyFilter", '"INSERT_BEFORE"', '"INSERT_BEHIND"', /allowed values/],
    ["EnvoyFilter", '"targetRefs"', '"workloadSelector":{},"targetRefs"', /only one of targetRefs or workloadSelector/],
    ["WasmPlugin", '"AUTHZ"', '"AUTHORIZE"', /allowed values/],
    ["WasmPlugin", "oci://", "ftp://", /url must have schema/],
    ["WasmPlugin", '"url"', '"place"', /additional properties/],
  ];
  for (const [kind, from, to, fault] of BROKEN)
    test(`${kind}: ${String(from)} as ${to || "nothing"}`, () => {
      const good = all.find((object) => object.kind === kind)!;
      const text = JSON.stringify(good);
      const broken = text.replace(from, to);
      assert.notEqual(broken, text, "nothing was broken");
      assert.match(faultsOf(JSON.parse(broken) as Resource).join("\n"), fault);
    });

  test("an unknown kind", () =>
    assert.match(faultsOf({ ...all[0]!, kind: "EnvoyProxies" })[0]!, /no schema for .* EnvoyProxies/));
});
