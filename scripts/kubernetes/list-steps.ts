// Lists and event streams through every gateway.
import assert from "node:assert/strict";
import { asReader, READER } from "./steps.ts";
import { bearer, type Answer } from "./client.ts";
import type { Stage, Step } from "./story.ts";

const EVENTS = "text/event-stream";
const TIMEOUT_MS = 20_000;
const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
/** Several times the 32 KiB that Envoy Gateway lets a connection buffer. */
const LONG = "x".repeat(40_000);

/** A tool as the server writes it: with spaces, to tell its bytes from JSON that was parsed and written again. */
const tool = (name: string): string =>
  `{ "name": "${name}", "inputSchema": {"type":"object"}, "description": "${LONG}" }`;
const answerWith = (...names: string[]): string =>
  `{"jsonrpc":"2.0","id":1,"result":{"tools":[${names.map(tool).join(",")}],"nextCursor":"a"}}`;
const ALL = answerWith("read_file", "delete_file", "write_file", "list_files");
/** Without delete_file, which no scope opens. */
const SHOWN = answerWith("read_file", "write_file", "list_files");
const event = (data: string): string => `event: message\ndata: ${data}\n\n`;

/** Asks for the list while the server answers with this text. */
async function listed(stage: Stage, type: string, text: string): Promise<Answer> {
  const accept = `application/json, ${EVENTS}`;
  return stage.upstream.answering({ type, pieces: () => [text] }, () => stage.send(asReader(LIST, { accept })));
}

/** Opens an event stream and goes on with the second event only when the first has arrived. */
async function streamed(stage: Stage, first: string, second: string): Promise<Answer> {
  let arrived = (): void => {};
  const firstArrived = new Promise<void>((done) => (arrived = done));
  async function* pieces(): AsyncGenerator<string> {
    yield first;
    await firstArrived;
    yield second;
  }
  const late = new Promise<never>((_, fail) =>
    setTimeout(() => fail(new Error("the first event did not arrive before the second")), TIMEOUT_MS).unref(),
  );
  const { authorization } = bearer(READER);
  const onText = (text: string): void => void (text === first && arrived());
  return stage.upstream.answering({ type: EVENTS, pieces }, () =>
    Promise.race([
      stage.send({ method: "GET", headers: { authorization: authorization!, accept: EVENTS }, onText }),
      late,
    ]),
  );
}

export const LISTS: Step[] = [
  {
    name: "`tools/list` of 160 kB, as JSON and in an event stream",
    async run(stage) {
      const whole = await listed(stage, "application/json", ALL);
      assert.deepEqual([whole.status, whole.body === SHOWN], [200, true], whole.body.replaceAll(LONG, "…"));
      const events = await listed(stage, EVENTS, event(ALL));
      assert.deepEqual([events.status, events.body === event(SHOWN)], [200, true], events.body.replaceAll(LONG, "…"));
      return "without the tool that no scope opens; all other bytes as the server sent them";
    },
  },
  {
    name: "a `tools/list` that is no JSON",
    async run(stage) {
      const { body } = await listed(stage, "application/json", `${ALL}}`);
      const { error } = JSON.parse(body) as { error?: { code: number; data: { reason: string } } };
      assert.deepEqual([error?.code, error?.data.reason], [-32603, "not_json"], body.slice(0, 200));
      return "a JSON-RPC error in its place";
    },
  },
  {
    name: "an event stream of the server",
    async run(stage) {
      const changed = event('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
      const progress = event('{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}');
      const { status, body } = await streamed(stage, changed, progress);
      assert.deepEqual([status, body], [200, changed + progress]);
      return "each event arrives when it is sent, as it is sent";
    },
  },
];
