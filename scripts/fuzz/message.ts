// What a JSON-RPC body asks for and what its decision must be: docs/wire-profile.md as plain functions, for the policy of
// policy.ts. Nothing here is shared with the filter.
import { allows, BODY_LIMIT, type Look, type Target } from "./policy.ts";
import { folded, hasTwin, losesDigits, member, readStrict, type Tree } from "./reader.ts";

export type Verdict = "allow" | "deny" | "reject";

const VERSION = "io.modelcontextprotocol/protocolVersion";

/** The members that decide, by the path of the object that holds them. */
const ENVELOPE: [path: string[], keys: string[]][] = [
  [[], ["jsonrpc", "id", "method", "params", "result", "error"]],
  [["params"], ["name", "arguments", "_meta", "uri", "ref", "taskId", "notifications"]],
  [
    ["params", "ref"],
    ["type", "name", "uri"],
  ],
  [["params", "notifications"], ["resourceSubscriptions"]],
  [["params", "_meta"], [VERSION]],
];

/** The decision on a body; `version` is the value of MCP-Protocol-Version. */
export function judgeBody(bytes: Uint8Array, version: string | undefined): Verdict {
  if (bytes.length === 0 || bytes.length > BODY_LIMIT) return "reject";
  const tree = readStrict(bytes);
  if (!tree) return "reject";
  if (tree.kind !== "array") return judgeMessage(tree, version);
  if (version !== "2025-03-26" || tree.items.length === 0) return "reject";
  for (const item of tree.items) {
    const verdict = item.kind === "object" ? judgeMessage(item, version) : "reject";
    if (verdict !== "allow") return verdict;
  }
  return "allow";
}

function at(tree: Tree | undefined, path: string[]): Tree | undefined {
  return path.reduce(member, tree);
}

function textAt(tree: Tree | undefined, ...path: string[]): string | undefined {
  const found = at(tree, path);
  return found?.kind === "string" ? found.value : undefined;
}

function judgeMessage(message: Tree, version: string | undefined): Verdict {
  if (message.kind !== "object") return "reject";
  if (ENVELOPE.some(([path, keys]) => keys.some((key) => hasTwin(at(message, path), key)))) return "reject";
  const jsonrpc = member(message, "jsonrpc");
  const id = member(message, "id");
  if (jsonrpc?.kind !== "string" || jsonrpc.raw !== '"2.0"' || (id && !isId(id))) return "reject";
  if (!member(message, "method")) return judgeResponse(message, id);
  const method = textAt(message, "method");
  const params = member(message, "params");
  if (!method || method.includes("\0") || member(message, "result") || member(message, "error")) return "reject";
  if (!areParams(params)) return "reject";
  return agrees(textAt(message, "params", "_meta", VERSION), version) ? judgeCall(method, params) : "reject";
}

/** Where names stand in the params: readers in C stop at a NUL. */
const NAMES = [["name"], ["uri"], ["taskId"], ["ref"], ["notifications", "resourceSubscriptions"]];

/** Whether a text has a NUL, or one anywhere in what stands in the place of a text. */
function hasNul(tree: Tree | undefined): boolean {
  if (tree?.kind === "object") return tree.members.some(({ key, value }) => key.includes("\0") || hasNul(value));
  if (tree?.kind === "array") return tree.items.some(hasNul);
  return tree?.kind === "string" && tree.value.includes("\0");
}

function isId(tree: Tree): boolean {
  return tree.kind === "string" || (tree.kind === "number" && /^-?\d+$/.test(tree.raw));
}

function areParams(tree: Tree | undefined): boolean {
  if (tree === undefined || (tree.kind === "literal" && tree.value === null)) return true;
  return tree.kind === "object" && !NAMES.some((path) => hasNul(at(tree, path)));
}

/** From 2026-07-28 on the body names the version, and clients send no responses. */
function judgeResponse(message: Tree, id: Tree | undefined): Verdict {
  const modern = at(message, ["params", "_meta", VERSION]) !== undefined;
  const one = (member(message, "result") === undefined) !== (member(message, "error") === undefined);
  return id && one && !modern ? "allow" : "reject";
}

