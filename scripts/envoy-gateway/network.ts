// Envoy Gateway listens on all addresses of its machine, so it gets a network of its own: a namespace with a loopback
// device and nothing else, which disappears with its last process.
import { spawn, spawnSync } from "node:child_process";
import { Missing } from "./binary.ts";

const INSIDE = "SCOPEGATE_OWN_NETWORK";
const WITH_LOOPBACK = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

export function isInside(): boolean {
  return process.env[INSIDE] === "1";
}

/** Runs this program again in a network of its own; returns its exit code. Throws Missing if that is not possible. */
export async function runInside(env: Record<string, string>): Promise<number> {
  const unshare = process.getuid?.() === 0 ? ["--net"] : ["--net", "--map-root-user"];
  const probe = spawnSync("unshare", [...unshare, ...WITH_LOOPBACK, "true"], { encoding: "utf8" });
  if (probe.status !== 0)
    throw new Missing(
      `cannot create a network namespace here (${probe.stderr?.trim() || "no unshare"}). Envoy Gateway would listen on ` +
        `all addresses of this machine; if that is fine, add --all-addresses.`,
    );
  const child = spawn(
    "unshare",
    [...unshare, ...WITH_LOOPBACK, process.execPath, "scripts/bootstrap.mjs", process.argv[1]!],
    {
      env: { ...process.env, ...env, [INSIDE]: "1" },
      stdio: "inherit",
    },
  );
  return new Promise((done) => child.on("close", (code) => done(code ?? 1)));
}
