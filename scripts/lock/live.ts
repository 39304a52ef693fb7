// Asks a live server for its lists, with the official MCP client. Loaded only when a command needs it.
import { Client, SdkHttpError, StreamableHTTPClientTransport, type Transport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { KIND_NAMES, KINDS, LockError, type Kind } from "../compiler/lock/lock.ts";
import { noAnswers, type Answers } from "./answers.ts";
import pkg from "../../package.json" with { type: "json" };

const MAX_PAGES = 200;
const MAX_BYTES = 32 * 1024 * 1024;

export interface LiveOptions {
  headers: Record<string, string>;
  /** Milliseconds for each answer. */
  timeout: number;
}

export interface Offer {
  answers: Answers;
  server?: string;
}

/** The result of a list as it came: the client's own schemas would drop what they do not know. */
const AS_IT_IS = {
  "~standard": { version: 1, vendor: "scopegate", validate: (value: unknown) => ({ value: value as RawPage }) },
} as const;
type RawPage = { nextCursor?: unknown } & Partial<Record<Kind, unknown>>;

/** Everything that the server at a URL offers. Throws LockError. */
export async function askUrl(url: URL, options: LiveOptions): Promise<Offer> {
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: options.headers },
    fetch: limited(options.timeout),
  });
  return ask(transport, url.href, options.timeout, "auto");
}

/** The same of a program that speaks MCP on its standard input and output. Throws LockError. */
export async function askProgram(command: string[], { timeout }: LiveOptions): Promise<Offer> {
  const [program = "", ...args] = command;
  const env = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => !!entry[1]));
  const transport = new StdioClientTransport({ command: program, args, env, stderr: "inherit" });
  return ask(transport, program, timeout, "legacy");
}

/** Ends what a server would keep open for ever; streams of notifications stay. */
function limited(timeout: number): typeof fetch {
  return (input, init) => {
    if (init?.method !== "POST") return fetch(input, init);
    const signal = AbortSignal.timeout(timeout);
    return fetch(input, { ...init, signal: init.signal ? AbortSignal.any([init.signal, signal]) : signal });
  };
}

async function ask(transport: Transport, name: string, timeout: number, mode: "auto" | "legacy"): Promise<Offer> {
  const client = new Client(
    { name: "scopegate-lock", version: pkg.version },
    { versionNegotiation: { mode, probe: { timeoutMs: timeout } } },
  );
  try {
    await client.connect(transport, { timeout });
    const answers = noAnswers();
    const budget = { bytes: MAX_BYTES };
    for (const kind of offered(client)) answers[kind] = await allPages(client, kind, timeout, budget);
    const server = client.getServerVersion()?.name;
    return { answers, ...(server !== undefined && { server }) };
  } catch (error) {
    throw error instanceof LockError ? error : LockError.unreachable(explain(error, name, timeout));
  } finally {
    await client.close().catch(() => {});
  }
}

/** The kinds that the server says it has; resources bring their templates. */
function offered(client: Client): Kind[] {
  const capabilities = client.getServerCapabilities() ?? {};
  const has = { tools: capabilities.tools, prompts: capabilities.prompts, resources: capabilities.resources };
  return KIND_NAMES.filter((kind) => has[kind === "resourceTemplates" ? "resources" : kind] !== undefined);
}

async function allPages(client: Client, kind: Kind, timeout: number, budget: { bytes: number }): Promise<unknown[]> {
  const { method } = KINDS[kind];
  const items: unknown[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await onePage(client, kind, cursor, timeout);
    if (page === undefined) return items;
    if (!Array.isArray(page[kind])) throw new LockError(`the answer to ${method} has no list "${kind}"`);
    items.push(...(page[kind] as unknown[]));
    budget.bytes -= JSON.stringify(page[kind]).length;
    if (budget.bytes < 0) throw new LockError(`the lists are larger than ${MAX_BYTES / 1024 / 1024} MiB`);
    cursor = typeof page.nextCursor === "string" ? page.nextCursor : undefined;
    if (cursor !== undefined && (seen.has(cursor) || seen.size >= MAX_PAGES))
      throw new LockError(`${method} does not end: ${seen.has(cursor) ? "a page comes again" : `${MAX_PAGES} pages`}`);
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
  return items;
}

/** One page; undefined when the server has resources, but no templates and says so by an error. */
async function onePage(
  client: Client,
  kind: Kind,
  cursor: string | undefined,
  timeout: number,
): Promise<RawPage | undefined> {
  const params = cursor === undefined ? {} : { cursor };
  try {
    return (await client.request({ method: KINDS[kind].method, params }, AS_IT_IS, { timeout })) as RawPage;
  } catch (error) {
    if (kind === "resourceTemplates" && (error as { code?: unknown }).code === -32601) return undefined;
    throw error;
  }
}

/** What went wrong, and what to do about it. */
function explain(error: unknown, name: string, timeout: number): string {
  const causes = [error as Error & { code?: unknown }];
  for (let at = causes[0]?.cause; at && causes.length < 5; at = (at as Error).cause) causes.push(at as Error);
  const text = causes.map(({ message }) => message).join(": ");
  const codes = causes.map(({ code }) => String(code));
  const status = statusOf(causes);
  if (status === 401)
    return `${name} asks for a token: give one with --header "authorization: Bearer TOKEN" (401${wanted(text)})`;
  if (status === 403) return `${name} refuses this token (403${wanted(text)}): its scopes do not open the lists`;
  if (codes.includes("ECONNREFUSED")) return `${name} cannot be reached: the connection is refused`;
  if (codes.includes("ENOTFOUND") || codes.includes("EAI_AGAIN"))
    return `${name} cannot be reached: there is no such host`;
  if (codes.includes("ENOENT")) return `${name} cannot be started: there is no such program`;
  if (codes.includes("REQUEST_TIMEOUT") || causes.some((cause) => cause.name === "TimeoutError"))
    return `${name} gave no answer in ${timeout / 1000} seconds (--timeout)`;
  return `${name} does not speak MCP as expected: ${text}`;
}

function statusOf(causes: readonly Error[]): number | undefined {
  for (const cause of causes) {
    if (cause instanceof SdkHttpError) return cause.status;
    if (cause.name === "UnauthorizedError") return 401;
    if (cause.name === "InsufficientScopeError") return 403;
  }
  return undefined;
}

function wanted(text: string): string {
  const scope = /scope="([^"]*)"/.exec(text)?.[1];
  return scope ? `, scopes: ${scope}` : "";
}
