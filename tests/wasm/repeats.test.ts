// Loop safety: a subject that steps up but gets the same challenge with each new token receives a final denial.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { load, type Loaded } from "../../scripts/evaluate/load.ts";
import { compileDocument } from "../../scripts/compiler/index.ts";
import { Host } from "../../scripts/simulate/host.ts";
import { simulate } from "../../scripts/evaluate/request.ts";
import { Reason } from "../../assembly/program.ts";
import { describe as resultOf } from "../../scripts/evaluate/result.ts";

const MODULE = new WebAssembly.Module(readFileSync("build/scopegate.wasm"));
const POLICY = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "repeats" },
  jwt: { metadataKey: "mcp" },
  rules: [{ name: "sum", source: { jwt: { scopes: ["sum"] } }, target: { tools: [{ tool: "sum" }, { tool: "add" }] } }],
};

/** Where a call comes from besides its token. */
interface From {
  session?: string;
  address?: string;
}

class Session {
  seconds = 1_800_000_000;
  readonly host: Host;

  constructor(policy: object = POLICY) {
    this.host = new Host(MODULE, { now: () => BigInt(this.seconds) * 1_000_000_000n });
    assert.ok(this.host.configure(configurationOf(policy)).ok);
  }

  ask(payload: object, tool = "sum", { session, address }: From = {}, root?: number): string {
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: {} } };
    const headers: Record<string, string> = session === undefined ? {} : { "mcp-session-id": session };
    const request = simulate({ payload: payload as never, headers, body: JSON.stringify(body) }, "mcp");
    const answer = this.host.request({ ...request, ...(address !== undefined && { address }) }, root);
    const reason =
      Reason[new Uint32Array(this.host.guest.read(this.host.guest.call("scopegate_decision"), 8).buffer)[1]!]!;
    const { requiredScopes } = resultOf(answer, { reason, rule: null });
    assert.equal(requiredScopes === null, reason !== "insufficient_scope");
    return String(reason);
  }

  /** The reason for the last of four tokens, each issued later than the one before. */
  last(payloads: (iat: number) => object, from: (i: number) => From = () => ({}), tool = "sum"): string {
    return [1, 2, 3, 4].map((i) => this.ask(payloads(i), tool, from(i))).at(-1)!;
  }
}

