// The answers of servers to list requests, and what the client gets of them: the cases of tests/data/list-cases in the
// simulated host, whole and in pieces. tests/envoy/lists.test.ts has some of them in a real one.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isAsExpected, listCases, listPolicy, wrongHeaders } from "../reference/list-cases.ts";
import { hostWith } from "../support/host.ts";
import { clientAnswer, leaksOf, requestOf, type Delivery, type ListCase } from "../support/lists.ts";

const CASES = listCases() as ListCase[];
const LARGE = 100_000; // bytes; not cut at every place

/** With annotations the other outcomes that are fine are not recorded. */
const UNRECORDED = "policy-annotate.yaml: sse-note-text-first";

const DELIVERIES: [name: string, of: (size: number) => Delivery][] = [
  ["as recorded", () => ({})],
  ["in one piece with the end", () => ({ chunks: [], endWithData: true })],
  ["in pieces of 7 bytes", (size) => ({ chunks: new Array<number>(Math.ceil(size / 7)).fill(7) })],
  ["in pieces of 1 KiB", (size) => ({ chunks: new Array<number>(Math.ceil(size / 1024)).fill(1024) })],
];

for (const file of ["policy.yaml", "policy-annotate.yaml"])
  for (const holdsHeaders of [false, true])
    describe(`${file}, headers ${holdsHeaders ? "held" : "sent on"}`, () => {
      const host = hostWith({ holdsHeaders }, listPolicy(file));
      for (const item of CASES) {
        const main = (file.includes("annotate") && item.expect_annotated) || item.expect;
        if (`${file}: ${item.id}` === UNRECORDED) continue;
        test(item.id, () => {
          const size = requestOf(item).response!.body!.length;
          for (const [name, delivery] of DELIVERIES) {
            if (size > LARGE && name.includes("7 bytes")) continue;
            const got = clientAnswer(host.request(requestOf(item, delivery(size))));
            assert.deepEqual(leaksOf(item, main, got.body), [], name);
            if (item.response.cut || item.response.declare) continue; // only Envoy cuts an answer so
            const fits = [main, ...(item.accept ?? [])].some((expected) => isAsExpected(expected, item, got));
            assert.ok(fits, `${name}: ${Buffer.from(got.body).toString().slice(0, 600)}`);
            assert.deepEqual(wrongHeaders(main, got), [], name);
          }
        });
      }
    });

test("a byte order mark in a piece of its own, and a stream that ends in the middle", () => {
  const host = hostWith({}, listPolicy("policy.yaml"));
  const stream = CASES.find(({ id }) => id === "sse-bom-twice")!;
  const body = Buffer.from(
    '\ufeffdata: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"fs__purge"},{"name":"echo"',
  );
  for (const chunks of [[3], [1, 1, 1], [2, 2]]) {
    const request = requestOf(stream, { chunks });
    const got = clientAnswer(host.request({ ...request, response: { ...request.response, body } }));
    const text = Buffer.from(got.body).toString();
    assert.ok(text.startsWith("\ufeff") && text.includes("The list cannot be shown") && !text.includes("purge"), text);
  }
});

test("the limit is one of events: however many come in one piece, after a part of another too", () => {
  const host = hostWith({}, { ...listPolicy("policy.yaml"), limits: { list: "1KiB" } });
  const stream = CASES.find(({ id }) => id === "sse-bom-twice")!;
  const note = 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n';
  const answerTo = (text: string, chunks: number[]): string => {
    const request = requestOf(stream, { chunks });
    const response = { ...request.response!, body: Buffer.from(text) };
    return Buffer.from(clientAnswer(host.request({ ...request, response })).body).toString();
  };
  const small = note.repeat(100);
  for (const first of [0, 10, note.length - 1, note.length + 10]) assert.equal(answerTo(small, [first]), small);
  const large = `${note}data: "${"x".repeat(2000)}`;
  for (const first of [10, note.length + 20, 1500]) {
    const text = answerTo(large + `"\n\n${note}`, [first, 1000, 100]);
    assert.match(text, /"reason":"body_too_large"/, String(first));
    assert.ok(!text.includes("xx") && text.startsWith(note) && text.endsWith(note), text);
  }
});
