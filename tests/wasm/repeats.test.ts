// Loop safety: a subject that steps up but gets the same challenge with each new token receives a final denial.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { load, type Loaded } from "../../scripts/evaluate/load.ts";
import { compileDocument } from "../../scripts/compiler/index.ts";
import { Host } from "../../scripts/simulate/host.ts";
import { simulate } from "../../scripts/evaluate/request.ts";
import { describe as resultOf } from "../../scripts/evaluate/result.ts";

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
  test("claims of any type distinguish callers; null counts as absent, and the next claim is used", () => {
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

  test("a retry with the same token is not a loop", () => {
    const session = new Session();
    for (let i = 0; i < 50; i++) assert.equal(session.ask(token(1)), "insufficient_scope");
  });

  test("tokens that nothing distinguishes count each time", () => {
    const session = new Session();
    const reasons = [1, 2, 3, 4].map(() => session.ask({ sub: "user", scope: "echo" }));
    assert.deepEqual(reasons.slice(2), ["insufficient_scope", "challenge_loop"]);
  });

  test("other subjects, clients and calls are counted separately", () => {
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

// The hash of assembly/text/ascii.ts, which has no secret: a caller who chooses a name can work backwards from the hash of another call.
const BITS = (1n << 64n) - 1n;
const FACTOR = 0x9e3779b97f4a7c15n;
const INVERSE = 0xf1de83e19937733dn; // of the factor, modulo 2^64
const fold = (x: bigint): bigint => x ^ (x >> 32n);
const mix = (x: bigint): bigint => fold((fold(x) * FACTOR) & BITS);
const unmix = (x: bigint): bigint => fold((fold(x) * INVERSE) & BITS);

function hash(seed: bigint, text: string): bigint {
  const all = Buffer.concat([Buffer.from(text), Buffer.alloc(8)]);
  let state = seed ^ BigInt(Buffer.byteLength(text));
  for (let at = 0; at + 8 <= all.length; at += 8) {
    const left = BigInt(Math.min(all.length - 8 - at, 8));
    state = mix(state ^ (all.readBigUInt64LE(at) & ((1n << (8n * left)) - 1n)));
  }
  return state;
}

/** A name whose hash with `seed` is `wanted`: 24 bytes, the last 8 of which compensate for the others. */
function nameFor(seed: bigint, wanted: bigint): string {
  for (let i = 0; ; i++) {
    const start = `name ${i}`.padEnd(16);
    const word = Buffer.alloc(8);
    word.writeBigUInt64LE(unmix(unmix(wanted)) ^ mix(mix(seed ^ 24n ^ word64(start, 0)) ^ word64(start, 8)));
    if (word.every((byte) => byte < 0x80)) return start + word.toString();
  }
}

const word64 = (text: string, at: number): bigint => Buffer.from(text).readBigUInt64LE(at);

test("no caller can use up another caller's challenges with a crafted name", () => {
  const session = new Session({ ...POLICY, rules: [{ source: { jwt: { scopes: ["admin"] } } }] });
  const seedOf = (sub: string): bigint => hash(hash(0n, sub), "tools/call");
  const name = nameFor(seedOf("mallory"), hash(seedOf("alice"), "sum"));
  assert.equal(hash(seedOf("mallory"), name), hash(seedOf("alice"), "sum"));
  for (let jti = 1; jti <= 4; jti++) session.ask({ sub: "mallory", jti: `${jti}` }, name);
  assert.equal(session.ask({ sub: "mallory", jti: "5" }, name), "challenge_loop");
  assert.equal(session.ask({ sub: "alice", jti: "1" }, "sum"), "insufficient_scope");
});
