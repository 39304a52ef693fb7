import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { CannotRun, Exit, UsageError, type Command } from "../command.ts";
import { servePage } from "../playground/serve.ts";

const FIRST_PORT = 8790;
const PLACES = ["./playground/", "../../build/playground/"];

export const playground: Command = {
  summary: "serve the playground: write a policy, try calls, see why, in a browser",
  help: `Usage: scopegate playground [--port N]

Serves the playground on 127.0.0.1 until Ctrl-C: the shipped filter and this compiler in a page of a browser, which sends
nothing anywhere. Its files can also be opened from the disk, without a server.

Options:
  --port N   default ${FIRST_PORT}; 0 is any free port

Exit codes: 0 ended by Ctrl-C, 2 it could not run.
`,
  options: { port: { type: "string" } },
  async run({ options, files }) {
    if (files.length > 0) throw new UsageError(`unexpected argument ${files[0]}`);
    const port = options.port === undefined ? FIRST_PORT : Number(options.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new UsageError(`--port is a number up to 65535`);
    await showPlayground(port);
    return Exit.Done;
  },
};

/** Serves until SIGINT or SIGTERM; `fragment` is what the page begins with. Throws CannotRun. */
export async function showPlayground(port: number, fragment = ""): Promise<void> {
  const server = await servePage(pageFolder(), port).catch((error: NodeJS.ErrnoException) => {
    const taken = error.code === "EADDRINUSE";
    throw new CannotRun(taken ? `port ${port} is taken; use --port N` : `cannot listen: ${error.message}`);
  });
  const { port: found } = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${found}/${fragment}\n`);
  process.stderr.write("The playground is served on loopback. Ctrl-C ends it.\n");
  await new Promise<void>((done) =>
    (["SIGINT", "SIGTERM"] as const).forEach((signal) => process.once(signal, () => done())),
  );
  server.close();
  server.closeAllConnections();
}

function pageFolder(): string {
  const found = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((place) =>
    existsSync(place),
  );
  if (!found) throw new CannotRun("the playground was not found next to this program; run `npm run build`");
  return found;
}
