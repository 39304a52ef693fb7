// Older Python clients: packages installed into .cache, and one program that plays a session with any of them.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const PACKAGES = ["mcp==1.12.4", "mcp==1.20.0", "mcp==1.26.0", "mcp==1.30.0", "fastmcp==2.13.0"];
/** Beside the oldest: newer ones lack what it imports. */
const WITH: Record<string, string[]> = {
  "mcp==1.12.4": ["pydantic==2.11.10"],
  "mcp==1.20.0": ["pydantic==2.11.10"],
};
const PROGRAM = fileURLToPath(new URL("python/older.py", import.meta.url));
const PATIENCE_MS = 60_000;

/** A tool to call, or what `Ask` in session.ts asks; `token` replaces the one in use. */
export type Step = ({ tool: string; arguments?: object } | { ask: "tools" | "changed" }) & { token?: string };

/** The folder with a package, installed if it is not there. Throws with pip's last line. */
function installed(name: string): string {
  const folder = resolve(".cache", `python-${name.replace("==", "-")}`);
  if (existsSync(folder)) return folder;
  console.error(`getting ${name} …`);
  const options = ["--target", `${folder}.part`, "--disable-pip-version-check", "--no-warn-conflicts", "--quiet"];
  const { status, stderr } = spawnSync("python3", ["-m", "pip", "install", ...options, name, ...(WITH[name] ?? [])], {
    encoding: "utf8",
  });
  if (status !== 0) {
    rmSync(`${folder}.part`, { recursive: true, force: true });
    throw new Error(`${name}: ${stderr.trimEnd().split("\n").at(-1)}`);
  }
  renameSync(`${folder}.part`, folder);
  return folder;
}

/** What the calls of one session came to; fewer than were made if the program ended before. Without a token it uses OAuth. */
export async function play(name: string, url: string, calls: Step[], fixed?: string): Promise<string[]> {
  const env = { ...process.env, PYTHONPATH: installed(name), PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn("python3", [PROGRAM], { env, stdio: ["pipe", "pipe", "ignore"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const out: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stdin.end(JSON.stringify({ package: name.split("==")[0], url, calls, token: fixed }));
  await new Promise((done) => child.on("close", done));
  clearTimeout(timer);
  const last = out.join("").trim().split("\n").at(-1)!;
  return last === "" ? [] : (JSON.parse(last) as string[]);
}
