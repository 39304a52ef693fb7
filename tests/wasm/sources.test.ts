// Where a call comes from and when, decided by the filter itself: what is asked of the host, how often, and what becomes of a
// call when the host does not know.
import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { describe, test } from "node:test";
import { Rc } from "../../scripts/simulate/guest.ts";
import type { Answer, Certificate, SimulatedRequest } from "../../scripts/simulate/host.ts";
import { isInRange } from "../../scripts/fuzz/addresses.ts";
import { JWT_NAMESPACE } from "../../scripts/simulate/host.ts";
import { Choice, seeded } from "../support/random.ts";
import { hostWith } from "../support/host.ts";

const target = (tool: string): object => ({ target: { tools: [tool] } });
const document = (...rules: object[]): object => ({
  apiVersion: "scopegate/v1",
  kind: "Policy",
  loop: "off",
  record: { form: "text" },
  rules,
});
const message = (name: string, args: object = {}): object => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name, arguments: args },
});

function requestOf(tool: string, more: Partial<SimulatedRequest> = {}, args?: object): SimulatedRequest {
  return {
    headers: [["content-type", "application/json"]],
    body: new TextEncoder().encode(JSON.stringify(message(tool, args))),
    metadata: { [JWT_NAMESPACE]: { mcp: { sub: "s" } } },
    ...more,
  };
}

const reasonOf = (answer: Answer): string => (answer.trap ?? answer.state.get("scopegate"))!.split(";")[0]!;

describe("what is asked of the host", () => {
  const policy = document(
    { source: { ip: ["10.0.0.0/8"] }, ...target("a") },
    { source: { ip: ["192.0.2.0/24"] }, when: 'source.address != "x" && request.time > timestamp(0)', ...target("a") },
    { source: { principals: ["x"] }, ...target("b") },
    {
      source: { principals: ["y*"] },
      when: 'source.principal == "yes" || request.time > timestamp(0)',
      ...target("b"),
    },
    { ...target("c") },
  );

  /** The properties that a call asks for, the token's first, and how often for the clock. */
  function asked(tool: string, more: Partial<SimulatedRequest> = {}): string[] {
    const names: string[] = [];
    const host = hostWith({ failure: (name) => void (/get_property|time/.test(name) && names.push(name)) }, policy);
    names.length = 0;
    host.request(requestOf(tool, more));
    return names.map((name) => name.replace("proxy_get_", ""));
  }

  test("each property at most once, and only where a rule asks", () => {
    const token = "property";
    assert.deepEqual(asked("c"), [token]);
    assert.deepEqual(asked("a", { address: "192.0.2.7:1" }), [token, "property", "current_time_nanoseconds"]);
    assert.deepEqual(asked("a", { address: "198.51.100.7:1" }).slice(0, 2), [token, "property"]);
    const both = asked("b", { certificate: { uri: "yes", dns: "n", subject: "" } });
    assert.deepEqual(both, [token, "property", "property"]);
  });

  test("a batch asks once for all its messages", () => {
    const batch = [message("a"), message("a"), message("a")];
    const body = new TextEncoder().encode(JSON.stringify(batch));
    const headers: SimulatedRequest["headers"] = [
      ["content-type", "application/json"],
      ["mcp-protocol-version", "2025-03-26"],
    ];
    const found = asked("a", { body, headers, address: "10.0.0.1:5" });
    assert.equal(found.filter((name) => name === "property").length, 2, "the token and the address");
  });
});

