// Finds an envoy-gateway to run, or builds one: $ENVOY_GATEWAY_BIN, then .cache/envoy-gateway, then the Go toolchain.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";

const ENVOY_GATEWAY_VERSION = "1.9.0";
const PACKAGE = `github.com/envoyproxy/gateway/cmd/envoy-gateway@v${ENVOY_GATEWAY_VERSION}`;
const CACHE = join(".cache", "envoy-gateway");

/** What prevents this test from running, in words for the person at the terminal. */
export class Missing extends Error {}

/**
 * Path of an envoy-gateway executable. The first call in a checkout may build for a quarter of an hour.
 * @throws Missing with a remedy
 */
export async function findEnvoyGateway(say: (line: string) => void): Promise<string> {
  const named = process.env["ENVOY_GATEWAY_BIN"];
  if (named) {
    if (!isExecutable(named)) throw new Missing(`ENVOY_GATEWAY_BIN is ${named}, which is not an executable file`);
    return resolve(named);
  }
  const built = resolve(CACHE, "envoy-gateway");
  if (!isExecutable(built)) await compile(say);
  return built;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function compile(say: (line: string) => void): Promise<void> {
  const remedy = `Install Go, or set ENVOY_GATEWAY_BIN to an Envoy Gateway ${ENVOY_GATEWAY_VERSION}.`;
  if (spawnSync("go", ["version"]).status !== 0) throw new Missing(`no Go toolchain to build Envoy Gateway. ${remedy}`);
  say(`building Envoy Gateway ${ENVOY_GATEWAY_VERSION} (only once; 10 to 20 minutes, 4 GB of Go caches) …`);
  const started = Date.now();
  const ticker = setInterval(() => say(`  still building, ${Math.round((Date.now() - started) / 1000)} s`), 15_000);
  const child = spawn("go", ["install", PACKAGE], {
    env: { ...process.env, GOBIN: resolve(CACHE) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (data) => (errors += data));
  const code = await new Promise((done) => child.on("close", done));
  clearInterval(ticker);
  if (code !== 0) throw new Missing(`go install ${PACKAGE} failed:\n${errors.slice(-2000)}\n${remedy}`);
}
