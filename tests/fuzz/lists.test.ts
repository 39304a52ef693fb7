// Mutated answers of servers, in mutated pieces: the filter neither traps nor hangs, nothing hidden reaches a client, however
// that reads, and of JSON texts the client gets what the slow reference says, in whatever pieces they come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { filterAnswer } from "../reference/answers.ts";
import { callerOf } from "../reference/corpus.ts";
import { answerOf, askedIn, listCases, listPolicy, sameText, tokens } from "../reference/list-cases.ts";
import { judgeItem, type ListKind } from "../reference/lists.ts";
import { readPolicy } from "../reference/read.ts";
import { hostWith } from "../support/host.ts";
import { clientAnswer, requestOf, type ListCase } from "../support/lists.ts";
import { Choice, seeded } from "../support/random.ts";

const SEED = Number(process.env["SEED"] ?? 20261129);
const SECONDS = Number(process.env["SECONDS"] ?? 8);
const LIMIT = 2 * 1024 * 1024;
const LARGEST = 20_000;

const POLICY = readPolicy(listPolicy("policy.yaml"));
const CASES = (listCases() as ListCase[]).filter(
  (item) =>
    askedIn(item).kind !== "other" &&
    answerOf(item).body.length < LARGEST &&
    !item.response.cut &&
    // The reference is stricter about the spelling of URIs: beyond ASCII, and dot segments in templates.
    !item.request.method.startsWith("resources/") &&
    !Buffer.from(answerOf(item).body).includes('"resource'),
);
const NAMES = { tools: "name", prompts: "name", resources: "uri", resourceTemplates: "uriTemplate" } as const;

const outcomes = new Map<string, string>();
function isNever(kind: ListKind, name: string, token: string): boolean {
  const key = [kind, name, token].join("\n");
  const outcome = outcomes.get(key) ?? judgeItem(POLICY, kind, name, callerOf({ payload: tokens[token] })).outcome;
  outcomes.set(key, outcome);
  return outcome === "never";
}

const SNIPPETS = [
  ...[
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\r",
    "\n",
    "\r\n",
    "\n\n",
    "\r\r",
    " ",
    "\0",
    "\ufeff",
    "\ud800",
    "1e999",
  ],
  ...[
    "data:",
    "data: ",
    " data: ",
    "data",
    "\n\ndata: ",
    "id: 1\n",
    ": comment\n",
    "event: x\r",
    "\\u0072esult",
    "Result",
  ],
  ...[
    '"result":',
    '"tools":',
    '"Tools":',
    '"name":"fs__purge"',
    '{"name":"topsecret"}',
    ',{"name":"fs__purge"}',
    "\u017f",
  ],
  ...[
    '"result":{"tools":[{"name":"fs__purge"}]}',
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"topsecret"}]}}',
  ],
];

/** The bytes with some of them changed, moved, doubled or replaced. */
function mutated(body: Uint8Array, choice: Choice): Buffer {
  let bytes = Buffer.from(body);
  for (let left = choice.below(4); left >= 0; left--) {
    const at = choice.below(bytes.length + 1);
    const to = Math.min(bytes.length, at + choice.below(40));
    const other = choice.below(bytes.length + 1);
    const made = [
      () => [bytes.subarray(0, at), Buffer.from(choice.one(SNIPPETS)), bytes.subarray(at)],
      () => [bytes.subarray(0, at), bytes.subarray(to)],
      () => [bytes.subarray(0, to), bytes.subarray(at, to), bytes.subarray(to)],
      () => [bytes.subarray(0, at), bytes.subarray(other, other + 30), bytes.subarray(at)],
      () => [bytes.subarray(0, at), Buffer.from([choice.below(256)]), bytes.subarray(at + 1)],
      () => [bytes.subarray(0, at)],
    ];
    bytes = Buffer.concat(choice.one(made)());
  }
  return bytes;
}

function randomSizes(length: number, choice: Choice): number[] {
  const most = choice.one([1, 5, 50, 500, length + 1]);
  return Array.from({ length: Math.min(length, 3000) }, () => 1 + choice.below(most));
}

