// What narrows access in an MCPRoute outside its authorization: selectors, prefixMode, backendSelector; and what is refused.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileDocument } from "../../scripts/compiler/index.ts";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument } from "../../scripts/evaluate/load.ts";

const engine = new Engine();
const oauth = {
  issuer: "https://auth.example.com",
  audiences: ["a"],
  protectedResourceMetadata: { resource: "https://mcp.example.com/mcp" },
};

const route = (spec: object, authorization: object = { defaultAction: "Allow" }) => ({
  apiVersion: "aigateway.envoyproxy.io/v1beta1",
  kind: "MCPRoute",
  metadata: { name: "r" },
  spec: { backendRefs: [{ name: "fs" }], securityPolicy: { oauth, authorization }, ...spec },
});

function allowed(document: object, method: string, name: string): boolean {
  const loaded = loadDocument(document);
  if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { name, arguments: {} } });
  return engine.evaluate(loaded, { payload: { team: "a" }, body }).decision === "allow";
}

const errorsOf = (document: object) =>
  compileDocument(document)
    .problems.filter(({ severity }) => severity === "error")
    .map(({ message }) => message);

const CASES: [what: string, backend: object, open: string[], closed: string[]][] = [
  [
    "include",
    { toolSelector: { include: ["stat", "read"] } },
    ["fs__stat", "fs__read", "db__x"],
    ["fs__purge", "fs__"],
  ],
  ["exclude", { toolSelector: { exclude: ["purge"] } }, ["fs__stat", "db__purge"], ["fs__purge"]],
  [
    "regexes",
    { toolSelector: { includeRegex: ["^get_"], excludeRegex: ["secret"] } },
    ["fs__get_a"],
    ["fs__a", "fs__get_secret"],
  ],
  ["exclude wins", { toolSelector: { include: ["a", "b"], exclude: ["b"] } }, ["fs__a"], ["fs__b"]],
  ["a name that is no CEL", { toolSelector: { include: ['a"b\\c'] } }, ['fs__a"b\\c'], ["fs__a"]],
  [
    "a selector of the backend",
    { backendSelector: { cel: 'request.auth.jwt.claims.team == "b"' } },
    ["db__x"],
    ["fs__x"],
  ],
  [
    "no selector of the backend can be judged",
    { backendSelector: { cel: "request.auth.jwt.claims.none" } },
    [],
    ["fs__x"],
  ],
];

describe("of a backend:", () => {
  for (const [what, backend, open, closed] of CASES)
    test(what, () => {
      const document = route({ backendRefs: [{ name: "fs", ...backend }, { name: "db" }] });
      for (const name of open) assert.ok(allowed(document, "tools/call", name), name);
      for (const name of closed) assert.ok(!allowed(document, "tools/call", name), name);
    });

  test("prompts that are not selected", () => {
    const document = route({ backendRefs: [{ name: "fs", promptSelector: { include: ["sum"] } }, { name: "db" }] });
    assert.ok(allowed(document, "prompts/get", "fs__sum"));
    assert.ok(allowed(document, "prompts/get", "db__other"));
    assert.ok(!allowed(document, "prompts/get", "fs__other"));
  });

  test("a rule allows nothing that a selector leaves out, and the selectors of a route hold too", () => {
    const rules = [{ target: { tools: [{ backend: "fs", tool: "purge" }] } }];
    const backendRefs = [{ name: "fs", toolSelector: { exclude: ["purge"] } }];
    assert.ok(!allowed(route({ backendRefs }, { rules }), "tools/call", "fs__purge"));
    const choose = (defaultAction: string, action: string) => ({
      backendSelector: { defaultAction, rules: [{ action, cel: 'request.mcp.backend == "fs"' }] },
    });
    for (const [fallback, action] of [
      ["Allow", "Deny"],
      ["Deny", "Allow"],
    ] as const) {
      assert.equal(allowed(route(choose(fallback, action)), "tools/call", "fs__x"), action === "Allow");
      assert.equal(allowed(route(choose(fallback, action)), "tools/call", "db__x"), fallback === "Allow");
    }
  });
});

