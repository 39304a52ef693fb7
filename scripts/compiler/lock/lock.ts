// A lock: what an MCP server offered when somebody looked, kept in git beside the policy (docs/authoring.md).
import { digestOf, withoutDecoration } from "./digest.ts";

/** The four kinds of a server's lists: the member of the answer and of the lock, and what identifies an item. */
export const KINDS = {
  tools: { id: "name", method: "tools/list", one: "tool" },
  prompts: { id: "name", method: "prompts/list", one: "prompt" },
  resources: { id: "uri", method: "resources/list", one: "resource" },
  resourceTemplates: { id: "uriTemplate", method: "resources/templates/list", one: "resource template" },
} as const;

export type Kind = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as Kind[];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** One item: all that the server says of it but its decoration, and the digest of that. */
export interface Item {
  id: string;
  digest: string;
  content: JsonObject;
}

export interface Lock {
  /** The server's own name for itself. */
  server?: string;
  tools: Item[];
  prompts: Item[];
  resources: Item[];
  resourceTemplates: Item[];
}

/** A list that cannot become a lock; the message is for the person who made it. */
export class LockError extends Error {
  /** The server could not be asked at all, as against: its answer is wrong. */
  cannotRun = false;

  static unreachable(message: string): LockError {
    return Object.assign(new LockError(message), { cannotRun: true });
  }
}

export function emptyLock(): Lock {
  return { tools: [], prompts: [], resources: [], resourceTemplates: [] };
}

const MAX_ITEMS = 10_000;
const MAX_NAME = 2048;
/** Control and bidirectional format characters, and halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** Makes a lock from the items of a server's answers, in a stable order. Throws LockError. */
export function makeLock(answers: Record<Kind, readonly unknown[]>, server?: string): Lock {
  const lock: Lock = emptyLock();
  if (server !== undefined && server !== "" && !UNPRINTABLE.test(server)) lock.server = server;
  for (const kind of KIND_NAMES) {
    const items = answers[kind];
    if (items.length > MAX_ITEMS) throw new LockError(`the server lists more than ${MAX_ITEMS} ${kind}`);
    lock[kind] = items.map((item, index) => makeItem(kind, item, `${kind}[${index}]`)).sort(byId);
    refuseTwice(kind, lock[kind]);
  }
  return lock;
}

function makeItem(kind: Kind, value: unknown, place: string): Item {
  const { id: key, one } = KINDS[kind];
  if (!isObject(value)) throw new LockError(`${place} is no object`);
  const id = value[key];
  if (typeof id !== "string" || id === "") throw new LockError(`${place} is a ${one} without a ${key}`);
  if (id.length > MAX_NAME) throw new LockError(`${place}: its ${key} is longer than ${MAX_NAME} characters`);
  if (UNPRINTABLE.test(id))
    throw new LockError(`${place}: its ${key} ${JSON.stringify(id)} contains characters that cannot be seen`);
  if (kind === "tools" && !isObject(value["inputSchema"]))
    throw new LockError(`${place}: the tool "${id}" has no inputSchema`);
  const content = withoutDecoration(value);
  try {
    return { id, digest: digestOf(content), content };
  } catch (error) {
    throw new LockError(`${place}: ${(error as Error).message}`);
  }
}

function refuseTwice(kind: Kind, items: readonly Item[]): void {
  const twice = items.find((item, i) => i > 0 && item.id === items[i - 1]!.id);
  if (twice) throw new LockError(`the server lists the ${KINDS[kind].one} "${twice.id}" twice`);
}

function byId(a: Item, b: Item): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The hints of a tool, and what MCP takes each for when the server does not say (2025-03-26, ToolAnnotations). */
export const HINTS = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
} as const;
export type Hint = keyof typeof HINTS;

/** An annotation of a tool, such as `readOnlyHint`; undefined when the server says nothing. */
export function annotation(item: Item, name: string): Json | undefined {
  const annotations = item.content["annotations"];
  return isObject(annotations) && Object.hasOwn(annotations, name) ? annotations[name] : undefined;
}
