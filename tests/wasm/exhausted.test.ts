// The built filter without memory, and with tokens and configurations at their limits: a failed allocation must not help a
// caller. Where memory ends depends on the size of a body, which callers choose, so sizes are swept.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { filterModule } from "../../scripts/evaluate/filter-file.ts";
import { Host, type SimulatedRequest, type Struct } from "../../scripts/simulate/host.ts";
import { assertAllowed, bytes, call, configuration, hostWith, reasonOf } from "../support/host.ts";

const REGION = 65_536; // bytes of the region that a filter has from its start

const denyWhen = (rule: object) => ({
  apiVersion: "scopegate/v1",
  kind: "Policy",
  defaultAction: "Allow",
  rules: [{ name: "no", action: "Deny", target: { tools: ["t"] }, ...rule }],
});

/** The call after so many spaces that its body has `size` bytes. */
function padded(size: number, payload: Struct): SimulatedRequest {
  const request = call("t", {}, {}, payload);
  const text = Buffer.from(request.body!).toString();
  return { ...request, body: bytes(" ".repeat(Math.max(0, size - text.length)) + text) };
}

/** No body whose size is close to the region's may get a denied token through a filter without memory. */
function assertDenied(policy: object, payload: Struct): void {
  const host = hostWith({}, policy);
  assert.ok(!host.request(padded(0, payload)).forwarded);
  host.guest.exhaust();
  for (let size = REGION - 1200; size < REGION; size++) {
    const { trap, forwarded } = host.request(padded(size, payload));
    assert.equal(trap, undefined);
    assert.ok(!forwarded, `a body of ${size} bytes`);
  }
}

describe("without memory", () => {
  test("a claim that cannot be looked up is not treated as absent", () =>
    assertDenied(denyWhen({ source: { jwt: { claims: [{ name: "rôle", values: ["bad"] }] } } }), { rôle: "bad" }));

  test("a scope that cannot be stored still counts as held", () => {
    const scope = `${Array.from({ length: 40 }, (_, i) => `s${i}`).join(" ")} evil`;
    assertDenied(denyWhen({ source: { jwt: { scopes: ["evil"] } } }), { scope });
  });

  // Without memory there is no body to tell the reason, so the counters have to.
  test("a key that cannot be looked up is a host error, not an ambiguous key", () => {
    const host = hostWith({}, denyWhen({ when: "args.n == 1" }));
    host.request(call("t", { n: 2 }));
    const request = call("t", { ["é".repeat(400)]: 1 });
    host.guest.exhaust();
    const text = Buffer.from(request.body!);
    for (let size = REGION - 2400; size < REGION - 64; size += 8)
      host.request({ ...request, body: Buffer.concat([bytes(" ".repeat(size - text.length)), text]) });
    const counted = Object.entries(host.metrics.all()).filter(([, value]) => value > 0);
    const names = counted.map(([name]) => name.slice(name.lastIndexOf(".") + 1)).sort();
    assert.deepEqual(names, ["default_allow", "host_error", "rule_denied"]);
  });

  test("a configuration whose names cannot be looked up is refused", () => {
    const name = "n".repeat(400);
    const text = configuration(false, denyWhen({ when: `has(args.${name})` }));
    const call400 = call("t", { [name]: 1 });
    let refused = 0;
    for (let size = REGION - 10_000; size < REGION - 8_000; size += 40) {
      const host = new Host(filterModule());
      host.addPlugin(text); // the next one gets its memory
      assert.ok(host.configure(text).ok);
      host.guest.exhaust();
      const { root } = host.addPlugin(`{${" ".repeat(size - text.length)}${text.slice(1)}`);
      if (root === 0) refused++;
      else assert.ok(!host.request(call400, root).forwarded, `a configuration of ${size} bytes`);
    }
    assert.ok(refused > 0, "memory was never exhausted");
  });
});

describe("a token with more scopes than are stored", () => {
  const scope = `${"a ".repeat(8192)}evil`;

  test("holds the last one too", () => {
    const host = hostWith({}, denyWhen({ source: { jwt: { scopes: ["evil"] } } }));
    assert.ok(!host.request(call("t", {}, {}, { scope })).forwarded);
  });

  test("is an error for a when over jwt.scopes", () => {
    const host = hostWith({}, denyWhen({ when: '"evil" in jwt.scopes' }));
    assert.ok(!host.request(call("t", {}, {}, { scope })).forwarded);
    const fewer = call("t", {}, {}, { scope: "a ".repeat(8192) });
    assertAllowed(host.request(fewer), fewer, "8,192 scopes are all stored");
  });
});

describe("after a long body", () => {
  test("its bytes are not read as part of a shorter one", () => {
    const host = hostWith();
    const long = call("t", { p: `${"v".repeat(3000)}é漢字é漢字é漢字${"v".repeat(300)}` });
    const reasons = new Set<string>();
    for (let size = 3030; size < 3110; size++)
      for (let spaces = 0; spaces < 64; spaces += 3) {
        host.request(long);
        const body = bytes(`${" ".repeat(spaces)}{"${"a".repeat(size - 2 - spaces)}`);
        reasons.add(reasonOf(host.request({ ...long, body })) ?? "");
      }
    assert.deepEqual([...reasons], ["not_json"]);
  });
});
