import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CannotRun, Exit, onlyFile, readInput, type Command, type Invocation } from "../command.ts";
import { compilePolicy } from "../compiler/index.ts";
import { Compiled, type Part } from "../targets/host.ts";
import { partsOf } from "../targets/index.ts";
import { nameOf, report } from "./check.ts";

export const manifest: Command = {
  summary: "complete YAML for a host, ready to run or apply",
  help: `Usage: scopegate manifest POLICY --target envoy|envoy-gateway|istio [options]

Compiles the policy and prints the configuration of the host around it.

Options for every target:
  --jwks URL|FILE       the keys that verify tokens; a file's text becomes part of the output
  --issuer URL          default: the policy's authorization server
  --audience TEXT       may be repeated; default: the policy's audiences, or its resource
  --wasm PLACE          scopegate.wasm as the host will get it. envoy: a path, default the one beside this program;
                        otherwise an https:// URL (pinned by the sum of that same file), or oci://IMAGE
  --upstream HOST:PORT  the MCP server; default 127.0.0.1:3000, in Kubernetes the Service mcp-server:3000
  --cors ORIGIN         let pages of this origin call (* for all) and read refusals; may be repeated
  --open-path PATH      a path on the same host that is open to all: /healthz, /oauth/* with all below it, and with
                        =HOST:PORT another upstream than the MCP server; may be repeated
  --trusted-hops N      believe X-Forwarded-For as far as N proxies in front of the host wrote it; default 0
  --quiet-passes        leave no filter state for the access log of what passes, only of what is refused
  -o, --output FILE     write it there

--target envoy: a whole bootstrap, for envoy -c FILE
  --listen HOST:PORT    default 127.0.0.1:10000
  --admin HOST:PORT     Envoy's admin interface; default 127.0.0.1:9901
  --no-hold-headers     let a request's headers go on before its body is judged (--hold-headers is the default)
  --filters-only        only the http_filters entries; without --jwks only Scopegate's own

--target envoy-gateway, istio: objects to apply
  --gateway NAME        default mcp
  --namespace NAME      default default
  --pull-secret NAME    the Secret with credentials for the registry of an oci:// image
  --ignore-upgrades     judge a request that offers to upgrade like any other; holds for the whole gateway
  --split DIR           one file an object, numbered in order

--target istio:
  --istio-api KIND      TrafficExtension (Istio 1.31, the default) or WasmPlugin (older)
  --selector KEY=VALUE  a label of the gateway's pods, for a gateway that is no Gateway of the Gateway API; may be repeated

Exit codes: 0 done, 1 the policy is wrong and nothing was written, 2 usage, or a file could not be read or written.
`,
  options: {
    target: { type: "string" },
    jwks: { type: "string" },
    issuer: { type: "string" },
    audience: { type: "string", multiple: true },
    wasm: { type: "string" },
    upstream: { type: "string" },
    cors: { type: "string", multiple: true },
    "open-path": { type: "string", multiple: true },
    "trusted-hops": { type: "string" },
    "quiet-passes": { type: "boolean" },
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
    const file = onlyFile(files, "POLICY");
    const { program, policy, problems } = compilePolicy(readInput(file), nameOf(file));
    report(problems);
    if (!program || !policy) return Exit.Wrong;
    output(options, partsOf(new Compiled(policy, program), options));
    return Exit.Done;
  },
};

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
