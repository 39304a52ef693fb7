// The official MCP clients against the filter in a real Envoy. In the middle of a session each client meets each refusal; the
// session must go on, and what the client's user sees is recorded in docs/clients.md (UPDATE_GOLDEN=1 rewrites it).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { token } from "../../scripts/envoy/issuer.ts";
import { ANSWERS, HELLO, type Answer } from "./sdk/answers.ts";
import { clientsPage, OLDER, settled, type Meeting } from "./sdk/page.ts";
import { clients } from "./sdk/clients.ts";
import { ToolServer } from "./sdk/server.ts";
import type { Call, Client, Era, Outcome, Session } from "./sdk/session.ts";
import { Gateway, POLICY } from "../support/envoy.ts";
import { assertGolden } from "../support/golden.ts";
import { readFileSync } from "node:fs";

const PAGE = new URL("../../docs/clients.md", import.meta.url);
/** Names that cannot go into a header unencoded. */
const ODD_TOOLS = ["größe", "two words", "=?base64?", "日本"];

const ALLOWED = { name: "odd", source: { jwt: { scopes: ["echo"] } }, target: { tools: ODD_TOOLS } };
const WIDER = { ...POLICY, rules: [...POLICY.rules, ALLOWED] };

let [server, gateway, inBand]: [ToolServer?, Gateway?, Gateway?] = [];
const meetings: Meeting[] = [];

before(async () => {
  server = await ToolServer.start(["echo", "sum", ...ODD_TOOLS]);
  const target = { upstream: { host: "127.0.0.1", port: server.port } };
  gateway = await Gateway.start({ policy: WIDER, target });
  inBand = await Gateway.start({ policy: { ...WIDER, denial: "in-band" }, target });
});
after(async () => {
  await gateway?.stop();
  await inBand?.stop();
  await server?.stop();
});

/** The path of a session, which tells its log lines and the server's records apart. */
function pathOf(client: Client, era: Era, key: string): string {
  return `/${clients.indexOf(client)}/${era}/${key}`;
}

function session(client: Client, era: Era, key: string, calls: Call[], through = gateway!): Session {
  return { url: `http://127.0.0.1:${through.port}${pathOf(client, era, key)}`, era, calls };
}

/** The lines of the access log for a session, once all that is expected has arrived. */
async function logged({ envoy }: Gateway, path: string, enough: (lines: string[]) => boolean): Promise<string[]> {
  const own = (): string[] => envoy.accessLog.filter((line) => line.includes(`"path":"${path}"`));
  for (let i = 0; i < 100 && !enough(own()); i++) await sleep(20);
  return own();
}

for (const client of clients)
  for (const era of client.eras)
    describe(`${client.name}, ${era}`, () => {
      const skip = client.missing;
      const own = ANSWERS.filter(({ eras }) => eras.includes(era));
      let outcomes: Outcome[][] = [];
      before(async () => {
        if (skip !== undefined) return;
        const sessions = own.map(({ key, call, inBand: within }) =>
          session(client, era, key, [HELLO, call, HELLO], within ? inBand : gateway),
        );
        const odd = session(
          client,
          era,
          "odd",
          ODD_TOOLS.map((tool) => ({ tool, arguments: {} })),
        );
        outcomes = await client.play({ token: token({ scope: "echo" }), sessions: [...sessions, odd] });
      });

      for (const [i, answer] of own.entries())
        test(`goes on after: ${answer.title}`, { skip }, async () => {
          const [first, refused, next] = outcomes[i]!;
          assert.deepEqual([first, next], [{ text: "echo ran" }, { text: "echo ran" }]);
          assert.ok(refused && "error" in refused, `an error, not ${JSON.stringify(refused)}`);
          const { type, message, details } = refused.error;
          meetings.push({ client: client.name, era, answer, shown: { type, message: settled(message), details } });
          const path = pathOf(client, era, answer.key);
          const ran = ["echo", "echo"];
          assert.deepEqual(server!.ran.get(path), { sessions: era === "legacy" ? 1 : 0, tools: ran });
          await checkLog(answer, path);
        });

      test("calls tools whose names cannot go into a header unencoded", { skip }, () => {
        assert.deepEqual(
          outcomes.at(-1),
          ODD_TOOLS.map((tool) => ({ text: `${tool} ran` })),
        );
      });
    });

/** A line of the access log, as the tests read it. */
interface Line {
  method: string;
  code: number;
  details: string;
  scopegate: { reason?: string; rule?: string };
}

function lineOf(text: string): Line {
  return JSON.parse(text) as Line;
}

/** Envoy gave the intended reply, and allowed both other calls. */
async function checkLog(answer: Answer, path: string): Promise<void> {
  const refusals = (lines: string[]): string[] => lines.filter((line) => lineOf(line).details.startsWith("scopegate{"));
  const allowed = (lines: string[]): string[] =>
    lines.filter((line) => {
      const { reason, rule } = lineOf(line).scopegate;
      return reason === "allowed" && rule === "greet";
    });
  const lines = await logged(
    answer.inBand ? inBand! : gateway!,
    path,
    (all) => refusals(all).length > 0 && allowed(all).length > 1,
  );
  assert.equal(allowed(lines).length, 2, lines.join("\n"));
  const kinds = new Set(refusals(lines).map((line) => `${lineOf(line).code} ${lineOf(line).details}`));
  assert.deepEqual([...kinds], [`${answer.status} scopegate{${answer.reason}}`]);
}

test("log lines of streams and of ended sessions come from those requests", async () => {
  const lines = [gateway!, inBand!].flatMap(({ envoy }) =>
    envoy.accessLog.map(lineOf).filter(({ method }) => method === "GET" || method === "DELETE"),
  );
  assert.ok(lines.length > 0);
  for (const { scopegate } of lines) assert.match(scopegate.reason ?? "", /^(stream|session_end)$/);
});

test("docs/clients.md matches what was observed", async () => {
  const written = readFileSync(PAGE, "utf8");
  const page = await clientsPage(meetings, ANSWERS, written.slice(written.indexOf(OLDER)));
  if (clients.every(({ missing }) => missing === undefined)) return assertGolden(PAGE, page);
  assert.equal(
    process.env["UPDATE_GOLDEN"],
    undefined,
    "the page needs all clients: install Python 3 with pip, and Go",
  );
  const rows = (text: string): string[] =>
    text
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) => line.replace(/\s+/g, " "));
  const kept = new Set(rows(readFileSync(PAGE, "utf8")));
  const names = clients.filter(({ missing }) => missing === undefined).map(({ name }) => name);
  const seen = rows(page).filter((row) => names.some((name) => row.startsWith(`| ${name}`)));
  assert.ok(seen.length > 0);
  assert.deepEqual(
    seen.filter((row) => !kept.has(row)),
    [],
  );
});
