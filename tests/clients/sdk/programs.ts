// The client programs of other languages: prepared in .cache if their tools are installed, run as child processes.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const MCP = "2.3.0";
const CACHE = resolve(".cache");
const PYTHON_PACKAGES = resolve(CACHE, "python-mcp");
const GO_PROGRAM = resolve(CACHE, "go-mcp", process.platform === "win32" ? "client.exe" : "client");
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Runs a mode of a client program (`play`, `parse`) with a JSON value; throws with its output if it fails. */
export type Program = (mode: "play" | "parse", input: unknown) => Promise<unknown>;

/** A program, or why this machine cannot run it: for `skip`. */
export type Available = { run: Program; missing?: undefined } | { run?: undefined; missing: string };

const say = (line: string): void => console.error(line);

/** The Python client; the first call in a checkout installs the SDK with pip. */
export async function pythonProgram(): Promise<Available> {
  const python = ["python3", "python"].find((name) =>
    succeeds(name, ["-c", "import sys; sys.exit(sys.version_info < (3, 10))"]),
  );
  if (!python) return { missing: "no Python 3.10 or later" };
  const env = { ...process.env, PYTHONPATH: PYTHON_PACKAGES, PYTHONDONTWRITEBYTECODE: "1" };
  // Wheels are for one version of Python, so one of them is tried out.
  const works = `import pydantic_core, importlib.metadata as m, sys; sys.exit(m.version("mcp") != "${MCP}")`;
  if (!succeeds(python, ["-c", works], env)) {
    if (!succeeds(python, ["-m", "pip", "--version"])) return { missing: `${python} has no pip` };
    const failure = await installPython(python);
    if (failure !== undefined) return { missing: `pip could not install mcp==${MCP}: ${failure}` };
  }
  const program = here("python/client.py");
  return { run: (mode, input) => exchange(python, [program, mode], input, env) };
}

/** The last line of pip's output if it fails. */
async function installPython(python: string): Promise<string | undefined> {
  say(`getting the Python SDK (pip package mcp==${MCP}, once, about 45 MB) …`);
  const partial = `${PYTHON_PACKAGES}.part-${process.pid}`;
  const options = ["--target", partial, "--disable-pip-version-check", "--no-warn-conflicts", "--quiet"];
  try {
    await ticking(run(python, ["-m", "pip", "install", ...options, `mcp==${MCP}`]));
    rmSync(PYTHON_PACKAGES, { recursive: true, force: true });
    renameSync(partial, PYTHON_PACKAGES);
    return undefined;
  } catch (error) {
    return lastLine(error);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** The Go client; the first call in a checkout downloads the SDK and compiles. Throws if it does not compile. */
export async function goProgram(): Promise<Available> {
  if (!succeeds("go", ["version"])) return { missing: "no go" };
  const cwd = here("go");
  try {
    await run("go", ["mod", "download"], { cwd });
  } catch (error) {
    return { missing: `go mod download: ${lastLine(error)}` };
  }
  mkdirSync(resolve(GO_PROGRAM, ".."), { recursive: true });
  await ticking(run("go", ["build", "-o", GO_PROGRAM, "."], { cwd }), "compiling the Go SDK (once) …");
  return { run: (mode, input) => exchange(GO_PROGRAM, [mode], input) };
}

const TICK_MS = 10_000;

/** Reports every ten seconds that something is still going on. */
async function ticking<T>(work: Promise<T>, what = "  still at it"): Promise<T> {
  const started = Date.now();
  const ticker = setInterval(() => say(`${what} ${Math.round((Date.now() - started) / 1000)} s`), TICK_MS);
  return work.finally(() => clearInterval(ticker));
}

function succeeds(command: string, args: string[], env = process.env): boolean {
  return spawnSync(command, args, { env, stdio: "ignore" }).status === 0;
}

function lastLine(error: unknown): string {
  return String((error as Error).message)
    .trimEnd()
    .split("\n")
    .at(-1)!;
}

async function exchange(command: string, args: string[], input: unknown, env = process.env): Promise<unknown> {
  return JSON.parse(await run(command, args, { env }, JSON.stringify(input))) as unknown;
}

/** Standard output; an exit code other than 0 throws an error with standard error as its message. */
function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  input = "",
): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { ...options, stdio: "pipe" });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (data: Buffer) => out.push(data));
    child.stderr.on("data", (data: Buffer) => err.push(data));
    child.on("error", fail);
    child.stdin.on("error", () => {}); // it ended without reading; its exit code tells
    child.on("close", (code) => {
      if (code === 0) return done(Buffer.concat(out).toString());
      fail(new Error(Buffer.concat(err).toString() || `${command} ended with ${code}`));
    });
    child.stdin.end(input);
  });
}