describe("addresses", () => {
  const inRange = (ranges: string[], address: string | null): boolean => {
    const host = hostWith({}, document({ source: { ip: ranges }, ...target("a") }));
    return reasonOf(host.request(requestOf("a", { address }))) === "allowed";
  };

  test("random ranges and addresses, as Node compares them", () => {
    const choice = new Choice(seeded(3));
    const byte = (): number => choice.one([0, 1, 127, 128, 255, choice.below(256)]);
    const v4 = (): string => [byte(), byte(), byte(), byte()].join(".");
    const groups = (): string[] =>
      Array.from({ length: 8 }, () => (choice.chance(0.5) ? "0" : (byte() * 257).toString(16)));
    const v6 = (): string => (choice.chance(0.2) ? `::ffff:${v4()}` : groups().join(":"));
    let seen = 0;
    for (let round = 0; round < 300; round++) {
      const near = choice.chance(0.5) ? v4() : groups().join(":");
      const most = isIP(near) === 4 ? 32 : 128;
      const bits = choice.below(most + 1);
      const list = new BlockList();
      list.addSubnet(near, bits, isIP(near) === 4 ? "ipv4" : "ipv6");
      const network = networkOf(near, bits);
      const address = choice.chance(0.4) ? near : choice.chance(0.5) ? v4() : v6();
      const wanted = isInRange(address, `${network}/${bits}`);
      seen += Number(wanted);
      const shown = address.includes(":") ? `[${address}]:80` : `${address}:80`;
      assert.equal(inRange([`${network}/${bits}`], shown), wanted, `${address} in ${network}/${bits}`);
    }
    assert.ok(seen > 50);
  });

  /** The address with zeros after its first bits. */
  function networkOf(address: string, bits: number): string {
    const isV4 = isIP(address) === 4;
    const parts = isV4 ? address.split(".").map(Number) : address.split(":").map((group) => parseInt(group, 16));
    const width = isV4 ? 8 : 16;
    const kept = parts.map((part, i) => {
      const left = Math.min(width, Math.max(0, bits - i * width));
      return part & (((1 << width) - 1) << (width - left)) & ((1 << width) - 1);
    });
    return isV4 ? kept.join(".") : kept.map((part) => part.toString(16)).join(":");
  }

  test("forms of one address", () => {
    for (const text of ["[2001:db8::1]:1", "[2001:DB8:0:0:0:0:0:1]:1", "[2001:db8:0::0.0.0.1]:1"])
      assert.ok(inRange(["2001:db8::/64"], text), text);
    for (const text of ["[::ffff:10.1.2.3]:1", "[0:0:0:0:0:ffff:a01:203]:1", "10.1.2.3:65535"])
      assert.ok(inRange(["10.0.0.0/8"], text), text);
    assert.ok(!inRange(["::/0"], "10.1.2.3:1"));
    assert.ok(!inRange(["0.0.0.0/0"], "[2001:db8::1]:1"));
  });

  const WRONG = [
    ...[
      "10.1.2:1",
      "10.1.2.3.4:1",
      "10.1.2.256:1",
      "10.1.2.03:1",
      "10.1.2.:1",
      "10..2.3:1",
      "0x0a.1.2.3:1",
      "10.1.2.3",
      "",
    ],
    ...["[::]", "[:::]:1", "[1::2::3]:1", "[1:2:3:4:5:6:7]:1", "[1:2:3:4:5:6:7:8:9]:1", "[12345::]:1", "[g::]:1"],
    ...[
      "[1:2:3:4:5:6:7:8::]:1",
      "[:1:2:3:4:5:6:7]:1",
      "[1:]:1",
      "[::1.2.3]:1",
      "[1:2:3:4:5:6:7:1.2.3.4]:1",
      "[fe80::1%eth0]:1",
    ],
    ...["/run/socket", "unknown:1", `${"1".repeat(2000)}:1`, null],
  ];

  test("what is no address is unknown: no Allow rule matches, every Deny rule does", () => {
    const allowing = hostWith({}, document({ source: { ip: ["0.0.0.0/0", "::/0"] }, ...target("a") }));
    const denying = hostWith(
      {},
      document({ action: "Deny", source: { ip: ["10.0.0.0/8"] }, ...target("a") }, target("a")),
    );
    for (const address of WRONG) {
      assert.equal(reasonOf(allowing.request(requestOf("a", { address }))), "no_rule", String(address));
      assert.equal(reasonOf(denying.request(requestOf("a", { address }))), "rule_denied", String(address));
    }
    assert.equal(reasonOf(denying.request(requestOf("a", { address: "192.0.2.1:1" }))), "allowed");
  });

  test("a text of the call in a range", () => {
    const rule = { when: 'cidr("10.0.0.0/8").containsIP(args.ip)', ...target("a") };
    const host = hostWith(
      {},
      document(rule, { action: "Deny", when: 'cidr("10.0.0.0/8").containsIP(args.ip)', ...target("b") }, target("b")),
    );
    const ask = (tool: string, ip: unknown): string => reasonOf(host.request(requestOf(tool, {}, { ip })));
    assert.deepEqual(
      ["10.1.1.1", "::ffff:10.1.1.1", "11.1.1.1", "10.1.1.1/8", "10.1.1.1 ", "", 5, "1\u0030.1.1.1"].map((ip) =>
        ask("a", ip),
      ),
      ["allowed", "allowed", "no_rule", "no_rule", "no_rule", "no_rule", "no_rule", "allowed"],
    );
    assert.deepEqual(
      [ask("b", "11.1.1.1"), ask("b", "10.1.1.1"), ask("b", "ten")],
      ["allowed", "rule_denied", "rule_denied"],
    );
  });
});