function agrees(inBody: string | undefined, declared: string | undefined): boolean {
  if (inBody === undefined) return true;
  if (declared !== undefined) return inBody === declared;
  return !(Buffer.byteLength(inBody) === 10 && inBody >= "2026-07-28");
}

/** A separate list, so that a mistake in the compiler's (compiler/program/methods.ts) shows. */
const LIFECYCLE = [
  "initialize",
  "ping",
  "server/discover",
  "tools/list",
  "resources/list",
  "resources/templates/list",
  "prompts/list",
  "logging/setLevel",
];

/** Decides one call; the arguments are read with `see`. */
function judgeCall(method: string, params: Tree | undefined): Verdict {
  if (LIFECYCLE.includes(method) || method.startsWith("notifications/")) return "allow";
  const targets = targetsOf(method, params);
  if (!targets) return "reject";
  for (const target of targets) {
    const verdict = judgeTarget(target, member(params, "arguments"));
    if (verdict !== "allow") return verdict;
  }
  return "allow";
}

/** What a call names; undefined if it does not name it properly. */
function targetsOf(method: string, params: Tree | undefined): Target[] | undefined {
  const named = (kind: Target["kind"], ...path: string[]): Target[] | undefined => {
    const name = textAt(params, ...path);
    return name ? [{ kind, name }] : undefined;
  };
  if (method === "tools/call") return named("tool", "name");
  if (method === "prompts/get") return named("prompt", "name");
  if (["resources/read", "resources/subscribe", "resources/unsubscribe"].includes(method))
    return named("resource", "uri");
  if (method === "completion/complete") {
    const type = textAt(params, "ref", "type");
    if (type === "ref/prompt") return named("prompt", "ref", "name");
    return type === "ref/resource" ? named("resource", "ref", "uri") : undefined;
  }
  if (method === "subscriptions/listen") return subscribed(at(params, ["notifications", "resourceSubscriptions"]));
  const task = method.startsWith("tasks/") && method !== "tasks/list";
  return task && textAt(params, "taskId") === undefined ? undefined : [{ kind: "method", name: method }];
}

/** Every URI of a list; empty if there is no list. Reading ends at the first item that is not a URI. */
function subscribed(list: Tree | undefined): Target[] | undefined {
  if (!list) return [];
  if (list.kind !== "array") return undefined;
  return list.items.map((item) => ({ kind: "resource", name: item.kind === "string" ? item.value : "" }));
}

/** Of `args.a.b` the predicate reads only what is at the end of the path. */
const PASSED_THROUGH = "a";

function judgeTarget(target: Target, args: Tree | undefined): Verdict {
  if (target.kind === "resource" && !isNormal(target.name)) return "reject";
  let ambiguous = false;
  const see: Look = (tree, key) => {
    const value = member(tree, key);
    ambiguous ||= hasTwin(tree, key) || (key !== PASSED_THROUGH && losesDigits(value));
    return value;
  };
  const allowed = allows(target, args, see);
  return ambiguous ? "reject" : allowed ? "allow" : "deny";
}

/** RFC 3986 section 6.2.2, as described in docs/wire-profile.md. */
function isNormal(uri: string): boolean {
  if (uri === "" || /[\0-\x20\x7f\\]/.test(uri) || /%(?![0-9a-f]{2})/i.test(uri) || /%(2e|2f|5c)/i.test(uri))
    return false;
  if (/\/\.{1,2}([/?#]|$)/.test(uri)) return false;
  const head = /^[^:/]*(:(\/\/[^/]*)?)?/.exec(uri)![0];
  return !/[A-Z]/.test(head);
}

/** Whether the policy allows every tool call in a body, as a reader with this look-up sees them. */
export function allowsAll(tree: Tree, look: Look): boolean {
  const messages = tree.kind === "array" ? tree.items : [tree];
  return messages.every((message) => {
    const method = look(message, "method");
    if (method?.kind !== "string" || folded(method.value) !== "tools/call") return true;
    const params = look(message, "params");
    const name = look(params, "name");
    return name?.kind !== "string" || allows({ kind: "tool", name: name.value }, look(params, "arguments"), look);
  });
}
