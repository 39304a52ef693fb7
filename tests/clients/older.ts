// `npm run clients:older`: what older Python clients make of refusals in each mode of `denial`, and of filtered lists; writes
// the tables in docs/clients.md. The packages are installed once, about 50 MB each, into .cache.
import { token } from "../../scripts/envoy/issuer.ts";
import { writeBetween } from "../../scripts/pages.ts";
import { Gateway, POLICY } from "../support/envoy.ts";
import { listRows } from "./sdk/older-lists.ts";
import { PACKAGES, play } from "./sdk/older.ts";
import { ToolServer } from "./sdk/server.ts";

const MODES = ["http", "mixed", "in-band"] as const;
/** The tool that is refused: for a scope, which a challenge names, or for good. */
const REFUSED = { "a scope is missing": "sum", "no rule allows it": "other" };
/** In a few words what became of the refused call and of the one after it. */
function verdict([first, refused, after]: string[]): string {
  if (first !== "echo ran") throw new Error(`not even the first call ran: ${first}`);
  if (refused === "no answer") return after === "echo ran" ? "the call hangs" : "the call and the session hang";
  if (refused === undefined || after !== "echo ran") return "the session ends";
  return "an error; the session goes on";
}

/** A row for each client and reason of a refusal. */
async function refusalRows(): Promise<string[][]> {
  const server = await ToolServer.start(["echo", "sum", "other"]);
  const rows: string[][] = [];
  try {
    for (const name of PACKAGES)
      for (const [why, tool] of Object.entries(REFUSED)) {
        const row = [name.replace("==", " "), why];
        for (const denial of MODES) {
          const target = { upstream: { host: "127.0.0.1", port: server.port } };
          const gateway = await Gateway.start({ policy: { ...POLICY, rules: RULES, denial }, target });
          const url = `http://127.0.0.1:${gateway.port}/${denial}/${name.replace("==", "-")}/${tool}`;
          const calls = ["echo", tool, "echo"].map((called) => ({ tool: called }));
          row.push(verdict(await play(name, url, calls, token({ scope: "echo" }))));
          await gateway.stop();
        }
        console.error(row.join(" | "));
        rows.push(row);
      }
  } finally {
    await server.stop();
  }
  return rows;
}

async function write(command: string, head: string[], rows: string[][]): Promise<void> {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  await writeBetween("docs/clients.md", command, lines.join("\n"));
}

const rule = (name: string): object => ({ name, source: { jwt: { scopes: [name] } }, target: { tools: [name] } });
const RULES = [rule("echo"), rule("sum")];

const modes = MODES.map((mode) => `\`denial: ${mode}\``);
await write("npm run clients:older, lists", ["client", "its token", "what it sees"], await listRows());
await write("npm run clients:older", ["client", "why it is refused", ...modes], await refusalRows());
