import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CannotRun, Exit, onlyFile, readInput, UsageError, type Command, type Invocation } from "../command.ts";
import { compilePolicy, pluginConfiguration, type Policy } from "../compiler/index.ts";
import { envoyBootstrap, httpFilters, type Address, type EnvoyTarget, type Jwks } from "../targets/envoy.ts";
import { nameOf, report } from "./check.ts";

type Options = Invocation["options"];

const TARGETS = ["envoy"];

export const manifest: Command = {
  summary: "complete YAML for a host, ready to run or apply",
  help: `Usage: scopegate manifest POLICY --target envoy [options]

Compiles the policy and prints the configuration of the host around it.

Options:
  --target envoy        a whole Envoy bootstrap: envoy -c FILE
  --jwks URL|FILE       the keys that verify tokens; a file's text becomes part of the output
  --issuer URL          default: the policy's authorization server
  --audience TEXT       may be repeated; default: the policy's audiences, or its resource
  --upstream HOST:PORT  the MCP server; default 127.0.0.1:3000
  --listen HOST:PORT    default 127.0.0.1:10000
  --admin HOST:PORT     Envoy's admin interface; default 127.0.0.1:9901
  --wasm PATH           scopegate.wasm as the host will see it; default: the one beside this program
  --no-hold-headers     let a request's headers go on before its body is judged (--hold-headers is the default for envoy)
  --filters-only        only the http_filters entries; without --jwks only Scopegate's own
  -o, --output FILE     write it there

Exit codes: 0 done, 1 the policy is wrong and nothing was written, 2 usage, or a file could not be read or written.
`,
  options: {
    target: { type: "string" },
    jwks: { type: "string" },
    issuer: { type: "string" },
    audience: { type: "string", multiple: true },
    upstream: { type: "string" },
    listen: { type: "string" },
    admin: { type: "string" },
    wasm: { type: "string" },
    "hold-headers": { type: "boolean" },
    "no-hold-headers": { type: "boolean" },
    "filters-only": { type: "boolean" },
    output: { type: "string", short: "o" },
  },
  run({ options, files }) {
    const file = onlyFile(files, "POLICY");
    if (!TARGETS.includes(options.target as string))
      throw new UsageError(`--target is one of ${TARGETS.join(", ")}${options.target ? `, not ${String(options.target)}` : ""}`);
    const { program, policy, problems } = compilePolicy(readInput(file), nameOf(file));
    report(problems);
    if (!program || !policy) return Exit.Wrong;
    const target = envoyTarget(options, program, policy);
    write(options.output as string | undefined, options["filters-only"] ? httpFilters(target) : envoyBootstrap(target));
    return Exit.Done;
  },
};

function envoyTarget(options: Options, program: Uint8Array, policy: Policy): EnvoyTarget {
  const holdHeaders = holds(options);
  const jwks = jwksOption(options.jwks as string | undefined);
  if (!jwks && !options["filters-only"]) throw new UsageError("--jwks is needed: the URL or file of the keys that verify tokens");
  return {
    plugin: JSON.stringify(pluginConfiguration(program, policy, { holdHeaders })),
    wasm: (options.wasm as string | undefined) ?? besideThisProgram(),
    metadataKeys: policy.metadataKeys,
    maxBody: policy.limits.body,
    holdHeaders,
    issuer: (options.issuer as string | undefined) ?? onlyIssuer(policy),
    audiences: audiences(options, policy, jwks !== undefined),
    jwks,
    listen: address("listen", options, "127.0.0.1:10000"),
    admin: address("admin", options, "127.0.0.1:9901"),
    upstream: address("upstream", options, "127.0.0.1:3000"),
  };
}

function holds(options: Options): boolean {
  if (options["hold-headers"] && options["no-hold-headers"])
    throw new UsageError("--hold-headers and --no-hold-headers exclude each other");
  return options["no-hold-headers"] !== true;
}

function onlyIssuer({ authorizationServers }: Policy): string | undefined {
  if (authorizationServers.length > 1)
    throw new UsageError("--issuer is needed: the policy names several authorization servers");
  return authorizationServers[0];
}

/** MCP 2025-06-18, Token Handling: a server must refuse tokens that were not issued for it. */
function audiences(options: Options, policy: Policy, needed: boolean): string[] {
  const given = options.audience as string[] | undefined;
  if (given) return given;
  if (policy.audiences.length > 0) return policy.audiences;
  if (policy.resource !== undefined) return [policy.resource];
  if (needed) throw new UsageError("--audience is needed: the policy names no audience and no resource");
  return [];
}

function jwksOption(text: string | undefined): Jwks | undefined {
  if (text === undefined) return undefined;
  if (/^https?:\/\//.test(text)) return { url: new URL(text) };
  const inline = readInput(text);
  try {
    if (!Array.isArray((JSON.parse(inline) as { keys?: unknown }).keys)) throw new Error("no keys");
  } catch {
    throw new UsageError(`--jwks ${text} is no JSON Web Key Set`);
  }
  return { inline: JSON.stringify(JSON.parse(inline)) };
}

function address(name: string, options: Options, otherwise: string): Address {
  const text = (options[name] as string | undefined) ?? otherwise;
  const [, host, port] = /^\[?([^[\]]+)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new UsageError(`--${name} is HOST:PORT, not ${text}`);
  return { host, port: Number(port) };
}

/** A path that holds where the command runs: Envoy resolves it against its own working directory. */
function besideThisProgram(): string {
  const own = fileURLToPath(import.meta.url);
  const wasm = own.endsWith(".ts") ? "../../build/scopegate.wasm" : "scopegate.wasm";
  return relative(process.cwd(), fileURLToPath(new URL(wasm, import.meta.url)));
}

function write(file: string | undefined, text: string): void {
  if (file === undefined || file === "-") return void process.stdout.write(text);
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CannotRun(`cannot write ${file}: ${(error as Error).message}`);
  }
}
