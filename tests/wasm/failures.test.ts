// The built filter when things go wrong: failing host calls, bad configurations, memory.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ClaimField, HEADER_SIZE, Section } from "../../assembly/program.ts";
import { checksum } from "../../scripts/compiler/program/writer.ts";
import { filterModule } from "../../scripts/evaluate/filter-file.ts";
import { Host, Rc, type Answer, type SimulatedRequest } from "../../scripts/simulate/host.ts";
import {
  assertAllowed,
  assertRefused,
  bytes,
  call,
  configuration,
  hostWith,
  OPEN,
  PRIVATE,
  PUBLIC,
} from "../support/host.ts";

describe("a host call that fails", () => {
  /** Calls that a decision does not depend on: they only report it. */
  const TELLING =
    /^proxy_(log|set_property|define_metric|increment_metric|record_metric|get_current_time|get_shared_data|set_shared_data)/;
  const CODES = [Rc.NotFound, Rc.BadArgument, Rc.SerializationFailure, Rc.InvalidMemoryAccess, Rc.InternalFailure];

  const READS = call(
    "ping",
    {},
    {
      headers: [
        ["content-type", "application/json"],
        ["x-team", "a"],
      ],
    },
  );

  /** Host calls that a request makes, in order. */
  function callsOf(request: SimulatedRequest): string[] {
    const names: string[] = [];
    let configured = false;
    const host = hostWith({ failure: (name) => void (configured && names.push(name)) });
    configured = true;
    host.request(request);
    return names;
  }

  /** The decision if each of these calls of the request (from 0) fails, and on the same request after that. */
  function requestWithFailures(
    request: SimulatedRequest,
    fails: (name: string, index: number) => boolean,
    code: Rc,
  ): Answer[] {
    let index: number | undefined;
    const failure = (name: string): Rc | undefined => (index !== undefined && fails(name, index++) ? code : undefined);
    const host = hostWith({ failure });
    index = 0;
    const answer = host.request(request);
    index = undefined;
    return [answer, host.request(request)];
  }

  test("permanently: nothing that must be read may be missing", () => {
    const names = new Set(callsOf(READS));
    assert.ok(names.size >= 4, [...names].join());
    for (const name of names) {
      for (const code of CODES) {
        const [answer, next] = requestWithFailures(READS, (failing) => failing === name, code);
        const what = `${name} answers ${Rc[code]}`;
        assert.equal(answer!.trap, undefined, what);
        if (TELLING.test(name)) assertAllowed(answer!, READS, what);
        else assert.ok(!answer!.forwarded, what);
        assertAllowed(next!, READS, `the next request after: ${what}`);
      }
    }
  });

  test("once: it never turns a denial into a pass", () => {
    const denied = [
      PRIVATE,
      call("ping", {}),
      call("fs__read", { path: "/public/a" }, {}, { scope: "x", sub: null }),
      call("fs__read", {}, {}, null),
    ];
    for (const request of denied) {
      for (const [index, name] of callsOf(request).entries()) {
        for (const code of CODES) {
          const [answer, next] = requestWithFailures(request, (_, at) => at === index, code);
          const what = `${name} (call ${index + 1}) answers ${Rc[code]}`;
          assert.equal(answer!.trap, undefined, what);
          assert.ok(!answer!.forwarded && !next!.forwarded, what);
        }
      }
    }
  });

  test("a backend that the host fails to report does not count as none", () => {
    const tools = [{ backend: "x", tool: "t" }];
    const policy = { ...OPEN, backend: { from: "route" }, rules: [{ name: "no", action: "Deny", target: { tools } }] };
    const request = call("t", {});
    for (const code of CODES) {
      let reads = 0; // the token first
      const failure = (name: string) => (name === "proxy_get_property" && reads++ === 1 ? code : undefined);
      const { forwarded } = hostWith({ failure }, policy).request(request);
      assert.equal(forwarded, code === Rc.NotFound, Rc[code]);
    }
  });

  test("if a refusal cannot be sent, the request is still held back", () => {
    const host = hostWith({
      failure: (name) => (name === "proxy_send_local_response" ? Rc.InternalFailure : undefined),
    });
    const answer = host.request(PRIVATE);
    assert.equal(answer.forwarded, false);
    assert.equal(answer.upstream.body.length, 0);
  });
});

