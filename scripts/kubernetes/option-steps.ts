// What the options of `scopegate manifest` change, through every gateway. All are given at once.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { token } from "../envoy/issuer.ts";
import { anonymous, bearer, type Outgoing } from "./client.ts";
import { asReader, ORIGIN, read, READER, write } from "./steps.ts";
import type { Step } from "./story.ts";

const ALL = [
  "--cors",
  ORIGIN,
  "--trusted-hops",
  "1",
  "--ignore-upgrades",
  "--open-path",
  "/healthz",
  "--open-path",
  "/oauth/*",
];

const preflight = (origin: string): Outgoing => ({
  method: "OPTIONS",
  headers: {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,mcp-param-x",
  },
});
/** They stay in force until the last step. */
export const OPTIONS: Step[] = [
  {
    name: "`--cors`: a preflight of that origin, and of another",
    async run(stage) {
      stage.apply(stage.print(stage.policy, ...ALL));
      const allowed = await stage.until(
        ({ headers }) => headers["access-control-allow-origin"] === ORIGIN,
        preflight(ORIGIN),
      );
      assert.ok(allowed.status === 200 || allowed.status === 204, `${allowed.status}`);
      assert.equal(allowed.headers["access-control-allow-headers"], "Authorization, *");
      const other = await stage.send(preflight("https://evil.example.com"));
      assert.equal(other.headers["access-control-allow-origin"], undefined);
      return "allowed, not allowed";
    },
  },
  {
    name: "refusals under `--cors`",
    async run(stage) {
      const refusals = [
        await stage.send({ headers: anonymous({ origin: ORIGIN }), body: read() }),
        await stage.send({
          headers: { ...bearer({ aud: "https://other.example.com" }), origin: ORIGIN },
          body: read(),
        }),
        await stage.send(asReader(write(), { origin: ORIGIN })),
      ];
      assert.deepEqual(
        refusals.map(({ status }) => status),
        [401, 401, 403],
      );
      for (const { headers } of refusals) {
        assert.equal(headers["access-control-allow-origin"], ORIGIN);
        assert.match(headers["access-control-expose-headers"] ?? "", /WWW-Authenticate/);
      }
      return "a page of that origin can read them and their challenges";
    },
  },
  {
    name: "`--open-path`: without a token; the rest of the host",
    async run(stage) {
      for (const path of ["/healthz", "/oauth/token"])
        await stage.until(({ status }) => status === 200, { method: "GET", path });
      const authorization = `Bearer ${token({ ...READER, aud: "https://other.example.com" })}`;
      assert.equal(
        (await stage.send({ method: "GET", path: "/oauth/userinfo", headers: { authorization } })).status,
        200,
      );
      assert.equal((await stage.send({ headers: anonymous(), body: read() })).status, 401);
      assert.notEqual((await stage.send({ path: "/healthz/x", headers: anonymous(), body: read() })).status, 200);
      return "200; guarded as before";
    },
  },
  {
    name: "`--ignore-upgrades`: a call that offers to upgrade to TLS",
    async run(stage) {
      const offer = { connection: "Upgrade", upgrade: "TLS/1.2" };
      assert.equal((await stage.send(asReader(read(), offer))).status, 200);
      assert.equal((await stage.send(asReader(write(), offer))).status, 403);
      return "judged like any other";
    },
  },
  {
    name: "`--trusted-hops 1`: the address that the proxy in front tells",
    async run(stage) {
      const headers = { "x-forwarded-for": "203.0.113.7, 203.0.113.8" };
      await stage.watched(() => stage.send(asReader(read(), headers)));
      // As the access logs of both targets write the address; it is written once in a while.
      const taken = (address: string): RegExp => new RegExp(`"from":"${address}"| ${address}:0 `);
      for (let i = 0; i < 60 && !taken("203.0.113.8").test(stage.gateway.envoyLog); i++) await sleep(250);
      const log = stage.gateway.envoyLog;
      assert.ok(
        taken("203.0.113.8").test(log) && !taken("203.0.113.7").test(log),
        "the access log has another address",
      );
      return "is believed, what stands before it is not";
    },
  },
  {
    name: "the objects without these options again",
    async run(stage) {
      stage.apply(stage.print(stage.policy));
      await stage.until(({ headers }) => headers["access-control-allow-origin"] === undefined, preflight(ORIGIN));
      await stage.until(({ status }) => status !== 200, { method: "GET", path: "/healthz" });
      return "nothing of them is left";
    },
  },
];
