// One long-running program of the test, with its log in a file.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const LOGS = join(".cache", "kubernetes", "logs");
const STOP_TIMEOUT_MS = 10_000;

export interface Options {
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Folders to be seen at other places, for this program only: place → folder. */
  mounts?: Record<string, string>;
  /** A command in front of it. */
  prefix?: readonly string[];
}

export class Program {
  private constructor(
    private readonly child: ChildProcess,
    private readonly name: string,
  ) {}

  static start(name: string, command: string[], { env = {}, cwd, mounts = {}, prefix = [] }: Options = {}): Program {
    mkdirSync(LOGS, { recursive: true });
    const log = openSync(join(LOGS, `${name}.log`), "w");
    const binds = Object.entries(mounts).map(([place, folder]) => `mount --bind '${folder}' '${place}' && `);
    const inside = ["unshare", "--mount", "sh", "-c", `${binds.join("")}exec "$@"`, "sh"];
    const [first, ...rest] = [...prefix, ...(binds.length > 0 ? inside : []), ...command];
    const child = spawn(first!, rest, {
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
      cwd,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    return new Program(child, name);
  }

  /** Runs a program to its end. */
  static run(command: string[], env: Record<string, string>): { status: number | null; output: string } {
    const [first, ...rest] = command;
    const { status, stdout, stderr } = spawnSync(first!, rest, {
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
      encoding: "utf8",
      maxBuffer: 64 << 20,
    });
    return { status, output: status === 0 ? stdout : `${stderr}${stdout}` };
  }

  get log(): string {
    return readFileSync(join(LOGS, `${this.name}.log`), "utf8");
  }

  /**
   * Waits for something to be so.
   * @throws with the end of the log when the program ends first, or the time is over
   */
  async until(what: string, isSo: () => Promise<boolean> | boolean, seconds = 60): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await isSo())) {
      const ended = this.child.exitCode !== null || this.child.signalCode !== null;
      if (ended || Date.now() > deadline)
        throw new Error(`${this.name} ${ended ? "ended" : "did not get there"}: ${what}\n${this.log.slice(-3000)}`);
      await sleep(100);
    }
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((done) => child.once("close", done));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
  }
}
