// What the page shows, and the link that holds all of it: JSON, deflated, in the URL's fragment. Nothing is sent anywhere.

export type CallKind = "tool" | "resource" | "prompt" | "method";

export interface Call {
  /** A verified token is there. */
  token: boolean;
  scopes: string[];
  /** Other claims, as JSON text. */
  claims: string;
  kind: CallKind;
  name: string;
  /** Arguments (params of a method), as JSON text. */
  args: string;
}

export type FileName = "policy" | "lock" | "tests";
export type View = "call" | "list" | "tests";

export interface State {
  files: Record<FileName, string>;
  call: Call;
  /** A pasted answer to tools/list; empty: the lock's tools. */
  list: string;
  view: View;
}

export const EMPTY_CALL: Call = { token: true, scopes: [], claims: "{}", kind: "tool", name: "", args: "{}" };

/** The fragment of a link to this state. */
export async function encodeState(state: State): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  const packed = await through(bytes, new CompressionStream("deflate-raw"));
  let text = "";
  for (let at = 0; at < packed.length; at += 0x8000) text += String.fromCharCode(...packed.subarray(at, at + 0x8000));
  return `s=${btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

const MAX_STATE = 4 * 1024 * 1024;

/** The state of a fragment; undefined when it has none, or one that cannot be read. */
export async function decodeState(fragment: string): Promise<State | undefined> {
  const packed = /^#?s=([\w-]+)$/.exec(fragment)?.[1];
  if (packed === undefined || packed.length > MAX_STATE) return undefined;
  try {
    const bytes = Uint8Array.from(atob(packed.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const text = new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")));
    return checked(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(transform).getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    // A short link must not fill the memory.
    size += part.value.length;
    if (size > MAX_STATE) throw new Error("too large");
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/** A link may come from anybody: every member is checked. */
function checked(value: unknown): State | undefined {
  const { files, call, list, view } = value as State;
  const texts = [files.policy, files.lock, files.tests, call.claims, call.name, call.args, list];
  const fine =
    texts.every((text) => typeof text === "string") &&
    typeof call.token === "boolean" &&
    Array.isArray(call.scopes) &&
    call.scopes.every((scope) => typeof scope === "string") &&
    ["tool", "resource", "prompt", "method"].includes(call.kind) &&
    ["call", "list", "tests"].includes(view);
  return fine ? { files, call, list, view } : undefined;
}
