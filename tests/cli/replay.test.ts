// `scopegate replay` and `report`: what they say of a log is what `eval` says of the same calls, and what cannot be known is
// told as unknown.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { compileDocument, programDigest } from "../../scripts/compiler/index.ts";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument, type Loaded } from "../../scripts/evaluate/load.ts";
import { readRequest, type EvalRequest } from "../../scripts/evaluate/request.ts";
import { numbered } from "../../scripts/replay/atoms.ts";
import { Tally, type Summary } from "../../scripts/replay/flips.ts";
import { Replay, type Source } from "../../scripts/replay/replay.ts";
import type { Usage } from "../../scripts/replay/usage.ts";
import type { LogRecord } from "../../scripts/replay/records.ts";
import { parse } from "yaml";
import { BUILT } from "../reference/built.ts";
import { evalRequest } from "../reference/filter.ts";
import { Generator } from "../reference/generator.ts";
import { Choice, seeded } from "../support/random.ts";
import { CLI } from "../support/pages.ts";

const folder = mkdtempSync(join(tmpdir(), "scopegate-replay-"));
after(() => rmSync(folder, { recursive: true }));

interface Rule {
  source?: { jwt?: { scopes?: string[] } };
}
type Document = { rules: Rule[]; metadata: { name: string } };

function loaded(document: object): Loaded {
  const made = loadDocument(document);
  assert.ok(!Array.isArray(made), JSON.stringify(made));
  return made;
}

function source(document: object): Source {
  const { policy, program } = compileDocument(document);
  return { numbered: numbered(policy!, program!), digest: programDigest(program!) };
}

/** Replays calls one by one, and compares each verdict with what the next policy decides about the same call. */
function check(own: object, next: object, requests: EvalRequest[]): Summary {
  const [before, later] = [new Engine(), new Engine()];
  const [first, second] = [loaded(own), loaded(next)];
  const total = new Tally();
  const run = new Replay(source(next), source(own), total);
  for (const request of requests) {
    const { record, ...decided } = before.evaluate(first, request);
    const wanted = later.evaluate(second, request);
    const tally = new Tally();
    const single = new Replay(source(next), source(own), tally);
    assert.ok(typeof record === "object");
    run.add(record);
    single.add(record);
    const { flips, unknown } = tally.summary();
    if (unknown.count > 0) continue;
    const [flip] = flips;
    const [was, is] = [decided.decision === "allow", wanted.decision === "allow"];
    const context = JSON.stringify({ own, next, request, record, wanted: { ...wanted, body: undefined } });
    assert.equal(flip?.kind === "allow-to-deny", was && !is, context);
    assert.equal(flip?.kind === "deny-to-allow", !was && is, context);
    const asks = (result: { reason: string; requiredScopes: string[] | null }): string =>
      result.reason === "insufficient_scope" ? `asks ${result.requiredScopes?.join(" ")}` : result.reason;
    if (!was && !is && !JSON.stringify(own).includes("granted"))
      assert.equal(flip === undefined, asks(decided) === asks(wanted), context);
    if (flip) assert.deepEqual([flip.reason, flip.rule], [wanted.reason, wanted.rule], context);
  }
  return total.summary();
}

const CASES = ["files", "hierarchy", "kinds", "deny"];
const documentOf = (name: string): Document =>
  parse(readFileSync(`tests/cases/${name}/policy.yaml`, "utf8")) as Document;
const requestsOf = (name: string): EvalRequest[] =>
  readFileSync(`tests/cases/${name}/requests.jsonl`, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => readRequest(JSON.parse(line)));

