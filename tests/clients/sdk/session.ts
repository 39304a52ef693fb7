// What a client program is told to do, and what it reports. The programs of all four SDKs use this: the TypeScript ones
// as a function, the others as JSON on standard input and output.

/** `legacy`: the initialize handshake (up to 2025-11-25). `modern`: what the SDK does on its own with a 2026-07-28 server. */
export type Era = "legacy" | "modern";

export interface Call {
  tool: string;
  arguments: Record<string, unknown>;
  /** Headers that are overwritten on the way, as a proxy between client and Envoy would. */
  tamper?: Record<string, string>;
}

/** Lists the tools, page by page to the last; or waits for notifications/tools/list_changed. */
export interface Ask {
  ask: "tools" | "changed";
  tamper?: Record<string, string>;
}

/** One session: the calls one after the other, whatever their outcome. */
export interface Session {
  url: string;
  era: Era;
  calls: (Call | Ask)[];
}

export interface Task {
  /** If absent, the client gets its own from the OAuth server that the challenges lead it to. */
  token?: string;
  sessions: Session[];
}

/** What the SDK returns to its user's code: the text of a result, the names in a list, or the error that it raises. */
export type Outcome = { text: string } | { tools: string[] } | { changed: boolean } | { error: Shown };

export interface Shown {
  /** The type of the error. */
  type: string;
  message: string;
  /** What a program can read from the error besides the message; null: nothing. */
  details: unknown;
}

/** A real MCP client. One list of outcomes per session, in order. */
export interface Client {
  /** As docs/clients.md names it. */
  name: string;
  eras: readonly Era[];
  play(task: Task): Promise<Outcome[][]>;
}
