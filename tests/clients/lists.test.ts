// Lists as the official clients get them: page by page, only what the token may use; after a step-up the tool is there and can
// be called, and the news that the list changed arrives in between.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { token } from "../../scripts/envoy/issuer.ts";
import { Gateway, POLICY } from "../support/envoy.ts";
import { clients } from "./sdk/clients.ts";
import { ToolServer } from "./sdk/server.ts";
import type { Client, Era, Outcome, Session } from "./sdk/session.ts";

const PER_PAGE = 2;
const TOOLS = ["hidden1", "hidden2", "echo", "hidden3", "sum", "hidden4"];
const HIDING = { ...POLICY, lists: { tools: { obtainable: "hide" } } };

const more = { authorization: `Bearer ${token({ scope: "echo sum" })}` };

/** What a user with a growing token asks for. */
const STEPS: Session["calls"] = [
  { ask: "tools" },
  { tool: "echo", arguments: { text: "Hello, World!" } },
  { ask: "changed" },
  { tool: "sum", arguments: { a: 1, b: 2 } },
  { tool: "sum", arguments: { a: 1, b: 2 }, tamper: more },
  { ask: "tools", tamper: more },
];

let [server, showing, hiding]: [ToolServer?, Gateway?, Gateway?] = [];
before(async () => {
  server = await ToolServer.start(TOOLS, PER_PAGE);
  const target = { upstream: { host: "127.0.0.1", port: server.port } };
  showing = await Gateway.start({ policy: POLICY, target });
  hiding = await Gateway.start({ policy: HIDING, target });
});
after(async () => {
  await showing?.stop();
  await hiding?.stop();
  await server?.stop();
});

async function play(client: Client, era: Era, gateway: Gateway, calls: Session["calls"]): Promise<Outcome[]> {
  const url = `http://127.0.0.1:${gateway.port}/mcp`;
  const [outcomes] = await client.play({ token: token({ scope: "echo" }), sessions: [{ url, era, calls }] });
  return outcomes!;
}

for (const client of clients)
  for (const era of client.eras)
    describe(`${client.name}, ${era}`, () => {
      const skip = client.missing;

      test("what can be obtained is listed, what can never be called is not", { skip }, async () => {
        assert.deepEqual(await play(client, era, showing!, [{ ask: "tools" }]), [{ tools: ["echo", "sum"] }]);
      });

      test("after a step-up the tool is in the list", { skip }, async () => {
        const [first, echo, changed, refused, sum, later] = await play(client, era, hiding!, STEPS);
        assert.deepEqual([first, echo], [{ tools: ["echo"] }, { text: "echo ran" }]);
        // Sessions of 2025-11-25 have a stream for such news; later revisions ask for it with a call of its own.
        assert.deepEqual(changed, { changed: era === "legacy" });
        assert.ok(refused && "error" in refused, JSON.stringify(refused));
        assert.deepEqual([sum, later], [{ text: "sum ran" }, { tools: ["echo", "sum"] }]);
      });
    });
