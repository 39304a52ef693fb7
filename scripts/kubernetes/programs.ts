// The programs of a cluster: found, or built once with the Go toolchain. Versions are pinned here and in go/*/go.sum.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, renameSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

export const VERSIONS = {
  kubernetes: "1.36.3",
  etcd: "3.6.16",
  gateway: "1.9.0",
  /** The newest snapshot of the 1.31 line: releases are not published as a module. */
  istio: "0.0.0-20260827124520-eed52ebb66ad",
  kustomize: "5.8.2",
};
const BUILT = resolve(".cache", "kubernetes", "bin");
const WRAPPERS = "scripts/kubernetes/go";

/** What keeps a test from running, in words for the person at the terminal. */
export class Missing extends Error {}

interface Program {
  /** A variable with the path of the program, or of a folder that holds it. */
  variable: string;
  /** Arguments of `go`; the last is the package. */
  build: string[];
  /** What the first build costs, on two cores. */
  cost: string;
}

const install = (path: string, version: string): string[] => ["install", "-ldflags=-s -w", `${path}@v${version}`];

/** Kubernetes and etcd replace modules with folders of their own, which `go install` refuses: each has a module around it. */
function wrapped(wrapper: string, path: string, ...flags: string[]): string[] {
  return ["build", "-C", resolve(WRAPPERS, wrapper), `-ldflags=-s -w ${flags.join(" ")}`, "-o", BUILT, path];
}

// Clients read the version; a build without these flags has none that they could parse.
const [major, minor] = VERSIONS.kubernetes.split(".");
const VERSION = "k8s.io/component-base/version";
const STAMP = [
  `-X ${VERSION}.gitVersion=v${VERSIONS.kubernetes}`,
  `-X ${VERSION}.gitMajor=${major} -X ${VERSION}.gitMinor=${minor}`,
];

const PROGRAMS = {
  etcd: {
    variable: "KUBE_BIN",
    build: wrapped("etcd", "go.etcd.io/etcd/server/v3"),
    cost: "30 s, 25 MB",
  },
  "kube-apiserver": {
    variable: "KUBE_BIN",
    build: wrapped("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", ...STAMP),
    cost: "4 min, 106 MB",
  },
  kubectl: {
    variable: "KUBE_BIN",
    build: wrapped("kubernetes", "k8s.io/kubernetes/cmd/kubectl", ...STAMP),
    cost: "1 min, 76 MB",
  },
  "envoy-gateway": {
    variable: "ENVOY_GATEWAY_BIN",
    build: install("github.com/envoyproxy/gateway/cmd/envoy-gateway", VERSIONS.gateway),
    cost: "5 min, 170 MB",
  },
  "pilot-discovery": {
    variable: "ISTIO_BIN",
    build: install("istio.io/istio/pilot/cmd/pilot-discovery", VERSIONS.istio),
    cost: "5 min, 130 MB",
  },
  "pilot-agent": {
    variable: "ISTIO_BIN",
    build: install("istio.io/istio/pilot/cmd/pilot-agent", VERSIONS.istio),
    cost: "10 s, 32 MB",
  },
  istioctl: {
    variable: "ISTIO_BIN",
    build: install("istio.io/istio/istioctl/cmd/istioctl", VERSIONS.istio),
    cost: "1 min, 141 MB",
  },
  kustomize: {
    variable: "KUSTOMIZE_BIN",
    build: install("sigs.k8s.io/kustomize/kustomize/v5", VERSIONS.kustomize),
    cost: "1 min, 15 MB",
  },
} satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;
/** Paths of programs. */
export type Programs = Record<ProgramName, string>;

/**
 * Finds programs, building what is not there.
 * @param say takes one line of progress
 * @throws Missing with a remedy
 */
export async function findPrograms(names: readonly ProgramName[], say: (line: string) => void): Promise<Programs> {
  const paths: Partial<Programs> = {};
  const missing: ProgramName[] = [];
  for (const name of names) {
    const path = (paths[name] = named(name) ?? join(BUILT, name));
    if (!isExecutable(path)) missing.push(name);
  }
  if (missing.length > 0) announce(missing, say);
  for (const name of missing) await build(name, say);
  return paths as Programs;
}

/** The path that a variable of the environment gives. */
function named(name: ProgramName): string | undefined {
  const { variable } = PROGRAMS[name];
  const place = process.env[variable];
  if (!place) return undefined;
  const path = isFolder(place) ? join(place, name) : place;
  if (!isExecutable(path)) throw new Missing(`${variable} is ${place}, where no executable ${name} is`);
  return resolve(path);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function announce(missing: ProgramName[], say: (line: string) => void): void {
  if (spawnSync("go", ["version"]).status !== 0) {
    const variables = new Set(missing.map((name) => PROGRAMS[name].variable));
    throw new Missing(
      `there is no Go toolchain to build ${missing.join(", ")} with: install Go, or set ${[...variables].join(", ")}`,
    );
  }
  say("To be built once, into .cache/kubernetes/bin (times on two idle cores; Go's caches grow by up to 10 GB):");
  for (const name of missing) say(`  ${name}: ${PROGRAMS[name].cost}`);
}

async function build(name: ProgramName, say: (line: string) => void): Promise<void> {
  const started = Date.now();
  const seconds = (): number => Math.round((Date.now() - started) / 1000);
  say(`building ${name} …`);
  const ticker = setInterval(() => say(`  still building ${name}, ${seconds()} s`), 30_000);
  mkdirSync(BUILT, { recursive: true });
  const args = PROGRAMS[name].build;
  const child = spawn("go", args, {
    env: { ...process.env, GOBIN: BUILT, CGO_ENABLED: "0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (data) => (errors += data));
  const code = await new Promise((done) => child.on("close", done));
  clearInterval(ticker);
  if (code !== 0) throw new Missing(`go ${args.join(" ")} failed:\n${errors.slice(-2000)}`);
  // Go names what it builds after the last part of the path that is no version.
  const made = join(BUILT, name === "etcd" ? "server" : name);
  if (made !== join(BUILT, name)) renameSync(made, join(BUILT, name));
  say(`built ${name} in ${seconds()} s`);
}

/** The folder of a published Go module's sources: objects and templates that belong to a program. Needs Go. */
export function moduleFolder(path: string, version: string): string {
  const { status, stdout, stderr } = spawnSync("go", ["mod", "download", "-json", `${path}@v${version}`], {
    encoding: "utf8",
    cwd: "/",
  });
  if (status !== 0) throw new Missing(`cannot get the Go module ${path}: ${stderr}${stdout}`);
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}
