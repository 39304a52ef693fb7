// The two TypeScript SDKs, run in this process.
import { setTimeout as sleep } from "node:timers/promises";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import type { Ask, Client, Era, Outcome, Session, Task } from "./session.ts";

const INFO = { name: "scopegate-tests", version: "1.0.0" };

/** What both SDKs have in common. */
interface Connection {
  call(tool: string, args: Record<string, unknown>): Promise<{ content: unknown }>;
  /** One page of tools. */
  list(cursor: string | undefined): Promise<{ tools: { name: string }[]; nextCursor?: string | undefined }>;
  /** How often the server has said that the list changed. */
  changes(): number;
  close(): Promise<void>;
}

type Connect = (url: URL, options: { fetch: typeof fetch }, era: Era) => Promise<Connection>;

async function connect1(url: URL, options: { fetch: typeof fetch }): Promise<Connection> {
  const client = new Client1(INFO);
  let changes = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++);
  await client.connect(new Transport1(url, options));
  return {
    list: (cursor) => client.listTools({ cursor }),
    changes: () => changes,
    call: async (name, args) => ({ content: (await client.callTool({ name, arguments: args })).content }),
    close: () => client.close(),
  };
}

async function connect2(url: URL, options: { fetch: typeof fetch }, era: Era): Promise<Connection> {
  const client = new Client2(INFO, { versionNegotiation: { mode: era === "modern" ? "auto" : "legacy" } });
  let changes = 0;
  client.setNotificationHandler("notifications/tools/list_changed", () => void changes++);
  await client.connect(new Transport2(url, options));
  return {
    call: (name, args) => client.callTool({ name, arguments: args }),
    list: (cursor) => client.listTools(cursor === undefined ? {} : { cursor }),
    changes: () => changes,
    close: () => client.close(),
  };
}

async function playSession(connect: Connect, token: string, { url, era, calls }: Session): Promise<Outcome[]> {
  let tamper: Record<string, string> = {};
  const tampering: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries({ authorization: `Bearer ${token}`, ...tamper }))
      headers.set(name, value);
    return fetch(input, { ...init, headers });
  };
  const connection = await connect(new URL(url), { fetch: tampering }, era);
  const outcomes: Outcome[] = [];
  for (const call of calls) {
    tamper = call.tamper ?? {};
    const done =
      "ask" in call ? answerTo(call.ask, connection) : connection.call(call.tool, call.arguments).then(textOf);
    outcomes.push(await done.catch(shown));
  }
  await connection.close();
  return outcomes;
}

async function answerTo(ask: Ask["ask"], connection: Connection): Promise<Outcome> {
  if (ask === "changed") {
    for (let i = 0; i < 100 && connection.changes() === 0; i++) await sleep(20);
    return { changed: connection.changes() > 0 };
  }
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await connection.list(cursor);
    names.push(...page.tools.map(({ name }) => name));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return { tools: names };
}

function textOf({ content }: { content: unknown }): Outcome {
  return { text: (content as { text: string }[])[0]!.text };
}

/** The members of the SDKs' errors besides `message`. */
function shown(error: Error): Outcome {
  const { name: _name, message: _message, stack: _stack, ...members } = { ...error };
  const type = error.constructor.name;
  return { error: { type, message: error.message, details: Object.keys(members).length > 0 ? members : null } };
}

function clientOf(name: string, eras: readonly Era[], connect: Connect): Client {
  const play = async ({ token = "", sessions }: Task): Promise<Outcome[][]> => {
    const outcomes: Outcome[][] = [];
    for (const session of sessions) outcomes.push(await playSession(connect, token, session));
    return outcomes;
  };
  return { name, eras, play };
}

export const typescript1 = clientOf("TypeScript `sdk` 1.32.2", ["legacy"], connect1);
export const typescript2 = clientOf("TypeScript `client` 2.4.0", ["legacy", "modern"], connect2);
