// One running Envoy on loopback, for the demo, the tests and the bench.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EnvoyError, findEnvoy } from "./binary.ts";

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 3_000;
/** Clock ticks per second in /proc; fixed by the kernel's interface to user space on Linux. */
const TICKS = 100;

export interface EnvoyOptions {
  /** Worker threads; default 1. */
  concurrency?: number;
  logLevel?: "warning" | "info" | "debug" | "critical";
  say?: (line: string) => void;
}

/** Each running Envoy and its folder. However this process ends, nothing of them remains. */
const running = new Map<ChildProcess, string>();
process.on("exit", () => {
  for (const [child, folder] of running) {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

export class Envoy {
  /** The access log so far: one string per request. */
  readonly accessLog: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly errors: { text: string },
    /** Ports on 127.0.0.1: the admin interface, and the first listener. */
    readonly admin: number,
    readonly port: number,
  ) {
    const stdout = child.stdout!;
    stdout.setEncoding("utf8");
    let rest = "";
    stdout.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.accessLog.push(...lines);
    });
  }

  /**
   * Starts Envoy with a bootstrap whose ports may be 0 (then Envoy picks them) and waits until it serves.
   * @param config YAML or JSON text
   * @throws EnvoyError with what Envoy wrote if it does not start
   */
  static async start(config: string, options: EnvoyOptions = {}): Promise<Envoy> {
    const binary = await findEnvoy(options.say);
    const folder = mkdtempSync(join(tmpdir(), "scopegate-envoy-"));
    const [file, addressFile] = [join(folder, "envoy.yaml"), join(folder, "admin")];
    writeFileSync(file, config);
    const child = spawn(
      binary,
      ["-c", file, "--concurrency", `${options.concurrency ?? 1}`, "--admin-address-path", addressFile]
        .concat(["--disable-hot-restart", "--log-level", options.logLevel ?? "warning"])
        .concat(["--file-flush-interval-msec", "20", "--drain-time-s", "1"]),
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    running.set(child, folder);
    const errors = { text: "" };
    child.stderr.on("data", (data) => (errors.text += data));
    child.on("close", () => running.delete(child));
    try {
      const admin = await ready(child, addressFile);
      return new Envoy(child, folder, errors, admin, await listenerPort(admin));
    } catch (error) {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
      throw error instanceof EnvoyError ? new EnvoyError(explain(error.message, errors.text)) : error;
    }
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** What Envoy has written to stderr so far: warnings, and the filter's log lines. */
  get log(): string {
    return this.errors.text;
  }

  /** Waits for the access log to have `count` lines, because Envoy writes it shortly after the response. */
  async accessLines(count: number): Promise<string[]> {
    for (let i = 0; i < 100 && this.accessLog.length < count; i++) await sleep(20);
    return this.accessLog;
  }

  /** Text of an admin page. */
  async adminPage(path: string, method = "GET"): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.admin}${path}`, { method })).text();
  }

  /** Counters and gauges whose name matches the regular expression. */
  async stats(filter = ""): Promise<Record<string, number>> {
    const text = await this.adminPage(`/stats?filter=${encodeURIComponent(filter)}`);
    const pairs = text.split("\n").map((line) => /^(.+): (\d+)$/.exec(line));
    return Object.fromEntries(pairs.filter((found) => found !== null).map((found) => [found[1], Number(found[2])]));
  }

  /** CPU time of all threads so far, user and system, in seconds (10 ms steps). */
  cpuSeconds(): number {
    const text = readFileSync(`/proc/${this.pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  }

  /** Resident memory, in bytes. */
  residentBytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))![1]) * 1024;
  }

  async stop(): Promise<void> {
    await end(this.child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits for the admin address file and its /ready page; returns the admin port. */
async function ready(child: ChildProcess, addressFile: string): Promise<number> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new EnvoyError("Envoy exited during startup");
    const port = adminPort(addressFile);
    if (port && (await answers(`http://127.0.0.1:${port}/ready`))) return port;
    await sleep(25);
  }
  throw new EnvoyError(`Envoy was not ready after ${START_TIMEOUT_MS / 1000} s`);
}

function adminPort(addressFile: string): number | undefined {
  try {
    return Number(/:(\d+)$/.exec(readFileSync(addressFile, "utf8").trim())?.[1]) || undefined;
  } catch {
    return undefined; // not written yet
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

interface Listeners {
  listener_statuses: { local_address: { socket_address: { port_value: number } } }[];
}

async function listenerPort(admin: number): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${admin}/listeners?format=json`);
  const { listener_statuses: all } = (await page.json()) as Listeners;
  if (!all?.[0]) throw new EnvoyError("the configuration has no listener");
  return all[0].local_address.socket_address.port_value;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((done) => child.once("close", done));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await closed;
  clearTimeout(timer);
}

function explain(message: string, log: string): string {
  const taken = /cannot bind '([^']+)': Address (?:already )?in use/i.exec(log)?.[1];
  if (taken) return `port ${taken} is in use: stop the program that uses it, or choose another port`;
  return `${message}. Envoy wrote:\n${log.trim().split("\n").slice(-15).join("\n")}`;
}
