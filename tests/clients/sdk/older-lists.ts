// Lists as older Python SDKs get them, through the policy of lists.test.ts that hides what cannot be called yet.
import { token } from "../../../scripts/envoy/issuer.ts";
import { startOAuthServer } from "../../../scripts/demo/oauth-server.ts";
import { Gateway, POLICY } from "../../support/envoy.ts";
import { freePorts } from "../../support/ports.ts";
import { PACKAGES, play, type Step } from "./older.ts";
import { ToolServer } from "./server.ts";

const PER_PAGE = 2;
const TOOLS = ["hidden1", "hidden2", "echo", "hidden3", "sum", "hidden4"];
const HIDING = { ...POLICY, lists: { tools: { obtainable: "hide" } } };

/** Its OAuth client knows a 401 only, and reads no scopes from challenges. */
const WITHOUT_STEP_UP = "mcp==1.12.4";
const CHALLENGES: [title: string, challenge: object][] = [
  ["", {}],
  [", `challenge: { include: granted }`", { include: "granted" }],
];

const BEFORE: Step[] = [
  { ask: "tools" },
  { tool: "echo", arguments: { text: "Hello, World!" } },
  { ask: "changed" },
  { tool: "sum", arguments: { a: 1, b: 2 } },
];
const SEEN = ["listed: echo", "echo ran", "the list changed"];

/** How far a session got; the fourth step is the call that needs a larger token. */
function verdict(outcomes: string[]): string {
  const [refused, ...after] = outcomes.slice(SEEN.length);
  if (outcomes.slice(0, SEEN.length).join() !== SEEN.join())
    throw new Error(`not as it should be: ${outcomes.join(", ")}`);
  if (after.length !== 1 && refused === "sum ran") throw new Error("the fourth call was not refused");
  const all = "all pages, the news, and after the step-up the tool";
  const [last, before] = [after.at(-1) ?? "", after.at(-2) ?? refused];
  if (before === "sum ran" && last === "listed: echo sum") return all;
  if (before === "sum ran" && last === "listed: sum") return `${all}; its new token has lost the scope of the first`;
  if (after.length === 0) return "all pages and the news; the refusal ends the session";
  throw new Error(`not as it should be: ${outcomes.join(", ")}`);
}

/** A token for `echo` that the application replaces after the refusal. */
async function replaced(name: string, denial: string, server: ToolServer): Promise<string> {
  const target = { upstream: { host: "127.0.0.1", port: server.port } };
  const gateway = await Gateway.start({ policy: { ...HIDING, denial }, target });
  const calls: Step[] = [...BEFORE, { ...BEFORE[3]!, token: token({ scope: "echo sum" }) }, { ask: "tools" }];
  try {
    return verdict(await play(name, `http://127.0.0.1:${gateway.port}/mcp`, calls, token({ scope: "echo" })));
  } finally {
    await gateway.stop();
  }
}

/** The SDK's own OAuth client, which the challenge sends to a real OAuth server. */
async function steppedUp(name: string, challenge: object, server: ToolServer): Promise<string> {
  const [port = 0, oauthPort = 0] = await freePorts(2);
  const [resource, issuer] = [`http://127.0.0.1:${port}/mcp`, `http://127.0.0.1:${oauthPort}`];
  const oauth = await startOAuthServer({ issuer, resource, scopes: ["echo", "sum"] });
  const gateway = await Gateway.start({
    policy: { ...HIDING, resource, authorizationServers: [issuer], challenge },
    target: {
      token: { issuer, audiences: [resource], jwks: { url: new URL("/jwks", issuer) } },
      listen: { host: "127.0.0.1", port },
      upstream: { host: "127.0.0.1", port: server.port },
    },
  });
  try {
    return verdict(await play(name, resource, [...BEFORE, { ask: "tools" }]));
  } finally {
    await gateway.stop();
    oauth.close();
    oauth.closeAllConnections();
  }
}

/** A row for each version of the SDK and way to a larger token. */
export async function listRows(): Promise<string[][]> {
  const server = await ToolServer.start(TOOLS, PER_PAGE);
  const rows: string[][] = [];
  const add = (...row: string[]): void => {
    console.error(row.join(" | "));
    rows.push(row);
  };
  try {
    for (const name of PACKAGES.filter((each) => each.startsWith("mcp=="))) {
      const client = name.replace("==", " ");
      for (const [title, challenge] of name === WITHOUT_STEP_UP ? [] : CHALLENGES)
        add(client, `from the OAuth client of the SDK${title}`, await steppedUp(name, challenge, server));
      for (const denial of ["http", "in-band"])
        add(client, `replaced by the application, \`denial: ${denial}\``, await replaced(name, denial, server));
    }
  } finally {
    await server.stop();
  }
  return rows;
}
