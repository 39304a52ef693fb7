// Programs: valid plugin configurations whose program is damaged, with its length and checksum corrected so that
// the later checks are reached. Such a program is refused, or requests to it end in some decision.
import { makeLock } from "../compiler/lock/lock.ts";
import { renderLock } from "../compiler/lock/text.ts";
import { loadDocument } from "../evaluate/load.ts";
import { filterModule } from "../evaluate/filter-file.ts";
import { HEADER_SIZE, SECTION_COUNT } from "../../assembly/program.ts";
import { Host, JWT_NAMESPACE, type SimulatedRequest } from "../simulate/host.ts";
import type { Choice } from "../../tests/support/random.ts";
import { policyAbout } from "./caller-model.ts";
import { POLICY } from "./policy.ts";
import { count, type Suite } from "./suite.ts";

interface ProgramInput {
  /** base64, with the correct length and checksum */
  program: string;
}

/** A policy with every kind of record, and expressions that use every kind of instruction. */
const WIDE = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "wide" },
  resource: "https://mcp.example.com/mcp",
  authorizationServers: ["https://auth.example.com"],
  jwt: { metadataKeys: ["mcp", "other"], scopeClaims: ["scope", ["org", "roles"]] },
  backend: { from: "toolPrefix", separator: "__" },
  scopes: { admin: { implies: ["write", "repo:*"], issuedAs: ["a"] }, write: { implies: ["read"] }, read: {} },
  rules: [
    {
      name: "one",
      source: { jwt: { scopes: ["read"], claims: [{ name: "org.unit", values: ["eng", "ops"] }] } },
      target: { tools: [{ backend: "fs", tool: "read" }, "stat"] },
    },
    {
      name: "need",
      action: "Require",
      source: {
        jwt: {
          scopes: [{ anyOf: ["read", "repo:{args.a.b}:{mcp.tool}"] }],
          claims: [{ name: ["org", "unit"], patterns: ["e*", "*p*"] }],
        },
      },
      target: { tools: ["*e*"] },
    },
    {
      name: "made",
      source: {
        jwt: { scopes: ["repo:{args.t}", { anyOf: ["n:{args.n}", "x"] }], claims: [{ name: "list", present: true }] },
      },
      target: { tools: ["stat"] },
    },
    { name: "two", action: "Deny", when: 'has(args.n) && args.n > 5 && args.t.matches("^a+(b|c)*$")' },
    {
      name: "three",
      source: { jwt: { scopes: ["write"] } },
      target: { resources: ["file:///a/*", "file:///b"], prompts: ["p"], methods: ["acme/*", "ping"] },
    },
    {
      name: "four",
      when: 'args.l.exists(x, x.k == "v" || x in [1, 2, "a"]) || args.m.all(k, size(k) < 3 && args.m[k] != null)',
    },
    {
      name: "five",
      when: 'args.l.filter(x, x != 1).map(x, string(x) + "!").size() == 2 && {"a": args.n, "b": 2}.a == 1',
    },
    { name: "six", when: 'args.?a.?b.orValue(0) + 1 == 2 && args.?t.optMap(t, t + "x").orValue("y").startsWith("a")' },
    {
      name: "seven",
      when: 'timestamp(args.d) > timestamp("2026-01-01T00:00:00Z") && timestamp(args.d).getHours("+02:00") < 20 && duration("1h") > duration(args.u)',
    },
    {
      name: "eight",
      when: '"read" in jwt.scopes && request.headers["x-a"] == "1" && jwt.claims.level >= 3 && mcp.tool == "stat"',
    },
    {
      name: "nine",
      when: 'int(args.n) % 3 == 1 ? double(args.n) / 2.0 > 1.0 : uint(args.n) * 2u == 4u || type(args.n) == double || bytes(args.t) == b"a"',
    },
  ],
};

const TOOLS = ["stat", "read", "gone"].map((name) => ({ name, description: name, inputSchema: { type: "object" } }));
const LOCK = renderLock(makeLock({ tools: TOOLS, prompts: [], resources: [], resourceTemplates: [] }));