describe("certificates", () => {
  const decide = (rules: object[], certificate?: Certificate): string =>
    reasonOf(hostWith({}, document(...rules)).request(requestOf("a", { certificate })));
  const allow = { source: { principals: ["spiffe://x/*", "*.corp"] }, ...target("a") };
  const deny = { action: "Deny", source: { principals: ["spiffe://x/*"] }, ...target("a") };

  test("URI or DNS name; none is missing, which no rule matches", () => {
    assert.equal(decide([allow], { uri: "spiffe://x/a", subject: "" }), "allowed");
    assert.equal(decide([allow], { uri: "spiffe://y/a", dns: "a.corp", subject: "" }), "allowed");
    assert.equal(decide([allow], { uri: "", dns: "", subject: "spiffe://x/a" }), "no_rule");
    assert.equal(decide([allow]), "no_rule");
    assert.equal(decide([deny, target("a")]), "allowed");
    assert.equal(decide([deny, target("a")], { uri: "spiffe://x/a", subject: "" }), "rule_denied");
  });

  test("a name that is too long is unknown: a Deny rule holds", () => {
    const certificate = { uri: `spiffe://x/${"a".repeat(2000)}`, subject: "" };
    assert.equal(decide([allow], certificate), "no_rule");
    assert.equal(decide([deny, target("a")], certificate), "rule_denied");
    assert.equal(decide([{ when: 'source.principal != "y"', ...target("a") }], certificate), "no_rule");
  });

  test("source.principal is the URI name, else the DNS name, else the subject, else missing", () => {
    const is = (name: string): object[] => [{ when: `source.principal == "${name}"`, ...target("a") }];
    assert.equal(decide(is("u"), { uri: "u", dns: "d", subject: "s" }), "allowed");
    assert.equal(decide(is("d"), { dns: "d", subject: "s" }), "allowed");
    assert.equal(decide(is("s"), { subject: "s" }), "allowed");
    assert.equal(decide(is(""), { subject: "" }), "no_rule");
    assert.equal(decide([{ when: "!has(source.principal)", ...target("a") }], { subject: "" }), "allowed");
  });
});

test("a host call that fails helps nobody", () => {
  const rules = [
    { name: "address", source: { ip: ["0.0.0.0/0"] }, ...target("a") },
    { name: "certificate", source: { principals: ["*"] }, ...target("b") },
    { name: "clock", when: 'request.time < timestamp("2200-01-01T00:00:00Z")', ...target("c") },
    { action: "Deny", source: { principals: ["evil"] }, ...target("d") },
    { name: "open", ...target("d") },
  ];
  const certificate = { uri: "u", dns: "d", subject: "s" };
  for (const code of [Rc.InternalFailure, Rc.BadArgument]) {
    for (const tool of ["a", "b", "c", "d"]) {
      let reads = 0;
      let isOn = false;
      const failure = (name: string): Rc | undefined => {
        if (!isOn) return undefined;
        if (name === "proxy_get_current_time_nanoseconds") return code;
        return name === "proxy_get_property" && reads++ > 0 ? code : undefined;
      };
      const host = hostWith({ failure }, document(...rules));
      isOn = true;
      const answer = host.request(requestOf(tool, { certificate }));
      assert.ok(!answer.forwarded && answer.trap === undefined, `${tool} ${code}`);
      isOn = false;
      assert.ok(host.request(requestOf(tool, { certificate })).forwarded, "the next request is not affected");
    }
  }
});
