// `npm run clients:older`: what older Python clients make of refusals in each mode of `denial`; writes the table in
// docs/clients.md. The packages are installed once, about 50 MB each, into .cache.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { token } from "../../scripts/envoy/issuer.ts";
import { writeBetween } from "../../scripts/pages.ts";
import { Gateway, POLICY } from "../support/envoy.ts";
import { ToolServer } from "./sdk/server.ts";

const PACKAGES = ["mcp==1.12.4", "mcp==1.20.0", "mcp==1.26.0", "mcp==1.30.0", "fastmcp==2.13.0"];
/** Beside the oldest: newer ones lack what it imports. */
const WITH: Record<string, string[]> = {
  "mcp==1.12.4": ["pydantic==2.11.10"],
  "mcp==1.20.0": ["pydantic==2.11.10"],
};
const MODES = ["http", "mixed", "in-band"] as const;
/** The tool that is refused: for a scope, which a challenge names, or for good. */
const REFUSED = { "a scope is missing": "sum", "no rule allows it": "other" };
const PROGRAM = fileURLToPath(new URL("sdk/python/older.py", import.meta.url));
const PATIENCE_MS = 60_000;

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

/** What the calls of one session came to; fewer than were made if the program ended before. */
async function play(name: string, folder: string, url: string, tools: string[]): Promise<string[]> {
  const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn("python3", [PROGRAM], { env, stdio: ["pipe", "pipe", "ignore"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const out: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stdin.end(JSON.stringify({ package: name.split("==")[0], url, tools, token: token({ scope: "echo" }) }));
  await new Promise((done) => child.on("close", done));
  clearTimeout(timer);
  const last = out.join("").trim().split("\n").at(-1)!;
  return last === "" ? [] : (JSON.parse(last) as string[]);
}

/** In a few words what became of the refused call and of the one after it. */
function verdict([first, refused, after]: string[]): string {
  if (first !== "echo ran") throw new Error(`not even the first call ran: ${first}`);
  if (refused === "no answer") return after === "echo ran" ? "the call hangs" : "the call and the session hang";
  if (refused === undefined || after !== "echo ran") return "the session ends";
  return "an error; the session goes on";
}

async function main(): Promise<void> {
  const server = await ToolServer.start(["echo", "sum", "other"]);
  const rows: string[][] = [];
  try {
    for (const name of PACKAGES) {
      const folder = installed(name);
      for (const [why, tool] of Object.entries(REFUSED)) {
        const row = [name.replace("==", " "), why];
        for (const denial of MODES) {
          const target = { upstream: { host: "127.0.0.1", port: server.port } };
          const gateway = await Gateway.start({ policy: { ...POLICY, rules: RULES, denial }, target });
          const url = `http://127.0.0.1:${gateway.port}/${denial}/${name.replace("==", "-")}/${tool}`;
          row.push(verdict(await play(name, folder, url, ["echo", tool, "echo"])));
          await gateway.stop();
        }
        console.error(row.join(" | "));
        rows.push(row);
      }
    }
  } finally {
    await server.stop();
  }
  const head = ["client", "why it is refused", ...MODES.map((mode) => `\`denial: ${mode}\``)];
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  await writeBetween("docs/clients.md", "npm run clients:older", lines.join("\n"));
}

const rule = (name: string): object => ({ name, source: { jwt: { scopes: [name] } }, target: { tools: [name] } });
const RULES = [rule("echo"), rule("sum")];

await main();
