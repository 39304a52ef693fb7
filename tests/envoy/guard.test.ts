// An authorization behind the filter that lets nothing pass unless the filter runs, as the manifests for Envoy Gateway and Istio
// have it, in a real Envoy.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GUARD_FILTER } from "../../scripts/targets/istio-envoy-filters.ts";
import { indent } from "../../scripts/targets/yaml.ts";
import { http1, type Request, type Response } from "../support/clients.ts";
import { beforeRouter, call, Gateway, headers, POLICY, targetFor } from "../support/envoy.ts";

const ALLOWED: Request = {
  method: "POST",
  path: "/mcp",
  headers: headers("echo"),
  body: call("echo", { text: "Hello, A!" }),
};
const REFUSED: Request = { ...ALLOWED, body: call("sum") };
const OTHERS: Request[] = ["GET", "DELETE", "OPTIONS"].map((method) => ({
  method,
  path: "/mcp",
  headers: headers("echo"),
}));

/** An Envoy with the guard before its router, and the filter with or without what the guard asks for. */
async function guarded(guard: boolean, holdHeaders: boolean, run: (gateway: Gateway) => Promise<void>): Promise<void> {
  const edit = (yaml: string): string => beforeRouter(yaml, `- ${indent(GUARD_FILTER, 2)}`);
  const plugin = { ...(JSON.parse(targetFor(POLICY, 0, holdHeaders).plugin) as object), guard };
  const gateway = await Gateway.start({ holdHeaders, edit, target: { plugin: JSON.stringify(plugin) } });
  try {
    await run(gateway);
  } finally {
    await gateway.stop();
  }
}

for (const holdHeaders of [true, false])
  describe(holdHeaders ? "headers held" : "headers forwarded", () => {
    test("where the filter runs, it decides as without a guard", () =>
      guarded(true, holdHeaders, async (gateway) => {
        for (const request of [ALLOWED, ...OTHERS])
          assert.equal((await http1(gateway.port, request)).status, 200, request.method);
        const refused = await http1(gateway.port, REFUSED);
        assert.match(String(refused.headers["www-authenticate"]), /insufficient_scope/);
      }));

    test("where nothing has marked a request, it does not pass", () =>
      guarded(false, holdHeaders, async (gateway) => {
        const answers: Response[] = [];
        for (const request of [ALLOWED, ...OTHERS]) answers.push(await http1(gateway.port, request));
        for (const { status, body } of answers) assert.deepEqual([status, String(body)], [403, "RBAC: access denied"]);
        assert.equal(gateway.upstream.bytes.length, 0);
      }));
  });
