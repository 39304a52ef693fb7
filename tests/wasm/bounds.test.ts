// What one request may cost the filter, whatever its policy: time and memory have a bound that callers cannot influence.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SimulatedRequest, Struct } from "../../scripts/simulate/host.ts";
import { benchWorst } from "../../scripts/bench/worst.ts";
import { assertAllowed, call, hostOf, hostWith, message, posting, sending, toolWhen } from "../support/host.ts";

const MEBIBYTE = 1 << 20;

/** The scopes s0, s1 … of a policy, or of a token. */
const scopeNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${i}`);

const declaring = (count: number) => ({ scopes: Object.fromEntries(scopeNames(count).map((name) => [name, {}])) });

/** A request with a long list in its arguments and a long header. */
function withHeader(count: number, payload?: Struct): SimulatedRequest {
  const request = call("t", { l: Array.from({ length: count }, () => "q") }, {}, payload);
  return { ...request, headers: [...request.headers!, ["x-team", "a".repeat(20_000)]] };
}

describe("values that a predicate builds from the headers or params", () => {
  for (const made of [
    'request.headers_all["x-team"]',
    "request.headers",
    "request.headers_all",
    "request.mcp.params",
  ]) {
    test(`${made}, again and again, runs out of steps before it exhausts memory`, () => {
      const host = hostOf(toolWhen(`args.l.all(x, !(x in ${made}))`));
      const few = withHeader(10);
      assertAllowed(host.request(few), few, "a few times is nothing");
      const { trap, forwarded } = host.request(withHeader(20_000));
      assert.equal(trap, undefined);
      assert.ok(!forwarded);
      assert.ok(host.guest.size < 64 * MEBIBYTE, `${host.guest.size} bytes`);
    });
  }

  test("each header that a look-up passes costs a step", () => {
    const asking = (steps: number) =>
      hostOf(toolWhen('args.l.all(x, request.headers["x-team"] != x)'), { limits: { steps } });
    const request = withHeader(100);
    const others = Array.from({ length: 90 }, (_, i): [string, string] => [`x-${i}`, "a"]);
    const more = { ...request, headers: [...others, ...request.headers!] };
    assertAllowed(asking(9_000).request(request), request, "a few headers");
    assert.ok(!asking(9_000).request(more).forwarded, "a hundred headers take more steps");
    assertAllowed(asking(90_000).request(more), more, "which there may be");
  });
});

test("a request after one that ran out of steps has all of its own", () => {
  const host = hostOf(toolWhen("args.l.all(x, x > 0.0)"), { limits: { steps: 10_000 } });
  const listing = (count: number) => call("t", { l: Array.from({ length: count }, () => 1) });
  assert.ok(!host.request(listing(10_000)).forwarded, "too many elements");
  for (let again = 0; again < 3; again++)
    assertAllowed(host.request(listing(500)), listing(500), "more than half of them");
});

describe("the search for a challenge", () => {
  test("does not try sets of scopes that the token already has", () => {
    const host = hostOf(toolWhen("size(jwt.scopes) > 999"), declaring(200));
    const { reply } = host.request(call("t", {}, {}, { scope: scopeNames(200).join(" ") }));
    assert.equal(reply?.status, 403, "through all of them it would not come to an end in years");
  });

  test("still finds a set among the others, and the last one", () => {
    const host = hostOf(toolWhen("size(jwt.scopes) == 40"), declaring(40));
    for (const lacking of [
      ["s0", "s1"],
      ["s17", "s39"],
      ["s8", "s9", "s38"],
    ]) {
      const scope = scopeNames(40).filter((name) => !lacking.includes(name));
      const { reply } = host.request(call("t", {}, {}, { scope: scope.join(" ") }));
      const header = reply?.headers.find(([name]) => name === "www-authenticate")?.[1] ?? "";
      assert.deepEqual(/ scope="([^"]*)"/.exec(header)?.[1]?.split(" ").sort(), [...lacking].sort());
    }
  });

  test("pays for the lists of scopes that it builds", () => {
    const host = hostOf(toolWhen('"none" in jwt.scopes'), declaring(64));
    const others = Array.from({ length: 8000 }, (_, i) => `other${i}`);
    assert.equal(host.request(call("t", {}, {}, { scope: others.join(" ") })).reply?.status, 403);
    assert.ok(host.guest.size < 32 * MEBIBYTE, `${host.guest.size} bytes`);
  });

  test("keeps nothing from a grant that it tried, and pays for the lists of claims", () => {
    const rule = (i: number) => ({
      source: { jwt: { claims: [{ name: "groups", valueType: "StringArray", values: [`group ${i}`] }] } },
      ...toolWhen('!("none" in jwt.scopes)'),
    });
    const rules = Array.from({ length: 200 }, (_, i) => rule(i));
    const host = hostWith({}, { apiVersion: "scopegate/v1", kind: "Policy", ...declaring(40), rules });
    const groups = (count: number) => Array.from({ length: count }, (_, i) => `other group ${i}`);
    const request = call("t", {}, {}, { groups: [...groups(200), "group 199"] });
    assertAllowed(host.request(request), request, "the last rule holds");
    assert.equal(host.request(call("t", {}, {}, { groups: groups(200) })).reply?.status, 403);
    assert.ok(host.guest.size < 8 * MEBIBYTE, `${host.guest.size} bytes`);
  });
});

test("a batch does not keep what it read from the token for each message", () => {
  const host = hostOf({ source: { jwt: { claims: [{ name: "a", values: ["b"] }] } }, target: { tools: ["t"] } });
  const notification = '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"t"}}';
  const batch = `[${Array.from({ length: 20_000 }, () => notification).join()}]`;
  const groups = Array.from({ length: 100 }, (_, i) => `group number ${i}`);
  const request = sending(batch, "2025-03-26", { a: "b", groups });
  assertAllowed(host.request(request), request, "each message is allowed");
  assert.ok(host.guest.size < 8 * MEBIBYTE, `${host.guest.size} bytes`);
});

test("a batch cannot read a large token indefinitely", () => {
  const reading = { source: { jwt: { claims: [{ name: "a", values: ["b"] }] } }, target: { tools: ["t"] } };
  const [byScopes, byClaims] = [hostOf({ target: { tools: ["t"] } }), hostOf(reading)];
  const scope = Array.from({ length: 4000 }, (_, i) => `scope${i}`).join(" ");
  const batchOf = (count: number) => {
    const batch = `[${Array<string>(count).fill('{"jsonrpc":"2.0","method":"ping"}').join()}]`;
    return sending(batch, "2025-03-26", { scope });
  };
  assertAllowed(byScopes.request(batchOf(1000)), batchOf(1000), "a thousand messages are nothing");
  assertAllowed(byClaims.request(batchOf(50)), batchOf(50), "nor are fifty, where claims are read for each");
  const start = performance.now();
  assertAllowed(byScopes.request(batchOf(100_000)), batchOf(100_000), "scopes are read once");
  assert.equal(byClaims.request(batchOf(100_000)).reply?.status, 400);
  assert.ok(performance.now() - start < 2000, `${performance.now() - start} ms`);
});

test("a challenge that lists the token's scopes has room for those that the call needs", () => {
  const rule = { source: { jwt: { scopes: ["need"] } }, target: { tools: ["t"] } };
  const host = hostOf(rule, { resource: "https://mcp.example.com/mcp", challenge: { include: "granted" } });
  for (const count of [1, 1000, 4000, 8000]) {
    const { reply } = host.request(call("t", {}, {}, { scope: scopeNames(count).join(" ") }));
    const challenge = reply?.headers.find(([name]) => name === "www-authenticate")?.[1] ?? "";
    const scopes = /, scope="(need s0[^"]*)", resource_metadata="/.exec(challenge)?.[1]?.split(" ") ?? [];
    assert.deepEqual(scopes.slice(1), scopeNames(scopes.length - 1));
    const body = JSON.parse(reply?.body ?? "") as { error: { data: { scopes: string[] } } };
    assert.deepEqual(body.error.data.scopes, scopes);
  }
});

test("each URI of a subscription costs steps", () => {
  const host = hostOf({ target: { resources: ["a:*"] } }, { limits: { steps: 1000 } });
  const listening = (count: number): SimulatedRequest => {
    const notifications = { resourceSubscriptions: Array.from({ length: count }, (_, i) => `a:${i}`) };
    return posting(message("subscriptions/listen", { notifications }));
  };
  assertAllowed(host.request(listening(15)), listening(15), "as many as there are steps for");
  assert.equal(host.request(listening(16)).reply?.status, 400);
});

describe("limits.steps: auto", () => {
  const listing = (count: number, item: unknown) => call("t", { l: Array.from({ length: count }, () => item) });

  test("grows with the body: what a small one may not take, a large one may", () => {
    const host = hostOf(toolWhen("args.l.all(x, args.l.exists(y, x == y))"));
    const nested = (count: number, filler: number) =>
      call("t", { l: Array.from({ length: count }, (_, i) => i), filler: "x".repeat(filler) });
    assertAllowed(host.request(nested(200, 0)), nested(200, 0), "200 elements with each other");
    assert.ok(!host.request(nested(600, 0)).forwarded, "600 are too many");
    assertAllowed(host.request(nested(600, 1 << 19)), nested(600, 1 << 19), "not in a body of 512 KiB");
  });

  test("predicates that people write still run on 4 MiB", () => {
    const text = 'a line of text, with a "quote"\n';
    for (const [when, request] of [
      ["args.l.all(x, x > 0.0 && x <= 100.0)", listing(700_000, 12.5)],
      ['args.l.all(x, x.endsWith("@example.com"))', listing(180_000, "somebody@example.com")],
      ['args.l.all(x, x.matches("^[a-z.]+@example[.]com$"))', listing(180_000, "somebody@example.com")],
      [
        "args.l.all(x, has(x.path) && x.path.startsWith('/srv/'))",
        listing(110_000, { path: "/srv/data/file", mode: 4 }),
      ],
      ['args.l.exists(x, x == "no such") || size(args.l) > 9', listing(300_000, "something")],
      [
        '!args.t.contains("DROP TABLE") && !args.t.matches("(?i)<script") && size(args.t) < 5000000',
        call("t", { t: text.repeat(Math.floor((4 << 20) / 40)) }),
      ],
      [
        'args.t.matches("^[\\\\p{L}\\\\p{P}\\\\s]*$") && !args.t.endsWith("x")',
        call("t", { t: "é ü ß, ".repeat(400_000) }),
      ],
    ] as const) {
      const body = request.body!.length;
      assert.ok(body > 3 * MEBIBYTE && body <= 4 * MEBIBYTE, `${when}: a body of ${body} bytes`);
      assertAllowed(hostOf(toolWhen(when)).request(request), request, when);
    }
  });

  test("a number is a limit as before, whatever is sent", () => {
    const host = hostOf(toolWhen("args.l.all(x, x > 0.0)"), { limits: { steps: 10_000 } });
    assert.ok(!host.request(listing(100_000, 1)).forwarded);
  });
});

// What is hostile is in scripts/bench/hostile.ts. Other programs run meanwhile: five times what docs/when.md promises is
// still far less than what these took when steps were not counted for them.
describe("no hostile request holds a worker for longer than its size allows", () => {
  for (const { name, bytes, took, bound } of benchWorst(() => undefined, [64 << 10, 512 << 10])) {
    test(`${name}, ${bytes} bytes`, () => assert.ok(took < 5 * bound, `${took} ms; promised are ${bound}`));
  }
});
