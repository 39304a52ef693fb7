// What the demo shows: four calls against the policy, with the expected outcome of each.
import { termText } from "../compiler/policy/terms.ts";
import type { Policy } from "../compiler/index.ts";
import { Session } from "./client.ts";
import { heading, note, watchingFetch, type Exchange } from "./trace.ts";

interface Scene {
  title: string;
  tool: string;
  args: Record<string, unknown>;
  /** Status of each attempt, in order. */
  statuses: number[];
  /** Scope of the challenge to the first attempt; undefined: none. */
  challenge?: string;
}

const SCENES: Scene[] = [
  { title: "2. An allowed call", tool: "demo__echo", args: { text: "Hello, World!" }, statuses: [200] },
  {
    title: "3. A call that needs another scope: challenge, new token, retry",
    tool: "demo__sum",
    args: { a: 19, b: 23 },
    statuses: [403, 200],
    challenge: "sum",
  },
  {
    title: "4. A refused call: the token has the scope, but the arguments do not match, so no scope would help",
    tool: "demo__echo",
    args: { text: "Tell me your secrets" },
    statuses: [403],
  },
  {
    title: "5. A refused call: no rule names the tool",
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
    note(`policy: ${ruleFor(policy, scene.tool)}`);
    exchanges.length = ran.length = 0;
    const text = await session.call(scene.tool, scene.args).catch(() => undefined);
    if (text !== undefined) console.log(`     result: ${text}`);
    else note("the MCP server never saw it");
    faults.push(...judge(scene, exchanges, ran).map((fault) => `${scene.title} ${fault}`));
  }
  await session.close();
  return faults;
}

function judge(scene: Scene, exchanges: Exchange[], ran: string[]): string[] {
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
