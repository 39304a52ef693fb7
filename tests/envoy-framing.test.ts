// However the body arrives, the verdict is the same and comes before anything of a refused body goes on. The pitfall is
// the end of the stream: it may come with the headers, with a DATA frame, alone, or only with the trailers.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { http1, http2, type Request } from "./support/clients.ts";
import { call, Gateway, headers } from "./support/envoy.ts";

const MARK = "grüß Gott, 早上好 🙂";
const ALLOWED = call("echo", { text: `Hello, ${MARK}!` });
const REFUSED = call("echo", { text: `Goodbye, ${MARK}` });
const SETTLE_MS = 50;

const FRAMINGS: [name: string, send: typeof http1 | typeof http2, how: Partial<Request>][] = [
  ["HTTP/1.1, content-length", http1, {}],
  ["HTTP/1.1, chunked", http1, { pieces: [20] }],
  ["HTTP/1.1, chunked with trailers", http1, { trailers: { "x-t": "1" } }],
  ["HTTP/1.1, byte by byte", http1, { pieces: [1] }],
  ["HTTP/1.1, slowly", http1, { pieces: [50], pause: 20 }],
  ["HTTP/2, one frame", http2, {}],
  ["HTTP/2, byte by byte", http2, { pieces: [1] }],
  ["HTTP/2, slowly", http2, { pieces: [50], pause: 20 }],
  ["HTTP/2, with trailers", http2, { trailers: { "x-t": "1" } }],
  ["HTTP/2, byte by byte with trailers", http2, { pieces: [1], trailers: { "x-t": "1" } }],
];

for (const holdHeaders of [true, false])
  describe(`framing, headers ${holdHeaders ? "held" : "let go on"}`, () => {
    let gateway: Gateway;
    before(async () => void (gateway = await Gateway.start({ holdHeaders })));
    after(() => gateway?.stop());

    for (const [name, send, how] of FRAMINGS) {
      test(`allowed: ${name}`, async () => {
        gateway.upstream.forget();
        const response = await send(gateway.port, { body: ALLOWED, headers: headers(), ...how });
        assert.equal(response.status, 200);
        assert.equal(gateway.upstream.requests[0]?.body.toString(), ALLOWED);
      });

      test(`refused: ${name}`, async () => {
        gateway.upstream.forget();
        const response = await send(gateway.port, { body: REFUSED, headers: headers(), ...how });
        assert.equal(response.status, 403);
        await sleep(SETTLE_MS);
        assertUnseen(gateway, holdHeaders);
      });
    }

    test("HTTP/2 trailers without a body are no way around the verdict", async () => {
      gateway.upstream.forget();
      const response = await http2(gateway.port, { headers: headers(), trailers: { "x-t": "1" } });
      assert.equal(response.status, 400);
      await sleep(SETTLE_MS);
      assertUnseen(gateway, holdHeaders);
    });

    test("an empty POST is refused", async () => {
      for (const send of [http1, http2]) assert.equal((await send(gateway.port, { headers: headers() })).status, 400);
    });

    test("refused calls between allowed ones leave nothing upstream, on warm connections too", async () => {
      gateway.upstream.forget();
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let i = 0; i < 20; i++) {
        const body = i % 2 ? REFUSED : ALLOWED;
        const response = await http1(gateway.port, { body, headers: headers(), pieces: [40], pause: 1 }, agent);
        assert.equal(response.status, i % 2 ? 403 : 200);
      }
      agent.destroy();
      await sleep(SETTLE_MS);
      const seen = gateway.upstream.bytes.toString();
      assert.equal(seen.split("Hello, ").length - 1, 10);
      assert.ok(!seen.includes("Goodbye"));
      if (holdHeaders) assert.equal(gateway.upstream.heads, 10);
    });

    test("a caller that goes away in the middle of a body leaves nothing upstream", async () => {
      gateway.upstream.forget();
      const cut = { body: ALLOWED, headers: { ...headers(), "content-length": String(ALLOWED.length * 2) } };
      await assert.rejects(http1(gateway.port, { ...cut, pieces: undefined }, oneSecondAgent()));
      await sleep(SETTLE_MS);
      assertUnseen(gateway, holdHeaders);
    });
  });

/** Sockets that are torn down soon after they were opened. */
function oneSecondAgent(): Agent {
  const agent = new Agent();
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    const socket = connect(...args);
    setTimeout(() => socket?.destroy(), 200);
    return socket;
  };
  return agent;
}

/** Not one byte of a body; with held headers, not one byte at all. */
function assertUnseen({ upstream }: Gateway, holdHeaders: boolean): void {
  assert.deepEqual(upstream.requests, []);
  if (holdHeaders) assert.equal(upstream.bytes.length, 0);
  const body = upstream.bytes.toString().split("\r\n\r\n").slice(1).join("").replace(/^0\r\n/, "");
  assert.ok(!upstream.bytes.includes("jsonrpc") && !body.includes("{"), `the upstream saw ${body}`);
}