describe("prefixMode: Never", () => {
  const rules = [{ target: { tools: [{ backend: "fs", tool: "stat" }] } }];

  test("one backend has all tools", () => {
    const document = route({ prefixMode: "Never" }, { rules });
    assert.ok(allowed(document, "tools/call", "stat"));
    assert.ok(!allowed(document, "tools/call", "fs__stat"));
    const own = route(
      { backendRefs: [{ name: "fs", prefixMode: "Never", toolSelector: { exclude: ["stat"] } }] },
      { rules },
    );
    assert.ok(!allowed(own, "tools/call", "stat"));
  });

  test("of several, a tool belongs to the one that includes it", () => {
    const backendRefs = [
      { name: "fs", toolSelector: { include: ["stat", "free"] } },
      { name: "db", toolSelector: { include: ["query"] } },
    ];
    const document = route(
      { prefixMode: "Never", backendRefs },
      { rules: [...rules, { target: { tools: [{ backend: "db", tool: "query" }] } }] },
    );
    assert.ok(allowed(document, "tools/call", "stat"));
    assert.ok(allowed(document, "tools/call", "query"));
    assert.ok(!allowed(document, "tools/call", "free"));
    const open = route({ prefixMode: "Never", backendRefs });
    assert.ok(!allowed(open, "tools/call", "other"));
    const twice = [backendRefs[0], { name: "db", toolSelector: { include: ["stat"] } }];
    assert.match(
      errorsOf(route({ prefixMode: "Never", backendRefs: twice }))[0]!,
      /"stat" is a tool of "fs" and of "db"/,
    );
    const none = [backendRefs[0], { name: "db" }];
    assert.match(errorsOf(route({ prefixMode: "Never", backendRefs: none }))[0]!, /which tools the backend "db" has/);
    const wrong = [{ target: { tools: [{ backend: "db", tool: "stat" }] } }];
    assert.match(
      errorsOf(route({ prefixMode: "Never", backendRefs }, { rules: wrong }))[0]!,
      /"db" does not include the tool "stat"/,
    );
    const mixed = [backendRefs[0], { ...backendRefs[1], prefixMode: "Always" }];
    assert.match(errorsOf(route({ prefixMode: "Never", backendRefs: mixed }))[0]!, /some backends have a prefix/);
  });
});

test("members that may narrow access and are not read are refused by name; harmless ones are passed over", () => {
  const places: [string, (more: object) => object][] = [
    ["spec", (more) => route(more)],
    ["a backend", (more) => route({ backendRefs: [{ name: "fs", ...more }] })],
    [
      "securityPolicy",
      (more) => route({ securityPolicy: { oauth, authorization: { defaultAction: "Allow" }, ...more } }),
    ],
    [
      "oauth",
      (more) => route({ securityPolicy: { oauth: { ...oauth, ...more }, authorization: { defaultAction: "Allow" } } }),
    ],
  ];
  for (const [where, make] of places)
    for (const name of ["apiKeyAuth", "extAuth", "somethingNew"])
      assert.deepEqual(errorsOf(make({ [name]: {} })), [
        `"${name}" in ${where} is not enforced here: it may narrow access`,
      ]);
  const harmless = { parentRefs: [], path: "/mcp", headers: [{ name: "x", value: "y" }], hostnames: ["a.example.com"] };
  const backendRefs = [{ name: "fs", port: 80, kind: "Backend", path: "/", securityPolicy: { apiKey: {} } }];
  assert.deepEqual(errorsOf(route({ ...harmless, backendRefs })), []);
});

test("nothing is said of the rules that selectors become", () => {
  const backendRefs = [{ name: "fs", toolSelector: { include: ["stat"] }, backendSelector: { cel: "true" } }];
  const told = compileDocument(route({ backendRefs })).problems.map(({ message }) => message);
  assert.deepEqual(
    told.filter((message) => message.includes("pattern")),
    [],
  );
});
