// A machine of its own for a test: namespaces for network, processes and mounts, with a copy-on-write view of the file
// system. Control planes listen on all addresses and want files at the root; none of that is seen outside, and all of it
// ends with its first process.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Missing } from "./programs.ts";

const INSIDE = "SCOPEGATE_OWN_MACHINE";
/** For the control planes, and for what stands outside of them: registry, MCP server. The Kubernetes API takes no loopback. */
export const CONTROL = "192.0.2.1";
export const OUTSIDE = "192.0.2.10";

/** $1: an empty folder, $2: the checkout, which is the only place whose changes stay. */
const SCRIPT = `
set -e
mount --make-rprivate /
folders=$(awk '$5 != "/" { print $5 }' /proc/self/mountinfo | cut -d/ -f2 | sort -u)
mount -t tmpfs tmpfs "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work" "$1/root"
for folder in $folders; do
  [ "$folder" = proc ] || [ "$folder" = tmp ] || mount --rbind "/$folder" "$1/root/$folder"
done
mount -t proc proc "$1/root/proc"
mount --bind "$2" "$1/root$2"
ip link set lo up
ip addr add ${CONTROL}/32 dev lo
ip addr add ${OUTSIDE}/32 dev lo
sysctl -qw net.ipv4.ip_forward=1
cd "$2"
root="$1/root"; here="$2"; shift 2
exec chroot "$root" sh -c 'cd "$0" && exec "$@"' "$here" "$@"
`;

export function isInside(): boolean {
  return process.env[INSIDE] === "1";
}

/**
 * Runs this same program on a machine of its own; gives its exit code.
 * @throws Missing where that cannot be done
 */
export async function runInside(env: Record<string, string>): Promise<number> {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new Missing("this test makes namespaces and an overlay: it needs Linux, and to be run as root");
  for (const tool of ["unshare", "nsenter", "ip", "mount", "chroot", "sysctl"])
    if (spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0)
      throw new Missing(`this test needs ${tool} (Debian: util-linux, iproute2, procps)`);
  const folder = mkdtempSync(join(tmpdir(), "scopegate-machine-"));
  const unshare = ["--net", "--mount", "--pid", "--fork", "--kill-child"];
  const again = [process.execPath, "scripts/bootstrap.mjs", ...process.argv.slice(1)];
  const child = spawn("unshare", [...unshare, "sh", "-c", SCRIPT, "sh", folder, process.cwd(), ...again], {
    env: { ...process.env, ...env, [INSIDE]: "1" },
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill("SIGTERM"));
  const code = await new Promise<number>((done) => child.on("close", (status) => done(status ?? 1)));
  rmdirSync(folder);
  return code;
}

/** A network like that of a pod: its own devices and ports, joined to the machine. */
export class PodNetwork {
  private constructor(
    readonly address: string,
    private readonly pid: number,
  ) {}

  static async create(index: number): Promise<PodNetwork> {
    const address = `192.0.2.${20 + index}`;
    const holder = spawn("unshare", ["--net", "sh", "-c", "echo; exec sleep infinity"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await new Promise((done) => holder.stdout.once("data", done));
    const network = new PodNetwork(address, holder.pid!);
    const [here, there] = [`198.51.100.${index * 4 + 1}`, `198.51.100.${index * 4 + 2}`];
    const host = (...args: string[]): void => run("ip", args);
    const pod = (...args: string[]): void => run("nsenter", [...network.prefix.slice(1), "ip", ...args]);
    host("link", "add", `pod${index}`, "type", "veth", "peer", "name", "eth0", "netns", `${holder.pid}`);
    host("addr", "add", `${here}/30`, "dev", `pod${index}`);
    host("link", "set", `pod${index}`, "up");
    pod("link", "set", "lo", "up");
    pod("addr", "add", `${there}/30`, "dev", "eth0");
    pod("addr", "add", `${address}/32`, "dev", "lo");
    pod("link", "set", "eth0", "up");
    pod("route", "add", "default", "via", here);
    host("route", "add", `${address}/32`, "via", there);
    return network;
  }

  /** What to put in front of a command, so that it runs there. */
  get prefix(): [string, ...string[]] {
    return ["nsenter", `--net=/proc/${this.pid}/ns/net`];
  }
}

function run(command: string, args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}
