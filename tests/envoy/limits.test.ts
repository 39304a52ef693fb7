// Large bodies in a real Envoy: decided up to the policy's limit, refused above it by the filter, never forwarded in pieces.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { http1, http2, type Request } from "../support/clients.ts";
import { call, Gateway, headers, POLICY } from "../support/envoy.ts";

const LIMIT = 300_000;
const POLICY_LIMIT = { ...POLICY, limits: { body: LIMIT } };

/** A call of exactly this many bytes; the deciding argument comes last. */
function sized(bytes: number, text: string): string {
  const bare = call("echo", { pad: "", text });
  return call("echo", { pad: "x".repeat(bytes - Buffer.byteLength(bare)), text });
}

const WAYS: [name: string, send: typeof http1 | typeof http2, how: Partial<Request>][] = [
  ["HTTP/1.1", http1, {}],
  ["HTTP/1.1, chunked", http1, { pieces: [16_000] }],
  ["HTTP/2", http2, {}],
  ["HTTP/2, with trailers", http2, { pieces: [10_000], trailers: { "x-t": "1" } }],
];

for (const holdHeaders of [true, false])
  describe(`large bodies, headers ${holdHeaders ? "held" : "let go on"}`, () => {
    let gateway: Gateway;
    before(async () => void (gateway = await Gateway.start({ policy: POLICY_LIMIT, holdHeaders })));
    after(() => gateway?.stop());

    for (const [name, send, how] of WAYS) {
      for (const bytes of [60_000, LIMIT - 1, LIMIT])
        test(`${name}: ${bytes} bytes are decided`, async () => {
          gateway.upstream.forget();
          const allowed = sized(bytes, "Hello, x!");
          assert.equal((await send(gateway.port, { body: allowed, headers: headers(), ...how })).status, 200);
          assert.equal(gateway.upstream.requests[0]?.body.toString(), allowed);
          gateway.upstream.forget();
          const refused = sized(bytes, "Bye");
          assert.equal((await send(gateway.port, { body: refused, headers: headers(), ...how })).status, 403);
          assert.ok(!gateway.upstream.bytes.includes("xxxx"));
        });

      test(`${name}: above the limit 413 with a JSON-RPC error`, async () => {
        gateway.upstream.forget();
        for (const bytes of [LIMIT + 1, LIMIT * 3]) {
          const response = await send(gateway.port, { body: sized(bytes, "Hello, x!"), headers: headers(), ...how });
          assert.equal(response.status, 413);
          const { error } = JSON.parse(response.body) as { error: { data: { reason: string } } };
          assert.equal(error.data.reason, "body_too_large");
        }
        assert.ok(!gateway.upstream.bytes.includes("xxxx"));
      });
    }

    test("far above every limit, the filter answers and Envoy does not buffer the body either", async () => {
      const body = sized(8_000_000, "Hello, x!");
      for (let i = 0; i < 12; i++) {
        const answered = await (i % 2 ? http2 : http1)(gateway.port, { body, headers: headers() }).catch(
          (error: Error) => error,
        );
        if (answered instanceof Error) continue; // the connection was closed before the answer was read
        assert.equal(answered.status, 413);
        assert.match(answered.body, /"reason":"body_too_large"/);
        assert.equal(answered.body.includes('"id"'), holdHeaders || i % 2 === 1, "undeclared: the bytes are there");
      }
      assert.ok(!gateway.upstream.bytes.includes("xxxx"));
      assert.equal((await http1(gateway.port, { body: sized(2_000, "Hello, x!"), headers: headers() })).status, 200);
    });
  });

describe("the default limit", () => {
  let gateway: Gateway;
  before(async () => void (gateway = await Gateway.start()));
  after(() => gateway?.stop());

  test("4 MiB are decided, in bounded memory", async () => {
    const body = sized(4 * 1024 * 1024, "Hello, x!");
    const sizes: number[] = [];
    for (let i = 0; i < 12; i++) {
      assert.equal((await http1(gateway.port, { body, headers: headers() })).status, 200);
      sizes.push(gateway.envoy.residentBytes());
    }
    const growth = sizes.at(-1)! - sizes[5]!;
    assert.ok(growth < 24 * 1024 * 1024, `memory grew by ${growth} bytes over six more calls`);
  });
});