describe("configurations", () => {
  test("a bad one is refused with a reason, and the previous one stays in force", () => {
    const good = configuration(false);
    const host = hostWith();
    const program = Buffer.from((JSON.parse(good) as { program: string }).program, "base64");
    const damaged = (change: (copy: Buffer) => Buffer): string => {
      const copy = change(Buffer.from(program));
      return JSON.stringify({ scopegate: 1, policy: "x", holdHeaders: false, program: copy.toString("base64") });
    };
    const flip =
      (at: number) =>
      (copy: Buffer): Buffer => (copy.writeUInt8(copy.readUInt8(at) ^ 1, at), copy);
    const bad: [string, string | Uint8Array][] = [
      ["empty", ""],
      ["no JSON", "policy"],
      ["protobuf bytes of a Struct", Uint8Array.of(0x0a, 0x05, 0x0a, 0x01, 0x61, 0x12, 0x00)],
      ["a list", "[]"],
      ["no program", '{"scopegate":1,"policy":"x","holdHeaders":false}'],
      ["another version", good.replace('"scopegate":1', '"scopegate":2')],
      ["no base64", '{"scopegate":1,"policy":"x","holdHeaders":false,"program":"*"}'],
      ["cut short", damaged((copy) => copy.subarray(0, copy.length - 8))],
      ["a byte too many", damaged((copy) => Buffer.concat([copy, Buffer.alloc(1)]))],
      ["another magic", damaged(flip(0))],
      ["another program version", damaged(flip(4))],
      ["a flipped bit", damaged(flip(program.length >> 1))],
      ["a cut text", good.slice(0, -2)],
    ];
    for (const [what, text] of bad) {
      const { ok, logs } = host.configure(text);
      assert.equal(ok, false, what);
      assert.equal(logs.length, 1, `${what}: ${logs.join(" | ")}`);
      assertAllowed(host.request(PUBLIC), PUBLIC, `after: ${what}`);
      assertRefused(host.request(PRIVATE), 403, `after: ${what}`);
    }
  });

  test("one whose claim is an argument is refused, or reads it like any other", () => {
    const policy = {
      ...OPEN,
      rules: [
        {
          source: { jwt: { claims: [{ name: "a", valueType: "StringArray", values: ["b"] }] } },
          target: { tools: [{ tool: "t", when: "has(args.l)" }] },
        },
      ],
    };
    const good = JSON.parse(configuration(false, policy)) as { program: string };
    const sound = Buffer.from(good.program, "base64");
    const claims = sound.readUInt32LE(HEADER_SIZE + 8 * Section.Claims);
    const request = call("t", {}, {}, {});
    const text = Buffer.from(request.body!).toString();
    for (let slot = 0; slot < sound.readUInt32LE(HEADER_SIZE + 8 * Section.Nodes + 4); slot++) {
      const program = Buffer.from(sound);
      program.writeUInt32LE(slot, claims + ClaimField.Literal);
      program.writeUInt32LE(checksum(program), 12);
      for (const list of ['[ "a,",1 ]', '[ 1 , "]" , {} ]', "[ ]"]) {
        const host = new Host(filterModule());
        if (!host.configure(JSON.stringify({ ...good, program: program.toString("base64") })).ok) continue;
        const body = bytes(" ".repeat(200_000) + text.replace('"arguments":{', `"arguments":{"l":${list}`));
        assert.equal(host.request({ ...request, body }).trap, undefined, `slot ${slot}, ${list}`);
      }
    }
  });

  test("a new one replaces the previous one", () => {
    const host = hostWith();
    assert.ok(host.configure(configuration(false, OPEN)).ok);
    assertAllowed(host.request(PRIVATE), PRIVATE, "default allow");
  });

  test("several in one VM are independent", () => {
    const host = hostWith();
    const open = host.addPlugin(configuration(false, OPEN)).root;
    assert.ok(open > 0);
    for (let i = 0; i < 3; i++) {
      assertAllowed(host.request(PRIVATE, open), PRIVATE, "the open one");
      assertRefused(host.request(PRIVATE), 403, "the strict one");
    }
  });

  test("a request that began under one is not decided by another", () => {
    const strict = configuration(false);
    let reload: string[] = [];
    const beforeBody = () => {
      for (const text of reload) assert.ok(host.reconfigure(text));
    };
    const host = hostWith({ beforeBody });
    assertRefused(host.request(PRIVATE), 403, "no other");
    reload = [configuration(false, OPEN)];
    assertRefused(host.request(PRIVATE), 500, "another");
    assertRefused(host.request(PRIVATE), 500, "the same text");
    reload = [];
    assertAllowed(host.request(PRIVATE), PRIVATE, "the new one");
    // The third one reuses the memory of the first.
    reload = [strict, configuration(false, OPEN), configuration(false, OPEN), strict, configuration(false, OPEN)];
    assertRefused(host.request(PRIVATE), 500, "some");
  });

  test("without one, a request is held back", () => {
    const host = new Host(filterModule());
    assert.equal(host.configure("{}").ok, false);
    assert.equal(host.request(PUBLIC, 1).forwarded, false);
  });
});

describe("memory", () => {
  test("does not grow with the number of requests", () => {
    const host = hostWith();
    const requests = [PUBLIC, PRIVATE, call("stat", {}, {}, { org: { unit: "eng" } }), call("fs__read", {}, {}, null)];
    for (let i = 0; i < 200; i++) host.request(requests[i % requests.length]!);
    const before = host.guest.size;
    for (let i = 0; i < 5000; i++) host.request(requests[i % requests.length]!);
    assert.equal(host.guest.size, before);
  });

  test("does not grow with the number of configurations", () => {
    const host = hostWith();
    const text = configuration(false);
    for (let i = 0; i < 20; i++) host.configure(text);
    const before = host.guest.size;
    for (let i = 0; i < 500; i++) assert.ok(host.configure(text).ok);
    assert.equal(host.guest.size, before);
  });
});