function configurationOf(policy: object): string {
  const loaded: Loaded | undefined = load(compileDocument(policy));
  assert.ok(loaded);
  return loaded.configuration;
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

  const token = (iat: number, sub = "user") => ({ sub, iat, jti: `token ${iat}`, scope: "echo" });

  test("three later tokens are challenged, the fourth is told to stop", () => {
    const session = new Session();
    const reasons = [1, 2, 3, 4, 5].map((iat) => session.ask(token(iat)));
    const challenged = Array<string>(3).fill("insufficient_scope");
    assert.deepEqual(reasons, [...challenged, "challenge_loop", "challenge_loop"]);
  });

  test("a retry with the same token is not a loop, nor is an earlier one", () => {
    const session = new Session();
    for (let i = 0; i < 50; i++) assert.equal(session.ask(token(100)), "insufficient_scope");
    for (let iat = 99; iat > 0; iat--) assert.equal(session.ask(token(iat)), "insufficient_scope");
  });

  test("tokens that do not say when they were issued are not counted", () => {
    const session = new Session();
    for (const issued of [{}, { iat: null }, { iat: "5" }, { iat: {} }])
      for (let jti = 1; jti <= 5; jti++)
        assert.equal(session.ask({ sub: "user", jti: `${jti}`, exp: jti, ...issued }), "insufficient_scope");
  });

  test("a fleet with one service account does not meet it, by its sessions or by its addresses", () => {
    const fleet = (iat: number) => ({ sub: "service", azp: "fleet", iat });
    assert.equal(new Session().last(fleet), "challenge_loop", "one of them");
    assert.equal(
      new Session().last(fleet, (i) => ({ session: `s${i}` })),
      "insufficient_scope",
    );
    assert.equal(
      new Session().last(fleet, (i) => ({ address: `10.0.0.${i}:4000` })),
      "insufficient_scope",
    );
    assert.equal(
      new Session().last(fleet, (i) => ({ address: `[fd00::${i}]:4000` })),
      "insufficient_scope",
    );
    assert.equal(
      new Session().last(fleet, (i) => ({ address: `10.0.0.1:400${i}` })),
      "challenge_loop",
      "one, by ports",
    );
    const moving = (i: number) => ({ session: "one", address: `10.0.0.${i}:1` });
    assert.equal(new Session().last(fleet, moving), "challenge_loop", "one session, by addresses");
  });

  test("clients are told apart by client_id, azp, cid and appid, subjects by sub, else by oid", () => {
    for (const claim of ["client_id", "azp", "cid", "appid"])
      assert.equal(
        new Session().last((iat) => ({ sub: "u", [claim]: `${iat}`, iat })),
        "insufficient_scope",
        claim,
      );
    assert.equal(
      new Session().last((iat) => ({ oid: "u", iat })),
      "challenge_loop",
    );
    assert.equal(
      new Session().last((iat) => ({ oid: `${iat}`, iat })),
      "insufficient_scope",
    );
    assert.equal(
      new Session().last((iat) => ({ iat })),
      "insufficient_scope",
      "nobody's",
    );
    assert.equal(
      new Session().last(
        (iat) => ({ iat }),
        () => ({ session: "s" }),
      ),
      "challenge_loop",
      "a session's",
    );
  });

  test("other subjects, clients, calls and issuers are counted separately", () => {
    const session = new Session();
    for (let iat = 1; iat <= 4; iat++) session.ask(token(iat));
    assert.equal(session.ask(token(5)), "challenge_loop");
    assert.equal(session.ask(token(5, "other")), "insufficient_scope");
    assert.equal(session.ask({ ...token(5), azp: "client" }), "insufficient_scope");
    assert.equal(session.ask({ ...token(5), iss: "https://other.example" }), "insufficient_scope");
    assert.equal(session.ask(token(5), "add"), "insufficient_scope");
  });

  test("another policy in the same VM is counted separately", () => {
    const session = new Session();
    const { root } = session.host.addPlugin(configurationOf({ ...POLICY, metadata: { name: "other" } }));
    for (let iat = 1; iat <= 4; iat++) session.ask(token(iat));
    assert.equal(session.ask(token(5)), "challenge_loop");
    assert.equal(session.ask(token(5), "sum", {}, root), "insufficient_scope");
  });

  test("the count ends with its window", () => {
    const session = new Session();
    for (let iat = 1; iat <= 4; iat++) session.ask(token(iat));
    session.seconds += 301;
    assert.equal(session.ask(token(6)), "insufficient_scope");
  });

  test("the policy can set the limit and switch it off", () => {
    const strict = new Session({ ...POLICY, loop: { limit: 1, window: 60 } });
    assert.deepEqual([strict.ask(token(1)), strict.ask(token(2))], ["insufficient_scope", "challenge_loop"]);
    const off = new Session({ ...POLICY, loop: "off" });
    for (let iat = 1; iat < 20; iat++) assert.equal(off.ask(token(iat)), "insufficient_scope");
  });
});

// Whoever knew the seed could choose names, or a subject where a server lets clients choose theirs, that use up another
// caller's challenges. Nobody does: it is made of two clocks, and the two below differ in nothing else.
test("the table's hashes depend on a seed that is made when it is first needed", () => {
  const entries = (seconds: number): string[] => {
    const session = new Session();
    session.seconds = seconds;
    for (let i = 0; i < 20; i++) session.ask({ sub: `u${i}`, iat: 1 });
    const { shared } = session.host;
    assert.equal(shared.get("scopegate.loop.seed")?.value.length, 8);
    return [...shared.keys()].filter((key) => key !== "scopegate.loop.seed").sort();
  };
  assert.notDeepEqual(entries(1_800_000_000), entries(1_800_000_001));
});

test("no caller can use up another caller's challenges, even with the same place and hash of the call", () => {
  const session = new Session();
  for (let iat = 1; iat <= 3; iat++) session.ask({ sub: "mallory", iat });
  const { shared } = session.host;
  const [key, { value, cas }] = [...shared].find(([name]) => name !== "scopegate.loop.seed")!;
  const forged = Uint8Array.from(value);
  forged[8]! ^= 1; // the holder
  shared.set(key, { value: forged, cas });
  assert.equal(session.ask({ sub: "mallory", iat: 4 }), "insufficient_scope");
});