describe("golden traffic", () => {
  for (const name of CASES) {
    test(`${name}: the same policy has no flips and nothing unknown, also under another name and in another order`, () => {
      const own = documentOf(name);
      for (const next of [own, { ...own, metadata: { name: "renamed" } }]) {
        const summary = check(own, next, requestsOf(name));
        assert.deepEqual([summary.flips, summary.unknown.by], [[], []]);
        assert.equal(summary.same, summary.records - summary.unknown.count);
      }
    });

    test(`${name}: rules that ask for other named scopes: nothing unknown, every flip as eval has it`, () => {
      const own = documentOf(name);
      const named = own.rules.flatMap((rule) => rule.source?.jwt?.scopes ?? []);
      for (const turn of [1, 2]) {
        const rules = own.rules.map((rule): Rule => {
          const scopes = rule.source?.jwt?.scopes?.map((scope) => named[(named.indexOf(scope) + turn) % named.length]!);
          return scopes ? { ...rule, source: { jwt: { ...rule.source!.jwt, scopes: [...new Set(scopes)] } } } : rule;
        });
        assert.deepEqual(check(own, { ...own, rules }, requestsOf(name)).unknown.by, []);
      }
    });

    test(`${name}: without its first rule, and with its rules the other way round`, () => {
      const own = documentOf(name);
      for (const rules of [own.rules.slice(1), [...own.rules].reverse()]) {
        const told = check(own, { ...own, rules }, requestsOf(name)).unknown.by;
        assert.ok(
          told.every(({ reason }) => reason.endsWith("hangs on the rules and the arguments")),
          JSON.stringify(told),
        );
      }
    });
  }
});

describe("predicates that are new", () => {
  const policy = (when: string, record: object = { args: ["amount", "to", "options.region"] }): object => ({
    apiVersion: "scopegate/v1",
    kind: "Policy",
    metadata: { name: "pay" },
    record,
    rules: [{ name: "pay", target: { tools: [{ tool: "pay", when }] } }],
  });
  const calls = (...args: object[]): EvalRequest[] =>
    args.map((one) => ({
      payload: { sub: "ann" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "pay", arguments: one } }),
    }));
  const own = policy("args.amount < 100");
  const simple = calls(
    { amount: 5, to: "x" },
    { amount: 500, to: "x" },
    { amount: 5 },
    { to: "x" },
    { amount: "5", to: '\u0001 "é\\' },
    { amount: null, to: true },
    { amount: 5, to: "y", options: { region: "eu" } },
  );

  test("are run on the arguments that were recorded", () => {
    for (const when of [
      'args.amount < 50 && args.to == "x"',
      "has(args.to) && args.amount < 1000",
      'args.to == "\\u0001 \\"é\\\\"',
      'mcp.tool == "pay" && args.amount <= 5',
    ])
      assert.deepEqual(check(own, policy(when), simple).unknown, { count: 0, by: [] }, when);
    const nested = check(own, policy('args.options.region == "eu"'), simple);
    assert.equal(nested.unknown.count, simple.length - 1); // where it is missing, what holds it may be, too
  });

  test("are unknown where the record does not have all that they read", () => {
    const [first] = simple;
    for (const [when, from] of [
      ["args.other == 1", own],
      ['args.amount < 50 && jwt.claims.sub == "ann"', own],
      ['args.amount < 50 && request.headers["x-a"] == "1"', own],
      ["size(args) == 2", own],
      ["args.amount < 50", policy("args.amount < 100", { args: ["to"] })],
    ] as const)
      assert.equal(check(from, policy(when), [first!]).unknown.count, 1, when);
    const odd = calls({ amount: 5, to: ["x"] }, { amount: 5, to: "[" }, { amount: 5, to: "x".repeat(1000) });
    assert.equal(check(own, policy('args.to != "x"'), odd).unknown.count, odd.length);
  });
});

