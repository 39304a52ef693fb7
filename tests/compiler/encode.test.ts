// Program bytes: layout, sharing, constants, and that damage is detected.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as format from "../../assembly/program.ts";
import { Anchor, Kind, Reason, ReasonField, Section, Setting, Slot, Tag } from "../../assembly/program.ts";
import {
  compileDocument,
  compilePolicy,
  listing,
  pluginConfiguration,
  ProgramError,
} from "../../scripts/compiler/index.ts";
import { Program } from "../../scripts/compiler/program/reader.ts";
import type { Constant } from "../../scripts/compiler/cel/code.ts";
import { MESSAGES } from "../../scripts/compiler/program/reasons.ts";
import { checksum, ProgramWriter } from "../../scripts/compiler/program/writer.ts";
import { decodePairs } from "../../scripts/wire.ts";

const text = readFileSync(new URL("../cases/kinds/policy.yaml", import.meta.url), "utf8");
const { program: bytes, policy } = compilePolicy(text, "policy.yaml");
assert.ok(bytes && policy);
const program = new Program(bytes);

/** Compiles a policy of our own kind and returns its program. */
function compile(members: object): Program {
  const compiled = compileDocument({ apiVersion: "scopegate/v1", kind: "Policy", ...members });
  assert.ok(compiled.program, JSON.stringify(compiled.problems));
  return new Program(compiled.program);
}

test("the header and the section table", () => {
  assert.equal(program.word(0), format.MAGIC);
  assert.equal(program.word(4), format.VERSION);
  assert.equal(program.word(8), bytes.length);
  assert.equal(program.word(12), checksum(bytes));
  const sizes = ["", "SETTINGS", "SCOPE", "", "NODE", "CLAIM", "TEXT", "RULE", "ENTRY", "BUCKET", "PREFIX_LENGTH"];
  const rest = ["PREDICATE", "INSTRUCTION", "CELL", "AUTOMATON", "REASON", "METHOD"];
  const sizeOf = (name: string): number => (format as unknown as Record<string, number>)[`${name}_SIZE`] ?? 0;
  const record = [...sizes, ...rest].map((name, i) => sizeOf(name) || (i === Section.Bytes ? 1 : 4));
  const spans = record.map((size, i) => {
    const start = program.word(16 + 8 * i);
    assert.equal(start % 8, 0, `${Section[i]} is aligned`);
    return { start, end: start + size * program.word(20 + 8 * i) };
  });
  spans.reduce((before, span) => (assert.ok(before.end <= span.start), span));
  assert.ok(spans.at(-1)!.end <= bytes.length);
});

test("the slots of every program", () => {
  const path = (slot: number): string => {
    const at = program.record(Section.Nodes, slot);
    const parent = program.word(at);
    return (parent === format.NONE ? "" : `${path(parent)}/`) + program.textAt(at + 4)!;
  };
  const expected: Partial<Record<Slot, string>> = {
    [Slot.Body]: "",
    [Slot.Claims]: "",
    [Slot.Jsonrpc]: "/jsonrpc",
    [Slot.Id]: "/id",
    [Slot.Method]: "/method",
    [Slot.Params]: "/params",
    [Slot.Result]: "/result",
    [Slot.Error]: "/error",
    [Slot.Name]: "/params/name",
    [Slot.Arguments]: "/params/arguments",
    [Slot.Meta]: "/params/_meta",
    [Slot.Uri]: "/params/uri",
    [Slot.Ref]: "/params/ref",
    [Slot.RefType]: "/params/ref/type",
    [Slot.RefName]: "/params/ref/name",
    [Slot.RefUri]: "/params/ref/uri",
    [Slot.TaskId]: "/params/taskId",
    [Slot.Notifications]: "/params/notifications",
    [Slot.ResourceSubscriptions]: "/params/notifications/resourceSubscriptions",
    [Slot.Answer]: "",
    [Slot.AnswerResult]: "/result",
    [Slot.Tools]: "/result/tools",
    [Slot.Prompts]: "/result/prompts",
    [Slot.Resources]: "/result/resources",
    [Slot.Templates]: "/result/resourceTemplates",
    [Slot.CacheScope]: "/result/cacheScope",
    [Slot.Item]: "",
    [Slot.ItemName]: "/name",
    [Slot.ItemUri]: "/uri",
    [Slot.ItemTemplate]: "/uriTemplate",
    [Slot.ItemMeta]: "/_meta",
    [Slot.ItemScopes]: "/_meta/scopegate/scopes",
    [Slot.MetaVersion]: "/params/_meta/io.modelcontextprotocol/protocolVersion",
  };
  assert.equal(Object.keys(expected).length, Slot.Count);
  for (const [slot, name] of Object.entries(expected)) assert.equal(path(Number(slot)), name, Slot[Number(slot)]);
});

