// Names with stars, resource URIs and methods: policy-language of docs/policy.md, as plainly as it can be said.
import type { Call, Kind } from "./model.ts";

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Whether a name fits a pattern in which each `*` stands for any run of characters. */
export function fitsStars(pattern: string, name: string): boolean {
  if (!hasStar(pattern)) return pattern === name;
  return new RegExp(`^${pattern.split("*").map(escape).join(".*")}$`, "su").test(name);
}

/** The parts of a URI pattern as regexes: a `*` at the end or `**` is any run, any other `*` one without `/`. */
function uriParts(pattern: string): string[] {
  const parts = pattern.match(/\*\*|\*|[^*]/gsu) ?? [];
  return parts.map((part, i) => {
    if (part === "**" || (part === "*" && i === parts.length - 1)) return ".*";
    return part === "*" ? "[^/]*" : escape(part);
  });
}

export function fitsUri(pattern: string, uri: string): boolean {
  if (!hasStar(pattern)) return pattern === uri;
  return new RegExp(`^${uriParts(pattern).join("")}$`, "su").test(uri);
}

/** Whether some text with this beginning fits a URI pattern. */
export function mayFitUri(pattern: string, beginning: string): boolean {
  const begun = uriParts(pattern).reduceRight((rest, part) => `(?:${part}${rest})?`, "");
  return new RegExp(`^${begun}$`, "su").test(beginning);
}

/** Whether a URI pattern has a star, so that spellings matter. */
export const hasStar = (name: string): boolean => name.includes("*");

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
const KIND_OF: Record<string, string> = {
  "tools/call": "tools",
  "resources/read": "resources",
  "resources/subscribe": "resources",
  "resources/unsubscribe": "resources",
  "prompts/get": "prompts",
  "completion/complete": "completion",
  "subscriptions/listen": "subscriptions",
};

/** The word of `govern` that a method belongs to, or `lifecycle`. */
export function kindOf(method: string): string {
  if (LIFECYCLE.includes(method) || method.startsWith("notifications/")) return "lifecycle";
  return KIND_OF[method] ?? (method.startsWith("tasks/") ? "tasks" : "methods");
}

/** A star never matches a method that has a kind of its own, but tasks, whose targets are methods. */
export function fitsMethod(pattern: string, literal: boolean, method: string): boolean {
  if (literal || !hasStar(pattern)) return pattern === method;
  return ["tasks", "methods"].includes(kindOf(method)) && fitsStars(pattern, method);
}

/** The name that an entry of this kind is compared with; undefined: the call has none. */
export function nameIn(kind: Kind, call: Call): string | undefined {
  return { tools: call.tool, resources: call.uri, prompts: call.prompt, methods: call.method }[kind];
}

/** RFC 3986 section 6.2.2, as the wire profile lists it. Of an open one the last segment and escape may go on. */
export function isNormalUri(uri: string, isOpen = false): boolean {
  const [, scheme = "", authority = ""] = /^([A-Za-z][A-Za-z0-9+.-]*:)?(\/\/[^/?#]*)?/.exec(uri) ?? [];
  if (/[A-Z]/.test(scheme) || /[A-Z]/.test(authority.replace(/%[0-9A-F]{2}/g, ""))) return false;
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u0020\u007f\\]/.test(uri) || /[^\u0000-\u007f]/.test(uri)) return false;
  if (/%(?![0-9A-F]{2})/.test(isOpen ? uri.replace(/%[0-9A-F]?$/, "") : uri)) return false;
  const escaped = [...uri.matchAll(/%([0-9A-F]{2})/g)].map(([, hex]) => String.fromCharCode(parseInt(hex!, 16)));
  if (escaped.some((char) => /[A-Za-z0-9\-._~/\\]/.test(char))) return false;
  const path = uri.split(/[?#]/)[0]!;
  const segments = isOpen && path === uri ? path.split("/").slice(0, -1) : path.split("/");
  return !segments.some((segment) => segment === "." || segment === "..");
}