/** The data of events as the HTML standard reads them, and as clients do that know only LF and trim names. */
function eventTexts(stream: string): string[] {
  const standard = stream.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  const simple = stream.split("\n").map((line) => line.replace(/\r$/, ""));
  const trimmed = simple.map((line) => line.replace(/^[^\S\ufeff]*data[^\S\ufeff]*:\s?/, "data:"));
  return [standard, simple, trimmed].flatMap((lines) => {
    const texts: string[] = [];
    const data: string[] = [];
    for (const line of [...lines, ""]) {
      if (/^[^\S\ufeff]*$/.test(line)) texts.push(data.splice(0).join("\n"));
      else if (line.startsWith("data:")) data.push(line.slice(5));
    }
    return texts;
  });
}

type Json = Record<string, unknown>;

/** What lists of a text some client would show that it must not see. */
function hiddenIn(text: string, token: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text, (_, part: unknown) => lowered(part));
  } catch {
    return [];
  }
  return [value].flat().flatMap((message) => {
    const result = (message as Json | null)?.["result"] as Json | null | undefined;
    return (Object.keys(NAMES) as ListKind[]).flatMap((kind) => {
      const items = result?.[kind.toLowerCase()];
      const names = Array.isArray(items) ? items.map((item: Json | null) => item?.[NAMES[kind].toLowerCase()]) : [];
      return names.filter((name) => typeof name === "string").filter((name) => isNever(kind, name, token));
    });
  });
}

/** Keys in lower case, as clients read them that do not mind. */
function lowered(part: unknown): unknown {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [key.toLowerCase().replaceAll("ſ", "s"), value]),
  );
}

const isError = (text: string): boolean => text.includes('"message":"The list cannot be shown"');

test(`mutated answers (seed ${SEED})`, (t) => {
  const choice = new Choice(seeded(SEED));
  const hosts = [false, true].map((holdsHeaders) => hostWith({ holdsHeaders }, listPolicy("policy.yaml")));
  const counts = { rounds: 0, filtered: 0, refused: 0, same: 0 };
  for (const end = Date.now() + SECONDS * 1000; Date.now() < end; counts.rounds++) {
    const item = choice.one(CASES);
    const body = mutated(answerOf(item).body, choice);
    const changed = {
      ...item,
      response: { ...item.response, body: undefined, body_gz: undefined, body_base64: body.toString("base64") },
    } as ListCase;
    const delivery = { chunks: randomSizes(body.length, choice), endWithData: choice.chance(0.5) };
    const got = clientAnswer(choice.one(hosts).request(requestOf(changed, delivery)));
    const text = Buffer.from(got.body).toString();
    const story = JSON.stringify({
      id: item.id,
      body: body.toString("base64"),
      delivery: delivery.chunks.slice(0, 50),
    });
    const isStream = got.headers.some(([name, value]) => name === "content-type" && /event-stream/i.test(value));
    const isKept = got.status >= 300 || item.request.http === "GET";
    const texts = isStream ? eventTexts(text) : isKept ? [] : [text];
    assert.deepEqual(
      texts.flatMap((one) => hiddenIn(one, item.token)),
      [],
      story,
    );
    counts[isError(text) ? "refused" : Buffer.from(got.body).equals(body) ? "same" : "filtered"]++;
    if (isStream || item.request.http === "GET" || item.response.trailers || (got as { cut?: boolean }).cut) continue;
    const judge = (kind: ListKind, name: string): { show: boolean } => ({ show: !isNever(kind, name, item.token) });
    const wanted = Buffer.from(filterAnswer(answerOf(changed), askedIn(item), judge, LIMIT).body).toString();
    if (got.status < 300)
      assert.ok(isError(wanted) ? isError(text) : sameText(text, wanted, false), `${text}\n\n${wanted}\n${story}`);
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.filtered > 20 && counts.refused > 50 && counts.same > 20);
});
