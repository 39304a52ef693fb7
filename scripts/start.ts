// `npm start`: the whole thing on this machine. A stock Envoy with the filter, a real MCP server and a real OAuth server,
// all on 127.0.0.1, and a client that meets an allowed call, a challenge, the step-up, and refusals.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { CannotRun } from "./command.ts";
import { showPlayground } from "./commands/playground.ts";
import { compilePolicy } from "./compiler/index.ts";
import { Session } from "./demo/client.ts";
import { startMcpServer } from "./demo/mcp-server.ts";
import { startOAuthServer } from "./demo/oauth-server.ts";
import { play } from "./demo/story.ts";
import { heading, note, observe } from "./demo/trace.ts";
import { EnvoyError } from "./envoy/binary.ts";
import { Envoy } from "./envoy/envoy.ts";

const HELP = `Usage: npm start -- [--keep] [--observe] [--port N] [--cors ORIGIN]
       npm start -- --playground

Runs the demo and exits. Envoy, an MCP server and an OAuth server listen on 127.0.0.1 only.

Options:
  --keep     keep everything running afterwards and print curl commands with a token; stop with Ctrl-C
  --observe  show the decision record of each call under it
  --playground  serve the playground with the demo's policy instead
  --cors ORIGIN  let pages of this origin call and read refusals; may be repeated
  --port N   use ports N to N+3 instead of 10000 to 10003
`;
const POLICY = "envoy/policy.yaml";
const FIRST_PORT = 10_000;
const PLAYGROUND_PORT = 8790;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

interface Ports {
  envoy: number;
  mcp: number;
  oauth: number;
  admin: number;
}

function portsFrom(first: number): Ports {
  return { envoy: first, mcp: first + 1, oauth: first + 2, admin: first + 3 };
}

/** Envoy silently shares a listener's port (SO_REUSEPORT), so a port in use must be detected here. */
async function claim(ports: Ports): Promise<void> {
  for (const port of Object.values(ports) as number[]) {
    const server = createServer();
    await new Promise<void>((done, fail) => {
      server.once("error", () =>
        fail(new EnvoyError(`port ${port} is in use: stop the program that uses it, or run npm start -- --port N`)),
      );
      server.listen(port, "127.0.0.1", done);
    });
    await new Promise((done) => server.close(done));
  }
}

/** Envoy's configuration as printed by the command line: for the usual ports, the text of envoy/envoy.yaml. */
function manifest(policy: string, ports: Ports, cors: readonly string[]): string {
  const local = (port: number) => `127.0.0.1:${port}`;
  const options = ["--jwks", `http://${local(ports.oauth)}/jwks`, "--upstream", local(ports.mcp)].concat([
    "--listen",
    local(ports.envoy),
    "--admin",
    local(ports.admin),
    ...cors.flatMap((origin) => ["--cors", origin]),
  ]);
  const command = ["build/scopegate.mjs", "manifest", "-", "--target", "envoy", ...options];
  const made = spawnSync(process.execPath, command, { input: policy, encoding: "utf8" });
  if (made.status !== 0) throw new EnvoyError(made.stderr);
  return made.stdout;
}

async function run(
  ports: Ports,
  { keep, observed }: { keep: boolean; observed: boolean },
  cors: readonly string[],
): Promise<number> {
  await claim(ports);
  const text = readFileSync(POLICY, "utf8").replaceAll(
    /127\.0\.0\.1:1000(\d)/g,
    (_, digit) => `127.0.0.1:${ports.envoy + Number(digit)}`,
  );
  const { policy } = compilePolicy(text, POLICY);
  const url = new URL(policy!.resource!);
  const ran: string[] = [];
  const servers: Server[] = [];
  let envoy: Envoy | undefined;
  try {
    servers.push(await startMcpServer(ports.mcp, (tool) => ran.push(tool)));
    const issuer = policy!.authorizationServers[0]!;
    servers.push(await startOAuthServer({ issuer, resource: url.href, scopes: ["echo", "sum"] }));
    envoy = await Envoy.start(manifest(text, ports, cors), { say: (line) => console.log(line) });
    console.log(
      `Envoy with Scopegate: ${url.href}   policy: ${POLICY}   MCP server: ${ports.mcp}   OAuth server: ${issuer}`,
    );
    if (observed) observe(recordsOf(envoy));
    const faults = await play(url, policy!, ran);
    heading(
      faults.length === 0
        ? "Everything went as the policy says."
        : `Something did not go as the policy says:\n${faults.join("\n")}`,
    );
    if (keep) await stayUp(url);
    return faults.length === 0 ? 0 : 1;
  } finally {
    await envoy?.stop();
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

/** The record of the next call by this method, once the access log has it. */
function recordsOf({ accessLog }: Envoy): (method: string) => Promise<string> {
  let read = 0;
  return async (method) => {
    for (let i = 0; i < 100; i++) {
      while (read < accessLog.length) {
        const { scopegate } = JSON.parse(accessLog[read++]!) as { scopegate: Record<string, unknown> | null };
        if (scopegate?.["mcp.method.name"] === method) return JSON.stringify(scopegate);
      }
      await sleep(20);
    }
    return "the access log has no record of it";
  };
}

/** Prints curl commands with a new token, then waits for Ctrl-C. */
async function stayUp(url: URL): Promise<void> {
  const session = new Session(url, fetch);
  await session.connect();
  const call = (tool: string, args: object) =>
    `curl -i ${url.href} -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\\n` +
    `  -H 'accept: application/json, text/event-stream' \\\n` +
    `  -d '${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: args } })}'`;
  note("the token has the scope echo and lasts five minutes");
  console.log(`\nTOKEN=${session.provider.tokens()!.access_token}`);
  console.log(`\n${call("demo__echo", { text: "Hello, curl!" })}\n\n${call("demo__sum", { a: 1, b: 2 })}`);
  await session.close();
  console.log("\nPress Ctrl-C to stop.");
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  await new Promise((done) => SIGNALS.forEach((signal) => process.once(signal, done)));
}

async function main(): Promise<number> {
  const options = {
    keep: { type: "boolean" },
    observe: { type: "boolean" },
    playground: { type: "boolean" },
    port: { type: "string" },
    cors: { type: "string", multiple: true },
    help: { type: "boolean", short: "h" },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.playground) {
    await showPlayground(Number(values.port ?? PLAYGROUND_PORT), "#example=demo");
    return 0;
  }
  const first = Number(values.port ?? FIRST_PORT);
  if (!Number.isInteger(first) || first < 1 || first > 65_532)
    throw new EnvoyError(`--port is a number, not ${values.port}`);
  const wanted = { keep: values.keep === true, observed: values.observe === true };
  return run(portsFrom(first), wanted, values.cors ?? []);
}

// SIGINT and SIGTERM end the process the ordinary way, so that Envoy is ended too (envoy/envoy.ts).
for (const signal of SIGNALS) process.on(signal, () => process.exit(130));
process.exit(
  await main().catch((error: Error) => {
    console.error(
      `scopegate: ${error instanceof EnvoyError || error instanceof CannotRun ? error.message : error.stack}`,
    );
    return 2;
  }),
);
