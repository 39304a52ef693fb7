// Loop safety: a subject that steps up and meets the same challenge with each new token gets a terminal answer.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { load, type Loaded } from "../scripts/evaluate/engine.ts";
import { compileDocument } from "../scripts/compiler/index.ts";
import { Host } from "../scripts/simulate.ts";
import { simulate } from "../scripts/evaluate/request.ts";
import { describe as resultOf } from "../scripts/evaluate/result.ts";

const MODULE = new WebAssembly.Module(readFileSync("build/scopegate.wasm"));
const POLICY = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "repeats" },
  jwt: { metadataKey: "mcp" },
  rules: [{ name: "sum", source: { jwt: { scopes: ["sum"] } }, target: { tools: [{ tool: "sum" }, { tool: "add" }] } }],
};

class Session {
  seconds = 1_800_000_000;
  private readonly host: Host;

  constructor(policy: object = POLICY) {
    const loaded: Loaded | undefined = load(compileDocument(policy));
    assert.ok(loaded);
    this.host = new Host(MODULE, { now: () => BigInt(this.seconds) * 1_000_000_000n });
    assert.ok(this.host.configure(loaded.configuration).ok);
  }

  ask(payload: object, tool = "sum"): string {
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: {} } };
    const answer = this.host.request(simulate({ payload: payload as never, body: JSON.stringify(body) }, "mcp"));
    const { reason, requiredScopes } = resultOf(answer, String);
    assert.equal(requiredScopes === null, reason !== "insufficient_scope");
    return String(reason);
  }
}

describe("the same challenge again and again", () => {
  test("claims of any type tell apart; null is none, and the next one counts", () => {
    for (const sub of ["alice", 7, true, ["alice", "bob"], { id: "alice" }, { id: null }]) {
      const session = new Session();
      const reasons = [1, 2, 3, 4].map((iat) => session.ask({ sub, client_id: null, azp: "app", jti: null, iat }));
      assert.deepEqual(reasons.slice(0, 3), Array(3).fill("insufficient_scope"), String(sub));
      assert.equal(reasons[3], "challenge_loop", String(sub));
      assert.equal(session.ask({ sub, azp: "app", iat: 5 }), "challenge_loop", String(sub));
      assert.equal(session.ask({ sub, client_id: "app2", azp: "app", iat: 6 }), "insufficient_scope", String(sub));
    }
    for (const sub of [null, ""]) {
      const session = new Session();
      for (const iat of [1, 2, 3, 4, 5]) assert.equal(session.ask({ sub, iat }), "insufficient_scope");
    }
  });

  const token = (jti: number, sub = "user") => ({ sub, jti: `token ${jti}`, scope: "echo" });

  test("three new tokens are challenged, the fourth is told to stop", () => {
    const session = new Session();
    const reasons = [1, 2, 3, 4, 5].map((jti) => session.ask(token(jti)));
    assert.deepEqual(reasons, [
      "insufficient_scope",
      "insufficient_scope",
      "insufficient_scope",
      "challenge_loop",
      "challenge_loop",
    ]);
  });

  test("who asks again with the same token is in no loop", () => {
    const session = new Session();
    for (let i = 0; i < 50; i++) assert.equal(session.ask(token(1)), "insufficient_scope");
  });

  test("tokens that nothing tells apart count each time", () => {
    const session = new Session();
    const reasons = [1, 2, 3, 4].map(() => session.ask({ sub: "user", scope: "echo" }));
    assert.deepEqual(reasons.slice(2), ["insufficient_scope", "challenge_loop"]);
  });

  test("other subjects, clients and calls are counted apart", () => {
    const session = new Session();
    for (let jti = 1; jti <= 4; jti++) session.ask(token(jti));
    assert.equal(session.ask(token(5)), "challenge_loop");
    assert.equal(session.ask(token(5, "other")), "insufficient_scope");
    assert.equal(session.ask({ ...token(5), azp: "client" }), "insufficient_scope");
    assert.equal(session.ask(token(5), "add"), "insufficient_scope");
  });

  test("the count ends with its window", () => {
    const session = new Session();
    for (let jti = 1; jti <= 4; jti++) session.ask(token(jti));
    session.seconds += 301;
    assert.equal(session.ask(token(6)), "insufficient_scope");
  });

  test("the policy can set the limit and switch it off", () => {
    const strict = new Session({ ...POLICY, loop: { limit: 1, window: 60 } });
    assert.deepEqual([strict.ask(token(1)), strict.ask(token(2))], ["insufficient_scope", "challenge_loop"]);
    const off = new Session({ ...POLICY, loop: "off" });
    for (let jti = 1; jti < 20; jti++) assert.equal(off.ask(token(jti)), "insufficient_scope");
  });
});
