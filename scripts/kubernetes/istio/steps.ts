// What Istio does with the objects.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { anonymous } from "../client.ts";
import type { Resource } from "../cluster.ts";
import { damaged, LARGE, looser, privateImage, REMOTE_KEYS, UPDATES, withoutFilter } from "../change-steps.ts";
import { asReader, CALLS, read, write } from "../steps.ts";
import { LISTS } from "../list-steps.ts";
import { ADDRESSES, ANONYMOUS, SEVERAL } from "../policy-steps.ts";
import { OPTIONS } from "../option-steps.ts";
import type { Stage, Step } from "../story.ts";
import { NAMESPACE, type Istio } from "./gateway.ts";

type Own = Step<Istio>;

const REFUSED = "pilot_total_xds_rejects";

/** The members of an object's filter, whatever its kind. */
function wasmOf(objects: Resource[]): { url: string; pluginConfig: { program: string } } {
  const extension = objects.find(({ kind }) => kind === "TrafficExtension");
  return (extension ? extension.spec.wasm : objects.find(({ kind }) => kind === "WasmPlugin")!.spec) as ReturnType<
    typeof wasmOf
  >;
}

const STATUSES: Own = {
  name: "the conditions of the Gateway and its route",
  async run(stage) {
    for (const kind of ["Gateway", "HTTPRoute"]) {
      const object: Resource = { apiVersion: "", kind, metadata: { name: "mcp", namespace: NAMESPACE } };
      const conditions = stage.cluster.conditions(object);
      assert.equal(conditions["Accepted"], "True", JSON.stringify(conditions));
      for (const type of ["Programmed", "ResolvedRefs"]) assert.notEqual(conditions[type], "False", `${kind} ${type}`);
    }
    return "Accepted, Programmed, ResolvedRefs are True; Istio gives the printed objects no status";
  },
};

const QUIET: Own = {
  name: "how long a stream may be quiet",
  async run(stage) {
    const listeners = await stage.gateway.admin("/config_dump?resource=dynamic_listeners");
    const routes = await stage.gateway.admin("/config_dump?resource=dynamic_route_configs");
    assert.match(listeners, /"stream_idle_timeout": "0s"/);
    assert.doesNotMatch(routes, /"idle_timeout": "[1-9]/);
    assert.match(routes, /"timeout": "0s"/);
    return "without a limit";
  },
};

const OLDER: Own = {
  name: "`--istio-api WasmPlugin`, which this Istio makes a TrafficExtension of",
  async run(stage) {
    stage.apply(stage.print(stage.policy, "--istio-api", "WasmPlugin", "--open-path", "/healthz"));
    await stage.until(({ status }) => status === 200, { method: "GET", path: "/healthz" });
    await stage.until(({ status }) => status === 403, asReader(write()));
    assert.equal((await stage.send(asReader(read()))).status, 200);
    stage.apply(stage.print(stage.policy));
    await stage.until(({ status }) => status === 401, { headers: anonymous(), body: read() });
    return "judges; open paths are open";
  },
};

const DAMAGED: Own[] = [
  {
    name: "a damaged policy",
    async run(stage) {
      const before = await stage.gateway.metric(REFUSED);
      const objects = stage.print(looser(stage.policy));
      const wasm = wasmOf(objects);
      wasm.pluginConfig.program = damaged(wasm.pluginConfig.program);
      stage.apply(objects);
      const deadline = Date.now() + 60_000;
      while ((await stage.gateway.metric(REFUSED)) === before) {
        assert.ok(Date.now() < deadline, "no update was refused");
        assert.equal((await stage.send(asReader(write()))).status, 403);
        await sleep(200);
      }
      const { envoyLog } = stage.gateway;
      assert.ok(envoyLog.includes("scopegate: configuration refused: the program is damaged"), "its log is silent");
      assert.equal((await stage.send(asReader(read()))).status, 200);
      return `the one before goes on judging; istiod's \`${REFUSED}{type="ecds"}\` counts it, the proxy's log has it`;
    },
  },
  {
    name: "a new proxy meanwhile",
    async run(stage) {
      await stage.gateway.restart();
      await stage.until(({ status }) => status === 500, { headers: anonymous(), body: read() });
      assert.equal((await stage.unseen(() => stage.send(asReader(read())))).status, 500);
      return "is ready, and answers 500";
    },
  },
];

const IMAGES: Own[] = [
  {
    name: "an image that is not there, in a change",
    async run(stage) {
      const objects = stage.print(stage.policy);
      const wasm = wasmOf(objects);
      wasm.url = wasm.url.replace(/@sha256:.*/, `@sha256:${"0".repeat(64)}`);
      stage.apply(objects);
      const { body } = await stage.until(({ status }) => status === 403, asReader(read()));
      assert.match(body, /RBAC: access denied/);
      assert.equal((await stage.unseen(() => stage.send({ headers: anonymous(), body: read() }))).status, 403);
      return "403 `RBAC: access denied` for all, at once: the one before does not go on; not a byte goes upstream";
    },
  },
  privateImage(NAMESPACE),
];

const SELECTOR: Own = {
  name: "`--selector` in place of `--gateway`",
  async run(stage: Stage<Istio>) {
    const objects = stage.print(stage.policy, "--selector", "gateway.networking.k8s.io/gateway-name=mcp");
    stage.apply(objects);
    const bad = { headers: anonymous({ authorization: "Bearer abc" }), body: read() };
    await sleep(2_000);
    await stage.until(({ status, headers }) => status === 401 && headers["www-authenticate"] !== undefined, bad);
    assert.equal((await stage.unseen(() => stage.send(asReader(write())))).status, 403);
    assert.equal((await stage.send(asReader(read(`/public/${"a".repeat(1_500_000)}`)))).status, 200);
    stage.apply(stage.print(stage.policy));
    return "the objects are in force by the labels of the pods";
  },
};

export const STEPS: Own[] = [
  ...CALLS,
  ...LISTS,
  STATUSES,
  QUIET,
  ...OPTIONS,
  ANONYMOUS,
  ADDRESSES,
  SEVERAL,
  ...UPDATES,
  REMOTE_KEYS,
  OLDER,
  SELECTOR,
  withoutFilter("TrafficExtension"),
  LARGE,
  ...IMAGES,
  ...DAMAGED,
  {
    name: "the first policy after that",
    async run(stage) {
      stage.apply(stage.print(stage.policy));
      await stage.until(({ status }) => status === 403, asReader(write()));
      return "judges again, without another start";
    },
  },
];
