import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CannotRun, Exit, UsageError, type Command, type Invocation } from "../command.ts";
import { compileFiles } from "../input.ts";
import { warnWithoutKey } from "../record-key.ts";
import { Compiled, type Part } from "../targets/host.ts";
import { partsOf } from "../targets/index.ts";
import { readsAddress } from "../compiler/index.ts";

export const manifest: Command = {
  summary: "print complete YAML for a host, ready to run or apply",
  help: `Usage: scopegate manifest POLICY… --target envoy|envoy-gateway|istio [options]

Compiles the policy and prints the host configuration around it. Of several policies the host and path of each request
choose one, by \`resource\` (envoy and istio). --jwks, --issuer, --audience and --upstream are then for all of them, or for
one as NAME=VALUE, where NAME is the policy's.

Options for every target:
  --jwks URL|FILE       the keys that verify tokens; a file's contents become part of the output
  --issuer URL          default: the policy's authorization server
  --audience TEXT       may be repeated; default: the policy's audiences, or its resource
  --wasm PLACE          where the host finds scopegate.wasm. envoy: a path, default the file next to this program;
                        otherwise an https:// URL (pinned by the SHA-256 of that file), or oci://IMAGE
  --upstream HOST:PORT  the MCP server; default 127.0.0.1:3000, in Kubernetes the Service mcp-server:3000
  --cors ORIGIN         let pages of this origin call (* for all) and read refusals; may be repeated
  --open-path PATH      a path on the same host that is open to all: /healthz, /oauth/* with all below it, and with
                        =HOST:PORT another upstream than the MCP server; may be repeated
  --trusted-hops N      believe X-Forwarded-For as far as N proxies in front of the host wrote it; default 0
  --candidate NEXT      a policy that is evaluated beside POLICY: what it would decide is told, and changes nothing
  --record-key FILE     a secret, at least 16 bytes: the key for what the policy's records have hashed
  -o, --output FILE     write to FILE instead of standard output

--target envoy: a complete bootstrap, for envoy -c FILE
  --listen HOST:PORT    default 127.0.0.1:10000
  --admin HOST:PORT     Envoy's admin interface; default 127.0.0.1:9901
  --no-hold-headers     forward a request's headers before its body has been checked (default: --hold-headers)
  --filters-only        print only the http_filters entries; without --jwks only Scopegate's own

--target envoy-gateway, istio: objects to apply
  --gateway NAME        default mcp
  --namespace NAME      default default
  --pull-secret NAME    the Secret with credentials for the registry of an oci:// image
  --ignore-upgrades     judge a request that offers to upgrade like any other; holds for the whole gateway
  --split DIR           write one numbered file per object

--target istio:
  --istio-api KIND      TrafficExtension (Istio 1.31, the default) or WasmPlugin (older)
  --selector KEY=VALUE  a label of the gateway's pods, for a gateway that is no Gateway of the Gateway API; may be repeated

Exit codes: 0 success, 1 the policy has errors and nothing was written, 2 wrong usage, or a file could not be read or
written.
`,
  options: {
    target: { type: "string" },
    jwks: { type: "string", multiple: true },
    issuer: { type: "string", multiple: true },
    audience: { type: "string", multiple: true },
    wasm: { type: "string" },
    upstream: { type: "string", multiple: true },
    cors: { type: "string", multiple: true },
    "open-path": { type: "string", multiple: true },
    "trusted-hops": { type: "string" },
    candidate: { type: "string" },
    "record-key": { type: "string" },
    output: { type: "string", short: "o" },
    listen: { type: "string" },
    admin: { type: "string" },
    "hold-headers": { type: "boolean" },
    "no-hold-headers": { type: "boolean" },
    "filters-only": { type: "boolean" },
    gateway: { type: "string" },
    namespace: { type: "string" },
    "pull-secret": { type: "string" },
    "ignore-upgrades": { type: "boolean" },
    "istio-api": { type: "string" },
    selector: { type: "string", multiple: true },
    split: { type: "string" },
  },
  run({ options, files }) {
    if (files.length === 0) throw new UsageError("no POLICY given");
    const members = compileFiles(files);
    const next = options.candidate as string | undefined;
    if (next !== undefined && files.length > 1) throw new UsageError("--candidate needs one POLICY");
    const candidate = next === undefined ? undefined : compileFiles([next])?.[0];
    if (!members || (next !== undefined && !candidate)) return Exit.Wrong;
    warnWithoutKey(members, options["record-key"]);
    if (options["filters-only"] && members.some(({ policy }) => readsAddress(policy)))
      process.stderr.write(ADDRESS_ADVICE);
    output(options, partsOf(new Compiled(members, candidate), options));
    return Exit.Done;
  },
};

const ADDRESS_ADVICE =
  "scopegate: the policy reads the caller's address: set use_remote_address: true in the connection manager, or a caller can choose it with X-Forwarded-For\n";

function output(options: Invocation["options"], parts: Part[]): void {
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
