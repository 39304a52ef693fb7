// A server that answers before the body of the request is there: where Envoy does not hold the headers, that is before the
// verdict, so its answer is refused.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { http1, http2 } from "../support/clients.ts";
import { call, Gateway, headers } from "../support/envoy.ts";

const ANSWER = '{"jsonrpc":"2.0","id":1,"result":{"secret":true}}';
const ALLOWED = call("echo", { text: "Hello, early bird!" });
const REFUSED = call("echo", { text: "Goodbye" });

/** Answers as soon as the headers are there, whatever the path says; the body is read to its end. */
async function startHasty(): Promise<Server> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/mcp/created" ? 201 : 200, { "content-type": "application/json" });
    response.end(ANSWER);
    request.resume();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

for (const holdHeaders of [false, true])
  describe(`early answers, headers ${holdHeaders ? "held" : "let go on"}`, () => {
    let gateway: Gateway;
    let hasty: Server;
    before(async () => {
      hasty = await startHasty();
      const upstream = { host: "127.0.0.1", port: (hasty.address() as AddressInfo).port };
      gateway = await Gateway.start({ holdHeaders, target: { upstream } });
    });
    after(async () => {
      await gateway?.stop();
      hasty.close();
      hasty.closeAllConnections();
    });

    for (const [protocol, send] of [
      ["HTTP/1.1", http1],
      ["HTTP/2", http2],
    ] as const) {
      const slowly = (body: string, path = "/mcp") =>
        send(gateway.port, { path, body, headers: headers(), pieces: [40], pause: 60 });

      test(`${protocol}: a body that comes slowly`, async () => {
        const allowed = await slowly(ALLOWED);
        assert.equal(allowed.status, holdHeaders ? 200 : 502);
        if (!holdHeaders) assert.match(allowed.body, /"reason":"early_answer"/);
        assert.equal(allowed.body.includes("secret"), holdHeaders);
      });

      test(`${protocol}: a body that would be refused`, async () => {
        const refused = await slowly(REFUSED, "/mcp/created");
        assert.equal(refused.status, holdHeaders ? 403 : 502);
        assert.ok(!refused.body.includes("secret"));
      });

      test(`${protocol}: the next request is judged as ever`, async () => {
        const whole = await http1(gateway.port, { method: "GET", headers: headers() });
        assert.deepEqual([whole.status, whole.body], [200, ANSWER]);
      });
    }
  });
