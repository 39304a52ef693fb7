// What a real Envoy does with the plugin configuration: refuses a bad one at startup, keeps the old one on an update.
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import { Envoy } from "../../scripts/envoy/envoy.ts";
import { envoyBootstrap } from "../../scripts/targets/envoy.ts";
import { http1 } from "../support/clients.ts";
import { call, Gateway, headers, LOOPBACK, POLICY, targetFor } from "../support/envoy.ts";
import { Upstream } from "../support/upstream.ts";

const HELLO = call("echo", { text: "Hello, World!" });
const GOOD = targetFor(POLICY, 1).plugin;

/** The good configuration with one byte of its program changed. */
function damaged(): string {
  const configuration = JSON.parse(GOOD) as { program: string };
  const program = Buffer.from(configuration.program, "base64");
  program[program.length >> 1]! ^= 1;
  return JSON.stringify({ ...configuration, program: program.toString("base64") });
}

describe("a configuration that is refused at startup", () => {
  const wrong: [what: string, plugin: string, message: RegExp][] = [
    [
      "empty",
      "",
      /there is no configuration; give the output of this version's scopegate compile as a google\.protobuf\.StringValue/,
    ],
    ["no JSON", "hello", /not JSON text/],
    ["JSON without a program", "{}", /has no program; give the output of/],
    ["cut off", GOOD.slice(0, -10), /not strict JSON/],
    ["a program with a wrong byte", damaged(), /scopegate: /],
    ["a policy in place of its program", JSON.stringify(POLICY), /has no program/],
  ];
  for (const [what, plugin, message] of wrong)
    test(what, async () => {
      await assert.rejects(Gateway.start({ target: { plugin } }), message);
    });

  test("a Struct, which Envoy passes as protobuf bytes", async () => {
    const edit = (yaml: string) =>
      yaml
        .replace("google.protobuf.StringValue\n", "google.protobuf.Struct\n")
        .replace(/value: '(\{"scopegate".*\})'/, "value: $1");
    await assert.rejects(
      Gateway.start({ edit }),
      /is not JSON text; give the output of .* as a google\.protobuf\.StringValue/,
    );
  });
});

describe("a configuration that changes while Envoy is running", () => {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-lds-"));
  const file = join(folder, "listeners.json");
  let envoy: Envoy;
  let upstream: Upstream;

  /** Puts a listener with this plugin configuration where Envoy watches, in one step. */
  const publish = (plugin: string) => {
    const config = parse(envoyBootstrap({ ...targetFor(POLICY, upstream.port), plugin })) as Bootstrap;
    const [listener] = config.static_resources.listeners;
    const type = "type.googleapis.com/envoy.config.listener.v3.Listener";
    writeFileSync(`${file}.new`, JSON.stringify({ resources: [{ "@type": type, ...listener }] }));
    renameSync(`${file}.new`, file);
    return config;
  };
  const statusOf = async (body: string) => (await http1(envoy.port, { body, headers: headers() })).status;

  before(async () => {
    upstream = await Upstream.start();
    const config = publish(GOOD);
    const watched = { path_config_source: { path: file, watched_directory: { path: folder } } };
    const { clusters } = config.static_resources;
    envoy = await Envoy.start(
      JSON.stringify({
        node: { id: "test", cluster: "test" },
        admin: config.admin,
        dynamic_resources: { lds_config: watched },
        static_resources: { clusters },
      }),
    );
  });
  after(async () => {
    await envoy?.stop();
    upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a bad one is refused and the old one stays in force", async () => {
    assert.deepEqual([await statusOf(HELLO), await statusOf(call("sum"))], [200, 403]);
    for (const bad of ["{}", damaged()]) {
      const refusals = await updates(envoy, "rejected");
      publish(bad);
      while ((await updates(envoy, "rejected")) === refusals) await sleep(20);
      assert.deepEqual([await statusOf(HELLO), await statusOf(call("sum"))], [200, 403]);
    }
  });

  test("a good one replaces it", async () => {
    const other = { ...POLICY, rules: [{ name: "all", source: { jwt: { scopes: ["echo"] } } }] };
    publish(targetFor(other, upstream.port).plugin);
    for (let i = 0; i < 100 && (await statusOf(call("sum"))) !== 200; i++) await sleep(50);
    assert.equal(await statusOf(call("sum")), 200);
  });
});

interface Bootstrap {
  admin: object;
  static_resources: { listeners: object[]; clusters: object[] };
}

async function updates(envoy: Envoy, kind: string): Promise<number> {
  return Object.values(await envoy.stats(`^listener_manager.lds.update_${kind}$`))[0] ?? 0;
}

describe("the host's own settings", () => {
  test("several workers decide alike", async () => {
    const gateway = await Gateway.start({ concurrency: 4 });
    const statuses = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        http1(gateway.port, { body: i % 2 ? HELLO : call("sum"), headers: headers() }),
      ),
    );
    await gateway.stop();
    assert.deepEqual(
      statuses.map(({ status }) => status),
      Array.from({ length: 40 }, (_, i) => (i % 2 ? 200 : 403)),
    );
  });

  test("without jwt_authn nothing passes, whatever token is sent", async () => {
    const gateway = await Gateway.start({ target: { token: undefined } });
    const response = await http1(gateway.port, { body: HELLO, headers: headers() });
    await gateway.stop();
    assert.equal(response.status, 401);
  });

  test("an admin port in use is named", async () => {
    const gateway = await Gateway.start();
    const admin = { ...LOOPBACK, port: gateway.envoy.admin };
    const second = Gateway.start({ target: { admin } });
    try {
      await assert.rejects(second, new RegExp(`port 127.0.0.1:${admin.port} is in use`));
    } finally {
      await gateway.stop();
    }
  });
});
