// One Envoy Gateway in host mode: reads objects from a folder, runs Envoy itself.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ENVOY_VERSION } from "../envoy/binary.ts";
import type { Resource } from "./objects.ts";

const STOP_TIMEOUT_MS = 10_000;

export class EnvoyGateway {
  private readonly folder = mkdtempSync(join(tmpdir(), "scopegate-envoy-gateway-"));
  /** What an installation in a cluster would have created: certificates of Envoy and of the control plane. */
  readonly certificates = join(this.folder, "config", "certs", "envoy");
  private readonly logFile = join(this.folder, "log");
  private child: ChildProcess | undefined;

  constructor(
    private readonly binary: string,
    envoy: string,
  ) {
    const place = join(this.folder, "data", "envoy-versions", ENVOY_VERSION, "bin");
    for (const path of [place, join(this.folder, "objects"), join(this.folder, "config")])
      mkdirSync(path, { recursive: true });
    symlinkSync(envoy, join(place, "envoy"));
    writeFileSync(join(this.folder, "server.yaml"), JSON.stringify(serverConfiguration(this.folder)));
    const made = spawnSync(binary, ["certgen", "--local", "--config-home", join(this.folder, "config")], {
      env: this.environment,
      encoding: "utf8",
    });
    if (made.status !== 0) throw new Error(`certgen: ${made.stderr}${made.stdout}`);
  }

  start(): void {
    const log = createWriteStream(this.logFile);
    const args = ["server", "--config-path", join(this.folder, "server.yaml")];
    this.child = spawn(this.binary, args, { env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout!.pipe(log, { end: false });
    this.child.stderr!.pipe(log, { end: false });
  }

  /** Its own log. */
  get log(): string {
    return readFileSync(this.logFile, "utf8");
  }

  /** Envoy's log, and the access log. */
  get envoyLog(): string {
    const runs = join(this.folder, "state", "envoy-runs");
    const files = readdirSync(runs, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".log"));
    return files.map((name) => readFileSync(join(runs, name), "utf8")).join("");
  }

  /** Puts the objects in place in one step: half a file would make it shut the proxy down. */
  apply(objects: Resource[]): void {
    const partial = join(this.folder, "objects.new");
    writeFileSync(partial, objects.map((object) => JSON.stringify(object)).join("\n---\n"));
    renameSync(partial, join(this.folder, "objects", "all.yaml"));
  }

  /** One of Envoy's counters. */
  async counter(name: string): Promise<number> {
    const runs = join(this.folder, "run");
    const [file] = readdirSync(runs, { recursive: true, encoding: "utf8" }).filter((path) =>
      /admin-address/.test(path),
    );
    const admin = readFileSync(join(runs, file!), "utf8").trim();
    const page = await fetch(`http://${admin}/stats?filter=${encodeURIComponent(`^${name}$`)}`);
    const [, value] = /: (\d+)/.exec(await page.text()) ?? [];
    if (value === undefined) throw new Error(`Envoy has no counter ${name}`);
    return Number(value);
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child && child.exitCode === null) {
      const closed = new Promise((done) => child.once("close", done));
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await closed;
      clearTimeout(timer);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** It stores modules under HOME. */
  private get environment(): NodeJS.ProcessEnv {
    return { ...process.env, HOME: this.folder };
  }
}

function serverConfiguration(folder: string): object {
  const host = Object.fromEntries(
    [
      ["configHome", "config"],
      ["dataHome", "data"],
      ["stateHome", "state"],
      ["runtimeDir", "run"],
    ].map(([key, name]) => [key, join(folder, name!)]),
  );
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyGateway",
    gateway: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
    provider: {
      type: "Custom",
      custom: {
        resource: { type: "File", file: { paths: [join(folder, "objects")] } },
        infrastructure: { type: "Host", host },
      },
    },
    logging: { level: { default: "info" } },
    extensionApis: { enableBackend: true, enableEnvoyPatchPolicy: true },
  };
}
