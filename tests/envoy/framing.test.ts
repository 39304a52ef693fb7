// However the body arrives, the decision is the same and comes before any part of a refused body is forwarded. The
// pitfall is the end of the stream: it may come with the headers, with a DATA frame, alone, or only with the trailers.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { http1, http2, type Request } from "../support/clients.ts";
import { beforeRouter, call, Gateway, headers, withSmallBuffers, type GatewayOptions } from "../support/envoy.ts";

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

/** Envoy's buffer filter after ours, as scopegate manifest --target envoy-gateway arranges it, with that host's small buffers. */
function withBuffer(yaml: string): string {
  const type = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer";
  const entry = `- {name: buffer, typed_config: {"@type": ${type}, max_request_bytes: 5242880}}`;
  return beforeRouter(withSmallBuffers(yaml), entry);
}

/** How the host treats request headers, and whether then no part of a refused request goes upstream. */
const MODES: [name: string, options: GatewayOptions, strict: boolean][] = [
  ["headers held", { holdHeaders: true }, true],
  ["headers let go on", { holdHeaders: false }, false],
  ["a buffer filter after it", { holdHeaders: false, edit: withBuffer }, true],
];

for (const [mode, options, strict] of MODES)
  describe(`framing, ${mode}`, () => {
    let gateway: Gateway;
    before(async () => void (gateway = await Gateway.start(options)));
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
        assertUnseen(gateway, strict);
      });
    }

    test("HTTP/2 trailers without a body do not bypass the decision", async () => {
      gateway.upstream.forget();
      const response = await http2(gateway.port, { headers: headers(), trailers: { "x-t": "1" } });
      assert.equal(response.status, 400);
      await sleep(SETTLE_MS);
      assertUnseen(gateway, strict);
    });

    test("zero bytes at the end of the stream are no body, one is", async () => {
      const authorization = headers()["authorization"]!;
      const ways: [name: string, send: typeof http1 | typeof http2, more: Record<string, string>][] = [
        ["HTTP/2, an empty DATA frame", http2, {}],
        ["HTTP/2, the same with content-length: 0", http2, { "content-length": "0" }],
        ["HTTP/1.1, an empty chunked body", http1, { "transfer-encoding": "chunked" }],
        ["HTTP/1.1, content-length: 0", http1, { "content-length": "0" }],
      ];
      for (const [name, send, more] of ways)
        for (const method of ["GET", "DELETE", "OPTIONS"]) {
          const request = { method, headers: { authorization, ...more }, pieces: [1] };
          gateway.upstream.forget();
          assert.equal((await send(gateway.port, request)).status, 200, `${method}, ${name}`);
          assert.equal(gateway.upstream.requests.length, 1);
          if (more["content-length"]) continue;
          gateway.upstream.forget();
          assert.equal((await send(gateway.port, { ...request, body: "{" })).status, 400, `${method}, ${name}`);
          await sleep(SETTLE_MS);
          assertUnseen(gateway, strict);
        }
    });

    test("a body of 500 kB is decided", async () => {
      for (const [text, status] of [
        ["Hello, x!", 200],
        ["Goodbye", 403],
      ] as const) {
        gateway.upstream.forget();
        const body = call("echo", { pad: "x".repeat(500_000), text });
        assert.equal((await http1(gateway.port, { body, headers: headers() })).status, status);
        if (status === 403) assert.ok(!gateway.upstream.bytes.includes("xxx"));
      }
    });

    test("an empty POST is refused", async () => {
      for (const send of [http1, http2]) assert.equal((await send(gateway.port, { headers: headers() })).status, 400);
    });

    test("refused calls between allowed ones leave nothing upstream, even on warm connections", async () => {
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
      if (strict) assert.equal(gateway.upstream.heads, 10);
    });

    test("a caller that disconnects in the middle of a body leaves nothing upstream", async () => {
      gateway.upstream.forget();
      const socket = connect(gateway.port, "127.0.0.1");
      const { authorization } = headers();
      const head = [
        "POST /mcp HTTP/1.1",
        "host: a",
        "content-type: application/json",
        `authorization: ${authorization}`,
      ];
      socket.write(`${head.join("\r\n")}\r\ncontent-length: ${ALLOWED.length * 2}\r\n\r\n${ALLOWED}`);
      await sleep(4 * SETTLE_MS);
      socket.destroy();
      await sleep(SETTLE_MS);
      assertUnseen(gateway, strict);
    });
  });

/** Not one byte of a body; in a strict mode, not one byte at all. */
function assertUnseen({ upstream }: Gateway, strict: boolean): void {
  assert.deepEqual(upstream.requests, []);
  if (strict) assert.equal(upstream.bytes.length, 0);
  const body = upstream.bytes
    .toString()
    .split("\r\n\r\n")
    .slice(1)
    .join("")
    .replace(/^0\r\n/, "");
  assert.ok(!upstream.bytes.includes("jsonrpc") && !body.includes("{"), `the upstream saw ${body}`);
}
