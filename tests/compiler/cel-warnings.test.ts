// Predicates that compile but cannot mean what they say, and those that are refused because cel-go or a lenient server
// would read them otherwise.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileWhen } from "../../scripts/compiler/cel/index.ts";

const told = (text: string) => compileWhen(text).problems.map(({ severity, message }) => `${severity}: ${message}`);

/** An expression, and what its only problem says; undefined: there is none. */
const CASES: [string, RegExp | undefined][] = [
  ['jwt.scopes.contains("a")', /^warning: the same result for every call: .*list\(string\)\.contains/],
  ['jwt.scopes == ["a"]', undefined],
  ['"a" in jwt.scopes', undefined],
  ['jwt.scopes == "a"', /^warning: the same result/],
  ['request.auth.jwt.scopes.exists(s, s.startsWith("a"))', undefined],
  ['jwt.claims.roles.contains("a")', /^warning: the same result/],
  ['"a" in jwt.claims["roles"]', undefined],
  ["mcp.tool > 3", /^warning: the same result/],
  ['request.mcp.tool == "t"', undefined],
  ['request.headers["x"] == 1', /^warning: the same result/],
  ['jwt.claims.scope == "a"', /^warning: jwt\.claims\.scope is always missing/],
  ['has(jwt.claims.sub) && jwt.claims.sub == "a"', undefined],
  ['timestamp(jwt.claims.exp) > timestamp("2026-01-01T00:00:00Z")', /^warning: always an error: exp is a JSON number/],
  ['timestamp(int(jwt.claims.exp)) > timestamp("2026-01-01T00:00:00Z")', undefined],
  ['jwt.claims.kubernetes.io.namespace == "a"', /^warning: this looks for "io" in another claim/],
  ['jwt.claims["kubernetes.io"].namespace == "a"', undefined],
  ["args.amount <= 500", /^warning: this also holds where args\.amount is below zero/],
  ["500 > args.order.total", /^warning: this also holds/],
  ["args.amount > 0 && args.amount <= 500", undefined],
  ["args.count <= 500", undefined],
  ["args.?amount.orValue(0) <= 500", /^warning: this also holds where args\.amount/],
  ["int(args.order.amount) <= 500", /^warning: this also holds where args\.order\.amount/],
  ['args["refund"] < 5.0', /^warning: this also holds where args\.refund/],
  ["!(args.amount > 500)", /^warning: this also holds/],
  ["double(args.amount) > 0.0 && double(args.amount) <= 5.0", undefined],
  ["!(args.amount > 500 || args.amount < 0)", undefined],
  ['"X-Team" in request.headers', /^warning: no header ever has this name/],
  ['"x-team" in request.headers', undefined],
  ["has(jwt.claims.scope)", /^warning: this is always false: scopes are not among the claims/],
  ["has(jwt.claims.sub)", undefined],
  ['jwt.claims.realm_access.roles.contains("a")', /^warning: the same result/],
  ['jwt.claims.resource_access["com.example.mcp"].roles == "a"', /^warning: the same result/],
  ['"a" in jwt.claims.realm_access.roles', undefined],
  ['duration(jwt.claims.exp) > duration("1s")', /^warning: always an error: exp is a JSON number/],
  ['mcp.method in "tools/call"', /^error: there is no operator/],
  ["int(args.l[?0].orValue(0)) == 5", /^error: int\(\) takes this for int/],
  ["int(dyn(args.l[?0].orValue(0))) == 5", undefined],
  ["int(args.?n.orValue(0)) == 5", undefined],
  ["args.c ? has(args.?z.a) : false", /^error: here, has\(\) of an optional/],
  ["has(args.?z.a)", undefined],
  ['args["größe"] == 1', /^error: "größe" has letters whose other case/],
  ['args.items.all(i, i["größe"] == 1)', /^error: "größe"/],
  ['args["大小"] == 1', undefined],
  ['jwt.claims["größe"] == 1', undefined],
];

for (const [text, expected] of CASES)
  test(text, () => {
    const problems = told(text);
    if (!expected) assert.deepEqual(problems, []);
    else assert.match(problems.join("\n"), expected);
  });
