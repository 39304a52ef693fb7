// What the demo shows: four calls against the policy, and the server's tools as the client sees them before and after the
// step-up, with the expected outcome of each.
import { termText } from "../compiler/policy/terms.ts";
import type { Policy } from "../compiler/index.ts";
import { Session } from "./client.ts";
import { TOOL_NAMES } from "./mcp-server.ts";
import { heading, note, watchingFetch, type Exchange } from "./trace.ts";

/** A list of the server's tools. */
interface ListScene {
  title: string;
  /** The tools that the client sees. */
  sees: string[];
}

interface CallScene {
  title: string;
  tool: string;
  args: Record<string, unknown>;
  /** Status of each attempt, in order. */
  statuses: number[];
  /** Scope of the challenge to the first attempt; undefined: none. */
  challenge?: string;
}

const SCENES: (ListScene | CallScene)[] = [
  { title: "2. The server's tools, as this token may use them", sees: ["demo__echo"] },
  { title: "3. An allowed call", tool: "demo__echo", args: { text: "Hello, World!" }, statuses: [200] },
  {
    title: "4. A call that needs another scope: challenge, new token, retry",
    tool: "demo__sum",
    args: { a: 19, b: 23 },
    statuses: [403, 200],
    challenge: "sum",
  },
  { title: "5. The same list with the new token", sees: ["demo__echo", "demo__sum"] },
  {
    title: "6. A refused call: the token has the scope, but the arguments do not match, so no scope would help",
    tool: "demo__echo",
    args: { text: "Tell me your secrets" },
    statuses: [403],
  },
  {
    title: "7. A refused call: no rule names the tool",
    tool: "demo__read_file",
    args: { path: "/etc/passwd" },
    statuses: [403],
  },
];

/**
 * Plays the scenes; returns what differs from the expectation (empty: nothing).
 * @param ran the tools that the MCP server ran, updated as it runs them
 */
export async function play(url: URL, policy: Policy, ran: string[]): Promise<string[]> {
  const exchanges: Exchange[] = [];
  const session = new Session(url, watchingFetch(exchanges));
  const faults: string[] = [];
  heading("1. A client without a token connects");
  await session.connect();
  for (const scene of SCENES) {
    heading(scene.title);
    const found = "sees" in scene ? await list(session, scene) : await call(session, scene, policy, exchanges, ran);
    faults.push(...found.map((fault) => `${scene.title} ${fault}`));
  }
  await session.close();
  return faults;
}

async function list(session: Session, { sees }: ListScene): Promise<string[]> {
  const names = await session.tools();
  note(`the server has: ${TOOL_NAMES.join(", ")}`);
  note(`the client sees: ${names.join(", ")}`);
  return names.join() === sees.join() ? [] : [`the client sees ${names.join()}, not ${sees.join()}`];
}

async function call(
  session: Session,
  scene: CallScene,
  policy: Policy,
  exchanges: Exchange[],
  ran: string[],
): Promise<string[]> {
  note(`policy: ${ruleFor(policy, scene.tool)}`);
  exchanges.length = ran.length = 0;
  const text = await session.call(scene.tool, scene.args).catch(() => undefined);
  if (text !== undefined) console.log(`     result: ${text}`);
  else note("the MCP server never saw it");
  return judge(scene, exchanges, ran);
}

function judge(scene: CallScene, exchanges: Exchange[], ran: string[]): string[] {
  const statuses = exchanges.map(({ status }) => status).join(" ");
  const scope = /scope="([^"]*)"/.exec(exchanges[0]?.challenge ?? "")?.[1];
  const wanted = scene.statuses.at(-1) === 200 ? scene.tool : "";
  const faults: string[] = [];
  if (statuses !== scene.statuses.join(" ")) faults.push(`statuses ${statuses}, not ${scene.statuses.join(" ")}`);
  if (scope !== scene.challenge) faults.push(`challenge for ${scope}, not ${scene.challenge}`);
  if (ran.join(" ") !== wanted) faults.push(`the server ran "${ran.join(" ")}", not "${wanted}"`);
  return faults;
}

/** The rule that names a tool, in one line. */
function ruleFor(policy: Policy, sent: string): string {
  const [backend, name] = sent.split("__");
  for (const rule of policy.rules) {
    const target = rule.targets?.find((entry) => entry.backend === backend && entry.name === name);
    if (!target) continue;
    const when = target.when ? `, when ${target.when.value}` : "";
    return `tool ${backend}/${name}, scopes [${rule.scopes.map(termText).join(", ")}]${when}`;
  }
  return "defaultAction: Deny";
}
