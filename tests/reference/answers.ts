// The whole answer of a server: which answers are looked at, what becomes of the headers, and what the client gets.
import { decode, NotJson } from "./json.ts";
import { filterEvents } from "./events.ts";
import { errorText, filterText, type Judge } from "./messages.ts";

export type Headers = [name: string, value: string][];

export interface Answer {
  status: number;
  headers: Headers;
  body: Uint8Array;
}

/** What was asked: a GET, a list, or anything else. `id`: JSON of the request's id. */
export interface Asked {
  kind: "get" | "list" | "other";
  id?: string;
}

/** What the client gets. `limit`: the most bytes of an answer that is read. */
export function filterAnswer(answer: Answer, asked: Asked, judge: Judge, limit: number): Answer {
  const type = valuesOf(answer, "content-type").join(",");
  const isStream = /^\s*text\/event-stream\s*(?:;|$)/i.test(type);
  if (asked.kind === "other" || (asked.kind === "get" && !isStream) || answer.body.length === 0) return answer;
  const headers = changed(answer.headers);
  const filtering = { judge, byShape: asked.kind === "get" };
  const id = asked.id ?? "null";
  if (isEncoded(answer)) return refused(answer, headers, isStream, asked, "encoded");
  if (isStream) {
    const body = filterEvents(answer.body, asked.kind === "get" ? undefined : id, filtering, limit);
    return { ...answer, headers, body };
  }
  try {
    if (answer.body.length > limit) throw new NotJson("not_json");
    return { ...answer, headers, body: Buffer.from(filterText(decode(answer.body), filtering)) };
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    const isPage = answer.status >= 300 && !isJson(answer.body);
    return isPage ? answer : refused(answer, headers, false, asked, error.reason);
  }
}

function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(body).toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

function refused(answer: Answer, headers: Headers, isStream: boolean, { kind, id }: Asked, reason: string): Answer {
  const error = errorText(id ?? "null", reason);
  const rest = headers.filter(([name]) => name !== "content-type");
  const type = isStream ? "text/event-stream" : "application/json";
  const body = kind === "get" ? "" : isStream ? `data: ${error}\n\n` : error;
  return { status: answer.status, headers: [...rest, ["content-type", type]], body: Buffer.from(body) };
}

function valuesOf({ headers }: Answer, name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

function isEncoded(answer: Answer): boolean {
  const codings = valuesOf(answer, "content-encoding").flatMap((value) => value.split(","));
  return codings.some((coding) => !["", "identity"].includes(coding.trim().toLowerCase()));
}

const DROPPED = [
  "content-length",
  "content-encoding",
  "content-range",
  "etag",
  "digest",
  "content-digest",
  "repr-digest",
  "content-md5",
];
const SHARED = /^(?:public|s-maxage|must-revalidate)(?:=|$)/;

/** Of a list that may be changed: no length, no digests, nothing that lets a shared cache keep it. */
function changed(headers: Headers): Headers {
  const lower = headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return lower
    .filter(([name]) => !DROPPED.includes(name))
    .map(([name, value]) => [name, name === "cache-control" ? privately(value) : value]);
}

function privately(value: string): string {
  const directives = value.split(",").map((directive) => directive.trim());
  const isShared = directives.some((directive) => SHARED.test(directive.toLowerCase()));
  const rest = directives.filter((directive) => !/^(?:public|s-maxage)(?:=|$)/i.test(directive));
  return isShared ? ["private", ...rest].join(", ") : value;
}