test("settings are where the filter reads them", () => {
  assert.equal(program.setting(Setting.MaxBody), 65536);
  assert.equal(program.setting(Setting.MaxDepth), 32);
  assert.equal(program.setting(Setting.StepBudget), 100000);
  assert.equal(program.setting(Setting.LoopLimit), 0);
  assert.equal(program.setting(Setting.StreamAction), format.Action.Deny);
  assert.equal(program.settingText(Setting.PolicyName), "kinds");
  assert.equal(program.settingText(Setting.BaselineScopes), "read");
  const document = JSON.parse(program.settingText(Setting.Document)!) as Record<string, unknown>;
  assert.deepEqual(document, {
    resource: "https://mcp.example.com/team/mcp",
    authorization_servers: ["https://auth.example.com", "https://login.example.net"],
    scopes_supported: ["read", "write"],
    bearer_methods_supported: ["header"],
    resource_name: "Team tools",
  });
});

test("every reason has a name, and every refusal a message that needs no escapes in JSON", () => {
  program.each(Section.Reasons, (at, reason) => {
    const textOf = (field: ReasonField): string => program.textAt(at + field)!;
    if (reason === Reason.Count) return assert.equal(textOf(ReasonField.Counter), "scopegate.lenient.header_mismatch");
    assert.equal(textOf(ReasonField.Name), Reason[reason]);
    assert.match(textOf(ReasonField.Counter), new RegExp(`^scopegate\\.[a-z]+\\.${Reason[reason]}$`));
    const refused = reason === Reason.host_error || reason >= Reason.insufficient_scope;
    const message = `"message":"${MESSAGES[reason as keyof typeof MESSAGES]}`;
    assert.equal(textOf(ReasonField.Error).replace(/^-?\d+,/, ""), refused ? message : "");
  });
  assert.equal(program.count(Section.Reasons), Reason.Count + 1);
  for (const message of Object.values(MESSAGES)) assert.match(message, /^[^"\\\p{C}]+$/u);
});

test("the headers of the replies", () => {
  const headers = (reason: Reason): Record<string, string> => {
    const at = program.record(Section.Reasons, reason) + ReasonField.Headers;
    return Object.fromEntries(decodePairs(program.slice(program.word(at), program.word(at + 4))));
  };
  const url = "https://mcp.example.com/.well-known/oauth-protected-resource/team/mcp";
  const challenge = `resource_metadata="${url}", scope="read"`;
  const json = { "content-type": "application/json", "cache-control": "no-store" };
  assert.deepEqual(headers(Reason.not_json), json);
  assert.deepEqual(headers(Reason.insufficient_scope), json);
  assert.deepEqual(headers(Reason.method_not_allowed), { ...json, allow: "POST, DELETE" });
  assert.deepEqual(headers(Reason.no_token), { ...json, "www-authenticate": `Bearer ${challenge}` });
  const invalid = `Bearer error="invalid_token", ${challenge}`;
  assert.deepEqual(headers(Reason.invalid_token), { ...json, "www-authenticate": invalid });
});

test("targets are grouped by what they name, and within a group in the order of the rules", () => {
  const own = compile({
    backend: {},
    rules: [
      { target: { tools: [{ backend: "b", tool: "t" }, "t"] } },
      {},
      { target: { tools: ["t", { backend: "b", tool: "t", when: "true" }, { backend: "b", tool: "t" }] } },
      { target: { resources: ["a*", "a"], methods: ["acme/*"] } },
    ],
  });
  const buckets = own.each(Section.Buckets, (at) => {
    const entries = own.run(Section.Entries, at + format.BucketField.Entries).map((entry) => own.word(entry));
    return [Kind[own.word(at)], own.textAt(at + 4), own.textAt(at + 12), entries];
  });
  assert.deepEqual(buckets, [
    ["Any", undefined, "", [1]],
    ["Tool", undefined, "t", [0, 2]],
    ["Tool", "b", "t", [0, 2, 2]],
    ["Resource", undefined, "a", [3]],
    ["Resource", undefined, "a", [3]],
    ["Method", undefined, "acme/", [3]],
  ]);
  const anchors = own.each(Section.Anchors, (at) => [0, 4, 8, 12].map((field) => own.word(at + field)));
  assert.deepEqual(anchors, [
    [Kind.Resource, Anchor.Prefix, 0, 1],
    [Kind.Method, Anchor.Prefix, 0, 5],
  ]);
});

test("names with stars are filed under the literal part that the fewest others share", () => {
  const tools = [
    "get_*",
    "get_*_a",
    "get_*_b",
    "*_c",
    "*drop*",
    "*",
    { backend: "b", tool: "*" },
    { backend: "b*", tool: "t" },
  ];
  const own = compile({ backend: {}, rules: [{ target: { tools } }] });
  const filed = own.each(Section.Buckets, (at) => {
    const anchor = Anchor[own.word(at + format.BucketField.Anchor)];
    const isExact = own.word(at + format.BucketField.Pattern) === format.NONE;
    return [anchor, own.textAt(at + 4), own.textAt(at + 12), isExact];
  });
  assert.deepEqual(filed, [
    ["Piece", undefined, "drop", false],
    ["Exact", undefined, "t", false],
    ["Prefix", undefined, "", true],
    ["Prefix", "b", "", true],
    ["Prefix", undefined, "get_", true],
    ["Suffix", undefined, "_a", false],
    ["Suffix", undefined, "_b", false],
    ["Suffix", undefined, "_c", true],
  ]);
});

test("prefixes of any number of lengths: long ones are cut, so that few lengths are looked up", () => {
  const resources = Array.from({ length: 2000 }, (_, i) => `${"x".repeat(i)}*`);
  const own = compile({ rules: [{ target: { resources } }] });
  assert.equal(own.count(Section.Anchors), 33 + (512 - 32) / 16);
});

test("equal expressions share a predicate, equal regexes an automaton", () => {
  const when = 'args.a.matches("^x+$")';
  const own = compile({ rules: [{ when }, { when }, { when: `${when} || args.b.matches("^x+$")` }] });
  assert.equal(own.count(Section.Predicates), 2);
  assert.equal(own.count(Section.Automata), 1);
});

test("equal constants share a cell; look-alikes do not", () => {
  const writer = new ProgramWriter();
  const texts = (...values: string[]): Constant => ({
    tag: Tag.CellList,
    items: values.map((value) => ({ tag: Tag.String, value })),
  });
  const distinct: Constant[] = [
    { tag: Tag.Int, value: 0n },
    { tag: Tag.Uint, value: 0n },
    { tag: Tag.Double, value: 0 },
    { tag: Tag.Double, value: -0 },
    { tag: Tag.Double, value: NaN },
    { tag: Tag.Double, value: Infinity },
    { tag: Tag.Null },
    { tag: Tag.String, value: "0" },
    { tag: Tag.Bytes, value: Uint8Array.of(48) },
    texts("a", "b"),
    texts("b", "a"),
    { tag: Tag.CellList, items: [texts("a", "b")] },
  ];
  const indexes = distinct.map((constant) => writer.operand({ constant }));
  assert.equal(new Set(indexes).size, distinct.length);
  assert.deepEqual(
    distinct.map((constant) => writer.operand({ constant: structuredClone(constant) })),
    indexes,
  );
});

test("constants are laid out as cells", () => {
  const writer = new ProgramWriter();
  const item = (value: bigint): Constant => ({ tag: Tag.Int, value });
  const inner: Constant = { tag: Tag.CellList, items: [item(1n), item(-2n)] };
  const map: Constant = { tag: Tag.CellMap, entries: [[{ tag: Tag.String, value: "k" }, inner]] };
  const index = writer.operand({ constant: map });
  const moment = writer.operand({ constant: { tag: Tag.Timestamp, seconds: -1n, nanos: 5 } });
  for (let i = 0; i < Setting.Count; i++) writer.add(Section.Settings, [0]);
  const own = new Program(writer.finish());
  const at = own.record(Section.Cells, index);
  assert.deepEqual([own.word(at), own.word(at + 12)], [Tag.CellMap, 1]);
  const key = own.word(at + 8);
  assert.equal(own.textAt(key + 8), "k");
  const list = key + 16;
  assert.deepEqual([own.word(list), own.word(list + 12)], [Tag.CellList, 2]);
  assert.equal(own.view.getBigInt64(own.word(list + 8) + 8, true), 1n);
  assert.equal(own.view.getBigInt64(own.word(list + 8) + 24, true), -2n);
  const time = own.record(Section.Cells, moment);
  assert.deepEqual([own.word(time + 4), own.view.getBigInt64(time + 8, true)], [5, -1n]);
});

test("the plugin configuration", () => {
  const configuration = pluginConfiguration(bytes, policy, { holdHeaders: true });
  assert.deepEqual(Object.keys(configuration), ["scopegate", "policy", "digest", "holdHeaders", "program"]);
  assert.equal(configuration.policy, "kinds");
  assert.equal(configuration.holdHeaders, true);
  assert.deepEqual(new Uint8Array(Buffer.from(configuration.program, "base64")), bytes);
});

test("a listing detects every damaged byte and every truncation", () => {
  for (let at = 0; at < bytes.length; at += 7) {
    const damaged = bytes.slice();
    damaged[at]! ^= 0x41;
    assert.throws(() => listing(damaged), ProgramError, `byte ${at}`);
    assert.throws(() => listing(bytes.slice(0, at)), ProgramError, `cut at ${at}`);
  }
});

test("a listing of random bytes with a valid checksum gives a ProgramError or a text", () => {
  let seed = 1;
  const next = (limit: number): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % limit;
  let refused = 0;
  for (let round = 0; round < 300; round++) {
    const damaged = bytes.slice();
    for (let i = 0; i < 4; i++) damaged[16 + next(bytes.length - 16)] = next(256);
    new DataView(damaged.buffer).setUint32(12, checksum(damaged), true);
    try {
      listing(damaged);
    } catch (error) {
      assert.ok(error instanceof ProgramError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 0);
});

test("no word of a program refers outside it", () => {
  for (const at of [-1, -4, -16, bytes.length - 3]) assert.throws(() => program.word(at), ProgramError, `${at}`);
});
