// What envoy/observability/ has, with the real tools: promtool, a Prometheus that scrapes a real Envoy, and Envoy's OpenTelemetry
// access logger to a receiver. Needs Debian's package prometheus.
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { createServer as createTcp, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { http1 } from "../support/clients.ts";
import { call, Gateway, headers, POLICY } from "../support/envoy.ts";

const FOLDER = "envoy/observability";
const BODY = call("sum", { a: 1 });
/** With a rule in shadow, so that something would be decided otherwise. */
const SHADOWED = {
  ...POLICY,
  rules: [{ name: "no", action: "Deny", mode: "shadow", target: { tools: ["echo"] } }, ...POLICY.rules],
};

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let i = 0; i < 60; i++) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(200);
  }
  throw new Error(`${what} did not come`);
}

async function freePort(): Promise<number> {
  const server = createTcp().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

describe("promtool accepts", () => {
  for (const [what, file] of [
    ["config", "prometheus.yml"],
    ["rules", "rules.yml"],
  ] as const)
    test(file, () => {
      const { status, stdout, stderr, error } = spawnSync("promtool", ["check", what, join(FOLDER, file)], {
        encoding: "utf8",
      });
      assert.equal(error, undefined, "promtool is not installed: apt-get install prometheus");
      assert.equal(status, 0, stdout + stderr);
    });
});

describe("Prometheus and Envoy", () => {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-prometheus-"));
  let gateway: Gateway;
  let prometheus: ChildProcess;
  let url: string;

  before(async () => {
    gateway = await Gateway.start({ policy: SHADOWED });
    const port = await freePort();
    const config = parse(readFileSync(join(FOLDER, "prometheus.yml"), "utf8")) as {
      global: object;
      rule_files: string[];
      scrape_configs: { static_configs: object[] }[];
    };
    config.global = { scrape_interval: "1s", evaluation_interval: "1s" };
    config.rule_files = [resolve(FOLDER, "rules.yml")];
    config.scrape_configs[0]!.static_configs = [{ targets: [`127.0.0.1:${gateway.envoy.admin}`] }];
    writeFileSync(join(folder, "prometheus.yml"), stringify(config));
    const args = [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    prometheus = spawn("prometheus", args, { stdio: "ignore" });
    url = `http://127.0.0.1:${port}/api/v1`;
  });
  after(async () => {
    prometheus?.kill("SIGKILL");
    await gateway?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (
    path: string,
  ): Promise<{ data: { result: { metric: Record<string, string>; value: [number, string] }[] } } | undefined> => {
    try {
      return (await (await fetch(`${url}/${path}`)).json()) as never;
    } catch {
      return undefined;
    }
  };
  const query = async (expr: string) => (await ask(`query?query=${encodeURIComponent(expr)}`))?.data.result ?? [];

  test("the counters are there by the names that the rules and the dashboard use", async () => {
    await http1(gateway.port, { body: BODY, headers: headers() });
    await http1(gateway.port, { body: BODY, headers: headers(null) });
    await http1(gateway.port, { body: "{", headers: headers() });
    await http1(gateway.port, { body: call("echo", { text: "Hello, World!" }), headers: headers() });
    const denied = await until(
      "a scrape",
      async () => (await query('scopegate_denied{scopegate_reason="insufficient_scope"}'))[0],
    );
    assert.equal(denied.value[1], "1");
    assert.equal((await query("scopegate_would_allow_deny"))[0]?.value[1], "1");
    const used = ["rules.yml", "dashboard.json"].flatMap(
      (file) => readFileSync(join(FOLDER, file), "utf8").match(/\bscopegate_\w+/g) ?? [],
    );
    const names = [...new Set(used)].filter((name) => name !== "scopegate_reason" && !/_would_deny_/.test(name));
    assert.ok(names.length >= 5);
    for (const name of names) assert.ok((await query(name)).length > 0, name);
  });

  test("the rules are loaded and evaluated", async () => {
    const groups = await until("the rules", async () => {
      const answer = (await ask("rules")) as unknown as {
        data: { groups: { rules: { name: string; health: string }[] }[] };
      };
      const rules = answer?.data.groups.flatMap((group) => group.rules) ?? [];
      return rules.length > 0 && rules.every(({ health }) => health === "ok") ? rules : undefined;
    });
    assert.ok(groups.some(({ name }) => name === "ScopegateHostError"));
  });
});

describe("Envoy's OpenTelemetry access logger", () => {
  let server: Http2Server;
  let gateway: Gateway;
  const received: Buffer[] = [];

  before(async () => {
    server = createServer();
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("data", (chunk: Buffer) => received.push(chunk));
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.on("end", () => stream.end(Buffer.alloc(5)));
      stream.on("error", () => {});
    });
    server.listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as AddressInfo;
    const page = readFileSync("docs/observability.md", "utf8");
    const shown = /```yaml\n(name: envoy\.access_loggers\.open_telemetry\n[^]*?)```/.exec(page)![1]!;
    gateway = await Gateway.start({ edit: (yaml) => withLogger(yaml, shown, port) });
  });
  after(async () => {
    await gateway?.stop();
    server?.close();
  });

  test("the configuration of the page sends the record", async () => {
    await http1(gateway.port, { body: BODY, headers: headers() });
    const text = await until("a log record", () => {
      const all = Buffer.concat(received).toString("latin1");
      return all.includes("insufficient_scope") ? all : undefined;
    });
    assert.match(text, /deny.*scopegate\.digest[^]{0,6}[0-9a-f]{16}.*gen_ai\.tool\.name[^]{0,6}sum/s);
  });
});

/** The bootstrap with this access logger, and its cluster. */
function withLogger(yaml: string, logger: string, port: number): string {
  interface Bootstrap {
    static_resources: {
      listeners: { filter_chains: { filters: { typed_config: { access_log: unknown[] } }[] }[] }[];
      clusters: object[];
    };
  }
  const bootstrap = parse(yaml) as Bootstrap;
  const { listeners, clusters } = bootstrap.static_resources;
  const entry = parse(logger) as { typed_config: { common_config: Record<string, unknown> } };
  entry.typed_config.common_config["buffer_flush_interval"] = "0.1s";
  listeners[0]!.filter_chains[0]!.filters[0]!.typed_config.access_log.push(entry);
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const http2 = { explicit_http_config: { http2_protocol_options: {} } };
  clusters.push({
    name: "otel",
    type: "STATIC",
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        ...http2,
      },
    },
    load_assignment: { cluster_name: "otel", endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  });
  return stringify(bootstrap);
}
