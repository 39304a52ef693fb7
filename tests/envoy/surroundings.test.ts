// What a manifest puts around the filter, in a real Envoy: who may call from a browser, which paths are open, whose word
// about addresses is taken, how long a stream may be quiet, and which tokens count.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ISSUER, RESOURCE, token } from "../../scripts/envoy/issuer.ts";
import { http1, type Request, type Response } from "../support/clients.ts";
import { call, Gateway, headers as callerHeaders } from "../support/envoy.ts";

const ORIGIN = "https://app.example.com";
const HELLO = call("echo", { text: "Hello, World!" });
const METADATA = "/.well-known/oauth-protected-resource/mcp";

let gateway: Gateway;
const send = (request: Request): Promise<Response> => http1(gateway.port, request);
const post = (more: Record<string, string>): Promise<Response> =>
  send({ method: "POST", path: "/mcp", headers: { ...callerHeaders(null), ...more }, body: HELLO });

/** The first address in the access log that matches; lines come a little after their answers. */
async function loggedAddress(pattern: RegExp): Promise<string | undefined> {
  const address = new RegExp(`^${pattern.source}$`);
  for (let i = 0; i < 250; i++) {
    const lines = gateway.envoy.accessLog.map((text) => JSON.parse(text) as { from: string; path: string });
    const found = lines.find(({ from, path }) => path === "/mcp" && address.test(from));
    if (found !== undefined) return found.from;
    await sleep(20);
  }
  return undefined;
}

describe("with an origin, two open paths and one trusted hop", () => {
  before(async () => {
    const openPaths = [
      { path: "/healthz", below: false },
      { path: "/oauth", below: true },
    ];
    gateway = await Gateway.start({ target: { cors: [ORIGIN], openPaths, trustedHops: 1 } });
  });
  after(() => gateway.stop());

  const preflight = (origin: string): Promise<Response> =>
    send({
      method: "OPTIONS",
      path: "/mcp",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,mcp-param-path",
      },
    });

  test("a preflight of the origin is answered, and allows every header, Authorization by name", async () => {
    gateway.upstream.forget();
    const { status, headers } = await preflight(ORIGIN);
    assert.equal(status, 200);
    assert.equal(headers["access-control-allow-origin"], ORIGIN);
    assert.equal(headers["access-control-allow-headers"], "Authorization, *");
    assert.match(String(headers["access-control-allow-methods"]), /POST/);
    assert.equal(gateway.upstream.heads, 0);
  });

  test("one of another origin gets no permission", async () => {
    const { headers } = await preflight("https://evil.example.com");
    assert.equal(headers["access-control-allow-origin"], undefined);
  });

  test("a page of the origin can read every refusal and its challenge, and the metadata document", async () => {
    const refusals = [
      await post({ origin: ORIGIN }),
      await post({ origin: ORIGIN, authorization: `Bearer ${token({ aud: "https://other.example.com" })}` }),
      await post({ origin: ORIGIN, authorization: `Bearer ${token({ scope: "sum" })}` }),
    ];
    assert.deepEqual(
      refusals.map(({ status }) => status),
      [401, 401, 403],
    );
    for (const { headers } of refusals) {
      assert.match(String(headers["www-authenticate"]), /resource_metadata=/);
      assert.equal(headers["access-control-allow-origin"], ORIGIN);
      assert.match(String(headers["access-control-expose-headers"]), /WWW-Authenticate/);
    }
    const document = await send({ method: "GET", path: METADATA, headers: { origin: ORIGIN } });
    assert.equal(document.status, 200);
    assert.equal(document.headers["access-control-allow-origin"], ORIGIN);
  });

  test("open paths need no token, and keep one that is there for their server", async () => {
    for (const path of ["/healthz", "/oauth", "/oauth/token?x=1"]) {
      gateway.upstream.forget();
      const authorization = `Bearer ${token({ scope: "echo" })}`;
      assert.equal((await send({ method: "GET", path, headers: {} })).status, 200, path);
      assert.equal((await send({ method: "POST", path, headers: { authorization }, body: "x=1" })).status, 200, path);
      assert.equal(gateway.upstream.requests[1]!.headers.authorization, authorization);
    }
  });

  test("nothing else is open, however it is spelled", async () => {
    const paths = [
      "/mcp",
      "/oauthmcp",
      "/healthz/",
      "/oauth/../mcp",
      "//healthz/../mcp",
      "/healthz;/../mcp",
      "/Healthz",
    ];
    for (const path of paths)
      assert.equal((await send({ method: "POST", path, headers: callerHeaders(null), body: HELLO })).status, 401, path);
    const escaped = await send({ method: "POST", path: "/oauth/..%2fmcp", headers: callerHeaders(null), body: HELLO });
    assert.equal(escaped.status, 400);
  });

  test("one proxy in front is believed about the address, and what stands before its word is not", async () => {
    await post({ "x-forwarded-for": "203.0.113.7, 198.51.100.9" });
    assert.equal(await loggedAddress(/203\.0\.113\.7|198\.51\.100\.9/), "198.51.100.9");
  });
});

describe("as printed without options", () => {
  before(async () => {
    gateway = await Gateway.start();
  });
  after(() => gateway.stop());

  test("an X-Forwarded-For of the caller does not become its address", async () => {
    await post({ "x-forwarded-for": "10.0.0.1" });
    assert.equal(await loggedAddress(/10\.0\.0\.1|127\.0\.0\.1/), "127.0.0.1");
  });

  test("the scheme is Bearer, bearer or BEARER", async () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      gateway.upstream.forget();
      assert.equal((await post({ authorization: `${scheme} ${token({ scope: "echo" })}` })).status, 200, scheme);
      assert.equal(gateway.upstream.requests[0]!.headers.authorization, undefined);
    }
    assert.equal((await post({ authorization: `Basic ${token({ scope: "echo" })}` })).status, 401);
  });

  test("a token in the query string does not count", async () => {
    const path = `/mcp?access_token=${token({ scope: "echo" })}`;
    assert.equal((await send({ method: "POST", path, headers: callerHeaders(null), body: HELLO })).status, 401);
  });

  test("a token for another audience, of another issuer, or without an end is none: 401 with the metadata's address", async () => {
    const bad = [{ aud: "https://other.example.com" }, { iss: `${ISSUER}/evil` }, { exp: undefined }, { exp: 1 }];
    for (const claims of bad) {
      const answer = await post({ authorization: `Bearer ${token({ scope: "echo", ...claims })}` });
      assert.equal(answer.status, 401, JSON.stringify(claims));
      assert.match(String(answer.headers["www-authenticate"]), /error="invalid_token", resource_metadata=/);
    }
  });

  test("Envoy compares audiences without the scheme and a last slash", async () => {
    for (const aud of [RESOURCE, `${RESOURCE}/`, RESOURCE.replace("https:", "http:")])
      assert.equal((await post({ authorization: `Bearer ${token({ scope: "echo", aud })}` })).status, 200, aud);
  });

  test("without an origin no page of another one may read an answer", async () => {
    assert.equal((await post({ origin: ORIGIN })).headers["access-control-allow-origin"], undefined);
  });

  test("a stream may be quiet for as long as it likes", async () => {
    const dump = JSON.parse(await gateway.envoy.adminPage("/config_dump?resource=static_listeners")) as object;
    assert.match(JSON.stringify(dump), /"timeout":"0s","idle_timeout":"0s"/);
  });
});
