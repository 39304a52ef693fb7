// What the tests in a cluster have in common: options, programs, a machine of their own, the story, the report.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseAllDocuments } from "yaml";
import { ENVOY_VERSION, EnvoyError, findEnvoy } from "../envoy/binary.ts";
import { Cluster, type Resource } from "./cluster.ts";
import type { Gateway, Print } from "./gateway.ts";
import { isInside, PodNetwork, runInside } from "./machine.ts";
import { startOutside } from "./outside.ts";
import { LOGS } from "./process.ts";
import { findPrograms, Missing, type ProgramName, type Programs, VERSIONS } from "./programs.ts";
import { play, type Seen, Stage, type Step } from "./story.ts";
import { writeBetween } from "../pages.ts";

export interface Test<G extends Gateway> {
  /** Name of the npm script. */
  command: string;
  what: string;
  programs: readonly ProgramName[];
  /** The page that gets the results. */
  page: string;
  versions: string;
  /** Options of `scopegate manifest` for every object. */
  manifest: readonly string[];
  start(cluster: Cluster, programs: Programs, envoy: string, network: PodNetwork): Promise<G>;
  steps: readonly Step<G>[];
}

const POLICY = "envoy/kubernetes.policy.yaml";
const say = (line: string): void => console.log(line);

function help({ command, what }: Test<never>): string {
  return `Usage: npm run ${command} -- [--cli FILE] [--no-report] [--only TEXT]

${what}
Programs that are not there are built once with Go. They are looked for in KUBE_BIN (kube-apiserver, kubectl, etcd),
ENVOY_GATEWAY_BIN and ISTIO_BIN (pilot-discovery, pilot-agent, istioctl), which name a folder or a program, and in
.cache/kubernetes/bin. Everything runs in namespaces of its own and leaves only logs, in ${LOGS}. Linux, as root.

Options:
  --cli FILE    another scopegate.mjs to print the objects with
  --no-report   write nothing into the documentation
  --only TEXT   only the steps whose name holds this; nothing is written then

Exit codes: 0 all as it should be, 1 something is not, 2 it could not run.
`;
}

/** Runs a test and ends the process with its exit code. */
export async function run<G extends Gateway>(test: Test<G>): Promise<never> {
  const code = await main(test).catch((error: Error) => {
    console.error(
      `scopegate: ${error instanceof Missing || error instanceof EnvoyError ? error.message : error.stack}`,
    );
    return 2;
  });
  process.exit(code);
}

async function main<G extends Gateway>(test: Test<G>): Promise<number> {
  const { values } = parseArgs({
    options: {
      cli: { type: "string", default: "build/scopegate.mjs" },
      "no-report": { type: "boolean" },
      only: { type: "string", default: "" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(help(test as unknown as Test<never>));
    return 0;
  }
  const programs = await findPrograms(test.programs, say);
  const envoy = await findEnvoy(say);
  if (!isInside()) return runInside({ ENVOY_BIN: envoy });
  const steps = test.steps.filter(({ name }) => name.includes(values.only));
  const stage = await prepare(test, programs, envoy, resolve(values.cli));
  const seen = await play(stage, steps, say);
  if (!seen) return 1;
  if (!values["no-report"] && steps.length === test.steps.length)
    await writeBetween(test.page, test.command, table(test, seen));
  return 0;
}

function table({ versions }: Pick<Test<never>, "versions">, seen: Seen[]): string {
  const date = new Date().toISOString().slice(0, 10);
  const rows = seen.map(({ name, answer }) => `| ${name} | ${answer} |`).join("\n");
  return (
    `Run of ${date} with ${versions}, Kubernetes ${VERSIONS.kubernetes} and Envoy ${ENVOY_VERSION}; all of it as it should be:\n\n` +
    `| tried | seen |\n| --- | --- |\n${rows}`
  );
}

async function prepare<G extends Gateway>(
  test: Test<G>,
  programs: Programs,
  envoy: string,
  cli: string,
): Promise<Stage<G>> {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-test-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const timed = async <T>(what: string, promise: Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await promise;
    say(`${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    return result;
  };
  const outside = await startOutside(join(folder, "jwks.json"));
  const cluster = await timed("a Kubernetes API", Cluster.start(programs));
  const network = await PodNetwork.create(1);
  const gateway = await timed("a control plane", test.start(cluster, programs, envoy, network));
  const print: Print = (policy, ...options) => {
    const common = [...test.manifest];
    if (!options.includes("--jwks")) common.push("--jwks", outside.jwks);
    if (!options.includes("--wasm")) common.push("--wasm", outside.image);
    if (!options.includes("--selector")) common.push("--gateway", "mcp");
    const files = [policy].flat().map((text, i) => {
      const file = join(folder, `policy-${i + 1}.yaml`);
      writeFileSync(file, text);
      return file;
    });
    return manifest(cli, [...files, ...common, ...options]);
  };
  const policy = readFileSync(POLICY, "utf8");
  const stage = new Stage(cluster, gateway, outside, policy, "mcp.example.com", print);
  stage.apply(print(policy));
  await timed("a gateway", gateway.restart());
  return stage;
}

/** The objects that the command line prints. Throws when it refuses. */
function manifest(cli: string, parameters: string[]): Resource[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "manifest", ...parameters], {
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Resource);
}
