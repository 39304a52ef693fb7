// What Envoy Gateway does with the objects.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { anonymous } from "../client.ts";
import { statistic } from "../gateway.ts";
import { damaged, LARGE, looser, privateImage, REMOTE_KEYS, UPDATES, withoutFilter } from "../change-steps.ts";
import { asReader, CALLS, read, write } from "../steps.ts";
import { LISTS } from "../list-steps.ts";
import { ADDRESSES, ANONYMOUS } from "../policy-steps.ts";
import { OPTIONS } from "../option-steps.ts";
import type { Step } from "../story.ts";
import type { EnvoyGateway } from "./gateway.ts";
import { kept, RIVALS, the } from "./rivals.ts";

type Own = Step<EnvoyGateway>;

const REFUSED = "listener_manager.lds.update_rejected";

const STATUSES: Own = {
  name: "the conditions of all objects",
  async run(stage) {
    const objects = stage.print(stage.policy);
    for (const object of objects) {
      const conditions = stage.cluster.conditions(object);
      if (object.kind !== "EnvoyProxy") assert.notDeepEqual(conditions, {}, object.kind);
      for (const [type, status] of Object.entries(conditions))
        assert.equal(status, "True", `${object.kind} ${object.metadata.name}: ${type}`);
    }
    return "True, all of them";
  },
};

const QUIET: Own = {
  name: "how long a stream may be quiet",
  async run(stage) {
    const dump = await stage.gateway.admin("/config_dump?resource=dynamic_route_configs");
    const routes = [
      ...dump.matchAll(/"name": "httproute\/default\/[^"]*\/rule\/0\/[^]*?"route": \{([^]*?)\n {9,12}\}/g),
    ];
    assert.match(dump, /"idle_timeout": "0s"/, `${routes.length} routes`);
    assert.match(dump, /"timeout": "0s"/);
    return "without a limit";
  },
};

const LOG: Own = {
  name: "the access log of a refused call",
  async run(stage) {
    await stage.send(asReader(write()));
    const deadline = Date.now() + 15_000; // it is written once in a while
    while (!/"details":"scopegate\{insufficient_scope\}"/.test(stage.gateway.envoyLog) && Date.now() < deadline)
      await sleep(200);
    const log = stage.gateway.envoyLog;
    for (const member of ['"details":"scopegate{insufficient_scope}"', '"sub":"alice"', '"from":"'])
      assert.ok(log.includes(member), `it has no ${member}`);
    return "has the reason, the rule, the subject and the address";
  },
};

const DAMAGED: Own[] = [
  {
    name: "a damaged policy",
    async run(stage) {
      const before = await statistic(stage.gateway, REFUSED);
      const objects = stage.print(looser(stage.policy));
      const { config } = the("EnvoyExtensionPolicy", objects).spec.wasm[0] as { config: { program: string } };
      config.program = damaged(config.program);
      stage.apply(objects);
      const deadline = Date.now() + 60_000;
      while ((await statistic(stage.gateway, REFUSED)) === before) {
        assert.ok(Date.now() < deadline, "no update was refused");
        assert.equal((await stage.send(asReader(write()))).status, 403);
        await sleep(200);
      }
      const { envoyLog, controlLog } = stage.gateway;
      assert.ok(envoyLog.includes("scopegate: configuration refused: the program is damaged"), "Envoy's log is silent");
      assert.ok(/rejected the last update/.test(controlLog), "Envoy Gateway's log is silent");
      assert.equal((await stage.send(asReader(read()))).status, 200);
      return `the one before goes on judging; \`${REFUSED}\` counts it, the logs have it`;
    },
  },
  {
    name: "the conditions meanwhile",
    async run(stage) {
      assert.deepEqual(stage.cluster.conditions(kept(stage)), { Accepted: "True" });
      return "True: they do not show it";
    },
  },
  {
    name: "a new Envoy meanwhile",
    async run(stage) {
      await stage.gateway.restart();
      await stage.until(({ status }) => status === 503, { headers: anonymous(), body: read() });
      assert.equal((await stage.unseen(() => stage.send(asReader(read())))).status, 503);
      return "is ready, and answers 503";
    },
  },
];

const IMAGES: Own[] = [
  {
    name: "an image that is not there",
    async run(stage) {
      const objects = stage.print(stage.policy);
      const { image } = (the("EnvoyExtensionPolicy", objects).spec.wasm[0] as { code: { image: { url: string } } })
        .code;
      image.url = image.url.replace(/@sha256:.*/, `@sha256:${"0".repeat(64)}`);
      stage.apply(objects);
      await stage.until(({ status, body }) => status === 403 && body.startsWith("RBAC"), asReader(read()));
      assert.equal((await stage.unseen(() => stage.send(asReader(read())))).status, 403);
      assert.deepEqual(stage.cluster.conditions(kept(stage)), { Accepted: "False" });
      return "403 `RBAC: access denied`, `Accepted=False`; not a byte goes upstream";
    },
  },
  privateImage("default"),
];

export const STEPS: Own[] = [
  ...CALLS,
  ...LISTS,
  STATUSES,
  QUIET,
  LOG,
  ...OPTIONS,
  ANONYMOUS,
  ADDRESSES,
  ...UPDATES,
  REMOTE_KEYS,
  ...RIVALS,
  withoutFilter("EnvoyExtensionPolicy"),
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
