// Shows what goes over the wire in the demo, one short line for each relevant exchange.
const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const DIM = 2;

const colored = Boolean(process.stdout.isTTY) && !process.env["NO_COLOR"];

function paint(code: number, text: string): string {
  return colored ? `\x1b[${code}m${text}\x1b[0m` : text;
}

export function heading(text: string): void {
  console.log(`\n${colored ? `\x1b[1m${text}\x1b[0m` : text}`);
}

export function note(text: string): void {
  console.log(paint(DIM, `   ${text}`));
}

/** A tools/call as the client sent it, and its response; the demo checks itself with these. */
export interface Exchange {
  tool: string;
  status: number;
  /** WWW-Authenticate, or null. */
  challenge: string | null;
}

/** A `fetch` that prints. `exchanges` collects the tool calls. */
export function watchingFetch(exchanges: Exchange[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.pathname === "/mcp") await showCall(init, response, exchanges);
    else if (url.pathname.includes("oauth-protected-resource")) await showDocument(response);
    else if (url.pathname === "/token") await showToken(response);
    return response;
  };
}

let observer: ((method: string) => Promise<string>) | undefined;

/** Shows under each call what `look` tells of it: the decision record. */
export function observe(look: (method: string) => Promise<string>): void {
  observer = look;
}

interface Message {
  method?: string;
  params?: { name: string; arguments: unknown };
}

async function showCall(init: RequestInit | undefined, response: Response, exchanges: Exchange[]): Promise<void> {
  const message = JSON.parse(typeof init?.body === "string" ? init.body : "{}") as Message;
  const challenge = response.headers.get("www-authenticate");
  const isCall = message.method === "tools/call";
  if (!isCall && challenge === null && message.method !== "tools/list") return;
  const { name = "", arguments: args } = message.params ?? { arguments: undefined };
  if (isCall) exchanges.push({ tool: name, status: response.status, challenge });
  const reason = response.ok ? "" : `  ${await reasonOf(response)}`;
  console.log(`   → ${message.method}${isCall ? ` ${name} ${JSON.stringify(args)}` : ""}`);
  console.log(`   ← ${paint(response.ok ? GREEN : RED, `${response.status} ${response.statusText}`)}${reason}`);
  if (challenge !== null) console.log(`     ${paint(YELLOW, `WWW-Authenticate: ${challenge}`)}`);
  if (observer) note(await observer(message.method ?? ""));
}

/** Why the filter refused, from the JSON-RPC error in its reply. */
async function reasonOf(response: Response): Promise<string> {
  const { error } = (await response.clone().json()) as { error: { data: { reason: string } } };
  return error.data.reason;
}

async function showDocument(response: Response): Promise<void> {
  const { authorization_servers: servers } = (await response.clone().json()) as { authorization_servers: string[] };
  note(`· metadata document from the filter: ${response.status}, authorization server ${servers.join(" ")}`);
}

async function showToken(response: Response): Promise<void> {
  const { scope } = (await response.clone().json()) as { scope?: string };
  note(`· token from the OAuth server: ${response.status}, scope "${scope ?? ""}"`);
}