test("random policies of every construct: what is known is what eval says", (t) => {
  const choice = new Choice(seeded(Number(process.env["SEED"] ?? 20261129)));
  let [records, unknown, flips] = [0, 0, 0];
  for (let round = 0; round < 150; round++) {
    const generator = new Generator(choice, choice.some(BUILT, 0.6), choice.one(["flat", "hierarchy", "read"]));
    const own = generator.policy() as Document;
    const others = [...own.rules].filter(() => choice.chance(0.7)).sort(() => choice.one([-1, 1]));
    const next = choice.chance(0.5) ? { ...own, rules: others } : (generator.policy() as Document);
    const requests = Array.from({ length: 20 }, () => {
      const request = evalRequest(own, generator.call(), generator.caller());
      return { ...request, time: request.time ?? "2026-11-29T12:00:00Z" };
    });
    const summary = check(own, next, requests);
    records += summary.records;
    unknown += summary.unknown.count;
    flips += summary.flips.reduce((sum, { count }) => sum + count, 0);
  }
  t.diagnostic(`${records} records, ${flips} flips, ${unknown} unknown`);
  assert.ok(flips > records / 20 && unknown < records);
});

describe("the commands", () => {
  const own = documentOf("files");
  const next = { ...own, rules: own.rules.slice(1) };
  const write = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const engine = new Engine();
  const records = requestsOf("files").map((request) => engine.evaluate(loaded(own), request).record as LogRecord);
  const log = records.map((scopegate, i) => JSON.stringify({ code: i, scopegate })).join("\n");
  const files = [write("own.json", JSON.stringify(own)), write("next.json", JSON.stringify(next))] as const;
  const run = (args: string[], input = "") =>
    spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8", input, maxBuffer: 1 << 26 });
  const replay = (args: string[], input?: string) =>
    run(["replay", "--policy", files[1], "--against", files[0], ...args], input);

  test("reads files, gzip and standard input alike, and records wherever they are", () => {
    const plain = replay(["--format", "json", write("log.jsonl", `${log}\n`)]);
    assert.equal(plain.status, 0, plain.stderr);
    const summary = JSON.parse(plain.stdout) as Summary;
    assert.equal(summary.records, records.length);
    assert.ok(summary.flips.length > 0);
    const bare = records.map((record) => JSON.stringify(record)).join("\n");
    const deep = records.map((record) => JSON.stringify({ a: { b: record } })).join("\n");
    for (const [args, input] of [
      [[write("log.gz", gzipSync(log))]],
      [["-"], log],
      [["-"], bare],
      [["--at", "a.b", "-"], deep],
    ] as [string[], string?][])
      assert.deepEqual(JSON.parse(replay(["--format", "json", ...args], input).stdout), summary);
    assert.match(replay(["-"], log).stdout, /^22 records: \d+ decided the same, \d+ unknown\n\nflip +count +rule/);
  });

  test("exit codes for CI", () => {
    const kinds = (JSON.parse(replay(["--format", "json", "-"], log).stdout) as Summary).flips.map(({ kind }) => kind);
    assert.ok(kinds.includes("allow-to-deny") && !kinds.includes("deny-to-allow"));
    assert.equal(replay(["--fail-on", "allow-to-deny", "-"], log).status, 1);
    assert.equal(replay(["--fail-on", "deny-to-allow", "-"], log).status, 0);
    assert.equal(replay(["--fail-on", "nothing", "-"], log).status, 2);
    assert.equal(run(["replay", "-"], log).status, 2);
    assert.equal(replay([join(folder, "missing.jsonl")]).status, 2);
  });

  test("what cannot be known is told with the reason", () => {
    const lines = [
      log,
      "{",
      '{"x":1}',
      JSON.stringify({ scopegate: { decision: "allow", reason: "allowed", digest: "0" } }),
    ];
    const { unknown } = JSON.parse(replay(["--format", "json", "-"], lines.join("\n")).stdout) as Summary;
    assert.deepEqual(unknown.by.map(({ reason }) => reason).sort(), [
      "ambiguous_key hangs on the rules and the arguments",
      "no policy has the digest 0; --against takes one",
      "the line has no record",
      "the line is not JSON",
    ]);
    const fresh = { ...own, rules: [{ name: "fresh", action: "Deny", when: 'args.other == "x"' }, ...own.rules] };
    const told = run(
      ["replay", "--policy", write("fresh.json", JSON.stringify(fresh)), "--against", files[0], "-"],
      log,
    );
    assert.match(told.stdout, /unknown, because\n {2}\d+ {2}a predicate was not run: args\.other == "x"/);
  });

  test("requests of eval in place of records", () => {
    const clear = (_: unknown, i: number) => records[i]!.reason !== "ambiguous_key";
    const lines = readFileSync("tests/cases/files/requests.jsonl", "utf8").trimEnd().split("\n");
    const byRequests = JSON.parse(replay(["--format", "json", "-"], lines.filter(clear).join("\n")).stdout) as Summary;
    const clean = records
      .filter(clear)
      .map((record) => JSON.stringify(record))
      .join("\n");
    const byRecords = JSON.parse(replay(["--format", "json", "-"], clean).stdout) as Summary;
    const bare = ({ flips, records: all }: Summary) => [all, flips.map(({ ids: __, ...flip }) => flip)];
    assert.deepEqual(bare(byRequests), bare(byRecords));
  });

  test("report: rules, denials, scopes that helped, and what nothing used", () => {
    const call = (scope: string, sub: string, tool: string) => ({
      payload: { scope, sub },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: {} } }),
    });
    const policy = {
      apiVersion: "scopegate/v1",
      kind: "Policy",
      metadata: { name: "p" },
      record: { token: true },
      rules: [
        { name: "a", source: { jwt: { scopes: ["a"] } }, target: { tools: ["t"] } },
        { name: "idle", source: { jwt: { scopes: ["z"] } }, target: { tools: ["u"] } },
      ],
    };
    const calls = [
      call("", "ann", "t"),
      call("", "ann", "t"),
      call("a", "ann", "t"),
      call("", "bob", "t"),
      call("", "bob", "v"),
    ];
    const input = calls.map((line) => JSON.stringify(line)).join("\n");
    const { status, stdout, stderr } = run(
      ["report", "--policy", write("p.json", JSON.stringify(policy)), "--format", "json", "-"],
      input,
    );
    assert.equal(status, 0, stderr);
    const usage = JSON.parse(stdout) as Usage;
    assert.deepEqual(usage.decisions, { deny: 4, allow: 1 });
    assert.deepEqual(usage.scopes, [{ scope: "a", challenges: 2, met: 1 }]);
    assert.deepEqual(usage.unused, { rules: ["idle"], scopes: ["z"] });
    assert.ok(
      usage.denied.some(
        ({ tool, reason, sub, count }) => tool === "v" && reason === "no_rule" && sub === "bob" && count === 1,
      ),
    );
    assert.match(run(["report", "-"], log).stdout, /^22 records\n/);
  });

  const MANY = Number(process.env["RECORDS"] ?? 200_000);
  test(`${MANY} records in constant memory`, async (t) => {
    const args = [
      "--max-old-space-size=96",
      CLI,
      "replay",
      "--policy",
      files[1],
      "--against",
      files[0],
      "--format",
      "json",
      "-",
    ];
    const known = records.filter(({ reason }) => reason !== "ambiguous_key");
    // Without what the test runner loads into each process: it has a heap of its own.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"], env });
    const start = performance.now();
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    for (let i = 0; i < MANY;) {
      const lines: string[] = [];
      for (; lines.length < 1000 && i < MANY; i++) {
        const record = { ...known[i % known.length]!, id: `${i}`, "jsonrpc.request.id": `${i}` };
        lines.push(JSON.stringify({ start: "2026-11-29T12:00:00.000Z", code: 200, scopegate: record }));
      }
      if (!child.stdin.write(`${lines.join("\n")}\n`))
        await new Promise((resolve) => child.stdin.once("drain", resolve));
    }
    child.stdin.end();
    assert.equal(await ended, 0);
    const seconds = (performance.now() - start) / 1000;
    const summary = JSON.parse(out) as Summary;
    t.diagnostic(`${MANY} records in ${seconds.toFixed(1)} s`);
    assert.deepEqual([summary.records, summary.unknown.count], [MANY, 0]);
  });
});
