// Callers without a token, in a real Envoy: what passes, what is asked for, and that a token that does not verify is no
// missing one.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { forged } from "../../scripts/envoy/issuer.ts";
import { http1, type Response } from "../support/clients.ts";
import { call, Gateway, headers, POLICY } from "../support/envoy.ts";

const policy = {
  ...POLICY,
  rules: [
    { name: "open", source: { anonymous: true }, target: { tools: ["search"] } },
    { name: "write", source: { jwt: { scopes: ["notes:write"] } }, target: { tools: ["write"] } },
  ],
};

let gateway: Gateway;
const send = (body: string, more: Record<string, string> = {}): Promise<Response> =>
  http1(gateway.port, { method: "POST", path: "/mcp", headers: { ...headers(null), ...more }, body });

for (const holdHeaders of [true, false])
  describe(holdHeaders ? "headers held" : "headers sent on", () => {
    before(async () => {
      gateway = await Gateway.start({ policy, holdHeaders });
    });
    after(() => gateway.stop());

    test("a call of an anonymous rule passes, and so do lists and event streams", async () => {
      assert.equal((await send(call("search"))).status, 200);
      assert.equal((await send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }))).status, 200);
      const stream = { method: "GET", path: "/mcp", headers: { accept: "text/event-stream" } };
      assert.equal((await http1(gateway.port, stream)).status, 200);
    });

    test("another call is asked for the scopes that it needs, and nothing of it reaches the server", async () => {
      gateway.upstream.forget();
      const answer = await send(call("write"));
      assert.equal(answer.status, 401);
      assert.match(String(answer.headers["www-authenticate"]), /scope="notes:write"/);
      assert.deepEqual(gateway.upstream.requests.map(({ body }) => String(body)).join(""), "");
      assert.equal((await send(call("write"), headers("notes:write"))).status, 200);
    });

    test("a token that does not verify is refused, whatever the call is", async () => {
      for (const authorization of [`Bearer ${forged({ scope: "notes:write" })}`, "Bearer x", "Basic eA=="]) {
        const answer = await send(call("search"), { authorization });
        assert.equal(answer.status, 401, authorization);
        assert.match(String(answer.headers["www-authenticate"]), /error="invalid_token"/);
      }
    });
  });
