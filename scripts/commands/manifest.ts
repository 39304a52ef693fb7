import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CannotRun, Exit, onlyFile, UsageError, type Command, type Invocation } from "../command.ts";
import { compileFile, report } from "../input.ts";
import { envoyBootstrap, httpFilters } from "../targets/envoy.ts";
import { envoyGatewayObjects } from "../targets/envoy-gateway.ts";
import { Compiled, type Part } from "../targets/host.ts";
import { istioObjects, ISTIO_METADATA_KEY } from "../targets/istio.ts";
import { envoyTarget, kubernetesTarget } from "../targets/options.ts";

type Options = Invocation["options"];

const MAX_DIRECT_RESPONSE = 4096; // bytes

const TARGETS: Record<string, (options: Options, compiled: Compiled) => Part[]> = {
  envoy(options, compiled) {
    const target = envoyTarget(options, compiled);
    return [{ name: "envoy", yaml: options["filters-only"] ? httpFilters(target) : envoyBootstrap(target) }];
  },
  "envoy-gateway"(options, compiled) {
    if (compiled.policy.resource === undefined)
      throw new UsageError("the policy needs a resource: its host and path become the route");
    const size = Buffer.byteLength(compiled.document ?? "");
    if (size > MAX_DIRECT_RESPONSE)
      throw new CannotRun(
        `the metadata document is ${size} bytes; Envoy Gateway serves at most ${MAX_DIRECT_RESPONSE}: list fewer scopesSupported`,
      );
    return envoyGatewayObjects(kubernetesTarget(options, compiled));
  },
  istio(options, compiled) {
    if (!compiled.policy.metadataKeys.includes(ISTIO_METADATA_KEY))
      throw new UsageError(
        `Istio stores the payload under ${ISTIO_METADATA_KEY}: the policy needs jwt: {metadataKey: ${ISTIO_METADATA_KEY}}`,
      );
    const target = kubernetesTarget(options, compiled);
    if (target.token.issuer === undefined)
      throw new UsageError("--issuer is required: the policy names no authorization server");
    return istioObjects(target);
  },
};

export const manifest: Command = {
  summary: "print complete YAML for a host, ready to run or apply",
  help: `Usage: scopegate manifest POLICY --target envoy|envoy-gateway|istio [options]

Compiles the policy and prints the host configuration around it.

Options for every target:
  --jwks URL|FILE       the keys that verify tokens; a file's contents become part of the output
  --issuer URL          default: the policy's authorization server
  --audience TEXT       may be repeated; default: the policy's audiences, or its resource
  --wasm PLACE          where the host finds scopegate.wasm. envoy: a path, default the file next to this program;
                        otherwise an https:// URL (pinned by the SHA-256 of that file), or oci://IMAGE
  --upstream HOST:PORT  the MCP server; default 127.0.0.1:3000, in Kubernetes the Service mcp-server:3000
  --quiet-passes        set filter state for the access log only on refused requests, not on those that pass
  -o, --output FILE     write to FILE instead of standard output

--target envoy: a complete bootstrap, for envoy -c FILE
  --listen HOST:PORT    default 127.0.0.1:10000
  --admin HOST:PORT     Envoy's admin interface; default 127.0.0.1:9901
  --no-hold-headers     forward a request's headers before its body has been checked (default: --hold-headers)
  --filters-only        print only the http_filters entries; without --jwks only Scopegate's own

--target envoy-gateway, istio: objects to apply
  --gateway NAME        default mcp
  --namespace NAME      default default
  --split DIR           write one numbered file per object

Exit codes: 0 success, 1 the policy has errors and nothing was written, 2 wrong usage, or a file could not be read or
written.
`,
  options: {
    target: { type: "string" },
    jwks: { type: "string" },
    issuer: { type: "string" },
    audience: { type: "string", multiple: true },
    wasm: { type: "string" },
    upstream: { type: "string" },
    "quiet-passes": { type: "boolean" },
    output: { type: "string", short: "o" },
    listen: { type: "string" },
    admin: { type: "string" },
    "hold-headers": { type: "boolean" },
    "no-hold-headers": { type: "boolean" },
    "filters-only": { type: "boolean" },
    gateway: { type: "string" },
    namespace: { type: "string" },
    split: { type: "string" },
  },
  run({ options, files }) {
    const file = onlyFile(files, "POLICY");
    const name = String(options["target"] ?? "");
    if (!Object.hasOwn(TARGETS, name))
      throw new UsageError(
        `--target must be one of ${Object.keys(TARGETS).join(", ")}${name === "" ? "" : `, not ${name}`}`,
      );
    const { program, policy, problems } = compileFile(file);
    report(problems);
    if (!program || !policy) return Exit.Wrong;
    output(options, TARGETS[name]!(options, new Compiled(policy, program)));
    return Exit.Done;
  },
};

function output(options: Options, parts: Part[]): void {
  const { split, output: file } = options as { split?: string; output?: string };
  if (split !== undefined) return writeParts(split, parts);
  const text = parts.map(({ yaml }) => yaml).join("---\n");
  if (file === undefined || file === "-") process.stdout.write(text);
  else write(file, text);
}

function writeParts(folder: string, parts: Part[]): void {
  parts.forEach(({ name, yaml }, i) =>
    write(join(folder, `${String(i + 1).padStart(2, "0")}-${name}.yaml`), yaml, folder),
  );
}

function write(file: string, text: string, folder?: string): void {
  try {
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
    writeFileSync(file, text);
  } catch (error) {
    throw new CannotRun(`cannot write ${file}: ${(error as Error).message}`);
  }
}