/** Likewise of what came later: modes, sources, no token, groups, data, arguments, several scopes for one, a lock. */
const LATER = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "later" },
  resource: "https://mcp.example.com/mcp",
  denial: "mixed",
  lock: "tools.lock.yaml",
  drift: "hide",
  record: { of: "all", token: true, args: ["t"] },
  data: { teams: { ann: ["aab", "b"] }, limits: [1, 2, 3] },
  groups: { readers: { tools: ["st*", "read"] } },
  scopes: { admin: { implies: ["t:*", "write"] }, write: { issuedAs: ["w", "other"] } },
  rules: [
    { name: "inside", action: "Require", source: { ip: ["10.0.0.0/8", "2001:db8::/32"] }, target: { tools: ["s*"] } },
    { name: "told", action: "Deny", mode: "shadow", when: "args.n > 0", target: { groups: ["readers"] } },
    { name: "some", action: "Deny", mode: { enforce: 50, by: "sub" }, target: { tools: ["read"] } },
    { name: "unused", mode: "off", target: { tools: ["*"] } },
    { name: "rogue", action: "Deny", source: { principals: ["*/rogue*", "db.example"] } },
    {
      name: "open",
      source: { anonymous: true },
      target: { tools: ["stat"] },
      when: "request.time > timestamp(0)",
    },
    {
      name: "agents",
      source: { principals: ["spiffe://corp.example/*"], ip: ["0.0.0.0/0"] },
      target: { methods: ["acme/*"] },
    },
    {
      name: "data",
      source: { jwt: { scopes: ["write", { anyOf: ["t:{jwt.claims.sub}", "u:{args.n}:{mcp.tool}"] }] } },
      when: 'args.t in data.teams["ann"] && args.n in data.limits && cidr("10.0.0.0/8").containsIP(source.address)',
    },
    {
      name: "arguments",
      target: {
        tools: [{ tool: "stat", args: { n: { maximum: 9 }, t: { pattern: "^a", maxLength: 5 }, l: { minItems: 1 } } }],
      },
    },
  ],
};

const ARGUMENTS = {
  n: 1,
  t: "aab",
  l: [1, "a", { k: "v" }, [2]],
  m: { a: 1, bb: null },
  a: { b: 0 },
  d: "2026-02-03T04:05:06Z",
  u: "59m",
};
const METHODS: [method: string, params: object][] = [
  ["tools/call", { name: "fs__read", arguments: ARGUMENTS }],
  ["tools/call", { name: "stat", arguments: { ...ARGUMENTS, n: 7 } }],
  ["tools/call", { name: "", arguments: [] }],
  ["resources/read", { uri: "file:///a/x" }],
  ["prompts/get", { name: "p" }],
  ["subscriptions/listen", { notifications: { resourceSubscriptions: ["file:///a/1", "file:///b"] } }],
  ["tools/list", {}],
  ["acme/x", {}],
  ["ping", {}],
];
const PAYLOAD = { sub: "ann", scope: "read other", org: { unit: "eng" }, level: 4, list: [1, null, { a: "b" }] };

/** A list of tools as in the lock, changed since, and new. */
const LISTED = new TextEncoder().encode(
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    result: { tools: [TOOLS[0], { ...TOOLS[1], description: "changed" }, { name: "new", inputSchema: {} }] },
  }),
);

const REQUESTS: SimulatedRequest[] = [
  ...METHODS.map(([method, params]) => requestOf(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }))),
  requestOf("[]"),
  { method: "GET", path: "/.well-known/oauth-protected-resource/mcp" },
  { method: "GET", path: "/mcp", metadata: { [JWT_NAMESPACE]: { mcp: PAYLOAD } } },
  { ...requestOf('{"jsonrpc":"2.0","id":1,"method":"ping"}'), metadata: {} },
];
/** More memory than any of these requests may use, whatever its program says. */
const MEMORY_BOUND = 64 << 20;

function requestOf(body: string): SimulatedRequest {
  return {
    headers: [
      ["content-type", "application/json"],
      ["x-a", "1"],
    ],
    metadata: { [JWT_NAMESPACE]: { mcp: PAYLOAD } },
    body: new TextEncoder().encode(body),
    address: "10.1.2.3:50000",
    certificate: { uri: "spiffe://corp.example/agents/7", dns: "db.corp.example", subject: "CN=agent" },
    response: { headers: [["content-type", "application/json"]], body: LISTED },
  };
}

