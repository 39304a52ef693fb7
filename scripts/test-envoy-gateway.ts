// `npm run test:envoy-gateway`: the objects of `scopegate manifest` in a real Envoy Gateway, without a cluster. Not part of
// `npm test`, because it needs an Envoy Gateway, and building one takes minutes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Upstream } from "../tests/support/upstream.ts";
import { findEnvoyGateway, Missing } from "./envoy-gateway/binary.ts";
import { EnvoyGateway } from "./envoy-gateway/gateway.ts";
import { isInside, runInside } from "./envoy-gateway/network.ts";
import { forHostMode, manifestOf, the } from "./envoy-gateway/objects.ts";
import { STEPS, type Stage } from "./envoy-gateway/story.ts";
import { EnvoyError, findEnvoy } from "./envoy/binary.ts";
import { JWKS, RESOURCE } from "./envoy/issuer.ts";
import { LoopbackRegistry } from "./image/loopback.ts";
import { ownImage } from "./image/own.ts";
import { push } from "./image/registry.ts";

const HELP = `Usage: npm run test:envoy-gateway -- [--all-addresses]

Runs the objects of envoy/envoy-gateway.yaml in Envoy Gateway's host mode, with the filter from a registry on loopback.
Envoy Gateway is $ENVOY_GATEWAY_BIN, or is built once with the Go toolchain. Linux only.

Options:
  --all-addresses   run where no network namespace can be created; Envoy Gateway then listens on all addresses

Exit codes: 0 success, 1 a step failed, 2 could not run.
`;
const POLICY = "envoy/kubernetes.policy.yaml";
const say = (line: string) => console.log(line);

async function main(): Promise<number> {
  const options = { "all-addresses": { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.platform !== "linux") throw new Missing("Envoy Gateway's host mode needs Linux");
  const binaries = { ENVOY_GATEWAY_BIN: await findEnvoyGateway(say), ENVOY_BIN: await findEnvoy(say) };
  if (!isInside() && !values["all-addresses"]) return runInside(binaries);
  return run(binaries.ENVOY_GATEWAY_BIN, binaries.ENVOY_BIN);
}

async function run(binary: string, envoy: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-test-"));
  const registry = await LoopbackRegistry.start();
  const upstream = await Upstream.start();
  const gateway = new EnvoyGateway(binary, envoy);
  const end = async () => {
    await gateway.stop();
    registry.stop();
    upstream.stop();
    rmSync(folder, { recursive: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => void end().then(() => process.exit(130)));
  try {
    const repository = { registry: registry.address, repository: "scopegate", tag: "test" };
    const digest = await push(ownImage().image, repository, { plainHttp: true });
    const jwks = join(folder, "jwks.json");
    writeFileSync(jwks, JWKS);
    return await play(stageOf(gateway, upstream, { jwks, wasm: `oci://${registry.address}/scopegate@${digest}` }));
  } finally {
    await end();
  }
}

function stageOf(gateway: EnvoyGateway, upstream: Upstream, options: Record<"jwks" | "wasm", string>): Stage {
  const policy = readFileSync(POLICY, "utf8");
  const printed = (text: string) => manifestOf(text, { ...options, upstream: `mcp-server:${upstream.port}` });
  const answer = the("HTTPRouteFilter", printed(policy)).spec as { directResponse: { body: { inline: string } } };
  const resource = new URL(RESOURCE);
  return {
    gateway,
    upstream,
    resource,
    metadata: new URL(`/.well-known/oauth-protected-resource${resource.pathname}`, resource),
    document: answer.directResponse.body.inline,
    policy,
    objects: (text) => forHostMode(printed(text), gateway.certificates),
  };
}

/** Runs every step in order; a failing one does not end the run. */
async function play(stage: Stage): Promise<number> {
  stage.gateway.apply(stage.objects(stage.policy));
  stage.gateway.start();
  let failed = 0;
  for (const [name, step] of STEPS) {
    const started = performance.now();
    const fault = await step(stage).then(
      () => undefined,
      (error: Error) => error,
    );
    if (fault) failed++;
    say(`${fault ? "✗" : "✓"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    if (fault) say(`    ${fault.message.replaceAll("\n", "\n    ")}`);
  }
  if (failed > 0)
    for (const log of [stage.gateway.log, stage.gateway.envoyLog])
      say(`\nThe end of a log:\n${log.split("\n").slice(-60).join("\n")}`);
  say(`${STEPS.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

process.exit(
  await main().catch((error: Error) => {
    console.error(
      `scopegate: ${error instanceof Missing || error instanceof EnvoyError ? error.message : error.stack}`,
    );
    return 2;
  }),
);