export class ProgramSuite implements Suite<ProgramInput> {
  readonly counts: Record<string, number> = {};
  private readonly programs = [WIDE, LATER, POLICY, policyAbout("claims"), policyAbout("origin")].map(programOf);

  generate(choice: Choice): ProgramInput {
    let program: Buffer = Buffer.from(choice.one(this.programs));
    for (let left = 1 + choice.below(choice.one([1, 2, 4])); left > 0; left--)
      program = damage(program, choice, choice.one(this.programs));
    return { program: seal(program).toString("base64") };
  }

  check({ program }: ProgramInput): string | undefined {
    const host = new Host(filterModule());
    const { ok, logs } = host.configure(JSON.stringify({ scopegate: 1, policy: "x", holdHeaders: false, program }));
    count(this.counts, ok ? "taken" : "refused");
    if (!ok)
      return logs.length === 1 && logs[0]!.startsWith("scopegate: configuration refused: ")
        ? undefined
        : `refused with ${logs.join(" | ")}`;
    for (const [index, request] of REQUESTS.entries()) {
      const { trap, forwarded, reply } = host.request(request);
      if (trap !== undefined) return `a trap in request ${index}: ${trap}`;
      if (!forwarded && !reply) return `no decision in request ${index}`;
      if (host.guest.size > MEMORY_BOUND) return `request ${index} took the memory to ${host.guest.size} bytes`;
    }
    return undefined;
  }
}

function programOf(policy: object): Buffer {
  const loaded = loadDocument(policy, { read: () => LOCK });
  if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
  return Buffer.from((JSON.parse(loaded.configuration) as { program: string }).program, "base64");
}

/** Corrects length and checksum. */
function seal(program: Buffer): Buffer {
  if (program.length < HEADER_SIZE) return program;
  program.writeUInt32LE(program.length, 8);
  let hash = 0x811c9dc5;
  for (const byte of program.subarray(HEADER_SIZE)) hash = Math.imul(hash ^ byte, 0x01000193);
  program.writeUInt32LE(hash >>> 0, 12);
  return program;
}

const TABLES = HEADER_SIZE + 8 * SECTION_COUNT;

/** One change; offsets and counts of sections, and words of records, are changed as such. */
function damage(program: Buffer, choice: Choice, other: Buffer): Buffer {
  if (program.length <= TABLES) return program;
  const words = program.length >> 2;
  const word = (): number => 4 * choice.below(words);
  const small = [0, 1, 2, 3, 5, 8, 15, 16, 19, 20, 31, 32, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
  const value = (): number =>
    choice.one([() => choice.one(small), () => choice.below(program.length), () => program.readUInt32LE(word())])();
  const kind = choice.below(10);
  if (kind === 0) return program.subarray(0, choice.below(program.length));
  if (kind === 1) {
    const cut = choice.below(program.length);
    return Buffer.concat([program.subarray(0, cut), other.subarray(choice.below(other.length))]);
  }
  if (kind === 2) program.writeUInt32LE(value(), HEADER_SIZE + 4 * choice.below(2 * SECTION_COUNT));
  else if (kind === 3) copySection(program, choice);
  else if (kind <= 5) program.writeUInt32LE(value(), word());
  else if (kind === 6) {
    const at = word();
    program.writeUInt32LE((program.readUInt32LE(at) + choice.one([1, -1, 4, -4, 8, 16, 65536])) >>> 0, at);
  } else
    program[HEADER_SIZE + choice.below(program.length - HEADER_SIZE)] = choice.chance(0.5)
      ? choice.below(256)
      : choice.one([0, 1, 2, 0x7f, 0x80, 0xff]);
  return program;
}

/** Moves one section to where another one is, with its own number of records or the other's. */
function copySection(program: Buffer, choice: Choice): void {
  const [to, from] = [0, 0].map(() => HEADER_SIZE + 8 * choice.below(SECTION_COUNT)) as [number, number];
  program.copy(program, to, from, from + choice.one([4, 8]));
}
