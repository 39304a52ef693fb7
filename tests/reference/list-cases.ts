// The cases of tests/data/list-cases: what a server answers to a list request, and what the client must get. Comparing
// leaves free what the filter may choose: blanks and commas between items, and where in an item its scopes stand.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import type { Answer, Asked, Headers } from "./answers.ts";
import { readLines } from "./corpus.ts";
import { parseJson, valueAt, type JsonNode } from "./json.ts";
import type { Json, Members } from "./model.ts";

interface Body {
  body?: string;
  body_base64?: string;
  body_gz?: string;
}

export interface Expected extends Body {
  status?: number;
  how?: "same" | "list" | "sse" | "clean";
  error?: { id?: Json; id_raw?: string };
  items?: Record<string, string>;
  headers?: Record<string, string | null>;
}

export interface ListCase {
  id: string;
  group: string;
  token: "few" | "more" | "none";
  request: { method: string; id: Json; http?: string; batch?: { method: string }[]; raw?: string };
  response: Body & { status: number; headers?: Headers; cut?: boolean; declare?: number };
  expect: Expected;
  expect_annotated?: Expected;
  accept?: Expected[];
  hide?: string[];
}

const FOLDER = new URL("../data/list-cases/", import.meta.url);

export const listCases = (): ListCase[] => readLines<ListCase>("list-cases/cases.jsonl");
export const listPolicy = (file: string): object => parse(readFileSync(new URL(file, FOLDER), "utf8")) as object;
export const tokens = JSON.parse(readFileSync(new URL("tokens.json", FOLDER), "utf8")) as Record<string, Members>;

export function bytesOf({ body, body_base64, body_gz }: Body): Buffer {
  if (body_gz !== undefined) return gunzipSync(Buffer.from(body_gz, "base64"));
  return body_base64 === undefined ? Buffer.from(body ?? "") : Buffer.from(body_base64, "base64");
}

const isList = ({ method }: { method: string }): boolean =>
  ["tools/list", "prompts/list", "resources/list", "resources/templates/list"].includes(method);

/** What was asked, as the filter remembers it. */
export function askedIn({ request }: ListCase): Asked {
  if (request.http === "GET") return { kind: "get" };
  const sent = request.raw === undefined ? undefined : parseJson(request.raw);
  const id = valueAt(sent, "id");
  const known = id ? request.raw!.slice(id.start, id.end) : JSON.stringify(request.id);
  return { kind: [request, ...(request.batch ?? [])].some(isList) ? "list" : "other", id: known };
}

export const answerOf = ({ response }: ListCase): Answer => ({
  status: response.status,
  headers: response.headers ?? [],
  body: bytesOf(response),
});

/** Whether the client got what one expectation says. */
export function isAsExpected(expected: Expected, item: ListCase, got: Answer): boolean {
  if (expected.how === "clean") return true;
  const body = Buffer.from(got.body);
  const isStream = got.headers.some(([name, value]) => name === "content-type" && /event-stream/.test(value));
  if (expected.error && expected.how !== "sse") return hasError(body, isStream, expected, item);
  if (expected.status !== got.status) return false;
  if (expected.how === "same") return body.equals(bytesOf(item.response));
  if (expected.how !== "sse") return sameText(body.toString(), bytesOf(expected).toString(), false);
  return sameEvents(body, bytesOf(expected));
}

function hasError(body: Buffer, isStream: boolean, { error }: Expected, { request }: ListCase): boolean {
  const texts = isStream ? eventsOf(body).map(({ data }) => data) : [body.toString()];
  return texts.some((text) => {
    if (error!.id_raw !== undefined) return new RegExp(`"id":${error!.id_raw},"error"`).test(text);
    try {
      const found = [JSON.parse(text) as Members | Members[]].flat();
      const isOurs = ({ error: made, id, result }: Members): boolean =>
        made !== undefined && result === undefined && (id === error!.id || request.batch !== undefined);
      return found.some(isOurs);
    } catch {
      return false;
    }
  });
}

interface Event {
  raw: string;
  data: string;
  rest: string;
}

/** Events as byte strings, their comments and other fields in order. */
function eventsOf(stream: Buffer): Event[] {
  const text = stream.toString("latin1").replace(/^\xef\xbb\xbf/, "");
  const blocks = text.match(/(?:[^\r\n]+(?:\r\n|\r|\n|$))*(?:\r\n|\r|\n)?/g) ?? [];
  return blocks
    .filter((raw) => raw !== "")
    .map((raw) => {
      const lines = raw.split(/\r\n|\r|\n/);
      const isData = (line: string): boolean => line === "data" || line.startsWith("data:");
      const data = lines.filter(isData).map((line) => line.slice(5).replace(/^ /, ""));
      return { raw, data: data.join("\n"), rest: lines.filter((line) => !isData(line)).join("\n") };
    });
}

function sameEvents(got: Buffer, want: Buffer): boolean {
  const [a, b] = [eventsOf(got), eventsOf(want)];
  return (
    a.length === b.length &&
    a.every((event, i) => event.raw === b[i]!.raw || sameEvent(event, b[i]!) || bothErrors(event, b[i]!))
  );
}

const OURS = /"error":\{"code":-32603,"message":"The list cannot be shown"/;
const bothErrors = (a: Event, b: Event): boolean => OURS.test(a.data) && OURS.test(b.data);
const sameEvent = (a: Event, b: Event): boolean => a.rest === b.rest && sameText(a.data, b.data, true);

/** `blanks`: blanks between values are free, as they are in an event whose lines of data were joined. */
export function sameText(a: string, b: string, blanks: boolean): boolean {
  if (a === b) return true;
  try {
    return normal(a, blanks) === normal(b, blanks);
  } catch {
    return false;
  }
}

const KINDS = ["tools", "prompts", "resources", "resourceTemplates"];

function normal(text: string, blanks: boolean): string {
  const root = parseJson(text);
  const messages = root.kind === "array" ? root.items : [root];
  const lists = messages.flatMap((one) => KINDS.map((kind) => valueAt(valueAt(one, "result"), kind)));
  const edits = lists.filter((list) => list?.kind === "array");
  let out = "";
  let at = 0;
  for (const list of edits.toSorted((a, b) => a.start - b.start)) {
    const items = list.items.map((item) => normalItem(text, item));
    out += squeezed(text.slice(at, list.start), blanks) + `[${items.map((one) => squeezed(one, blanks)).join(",")}]`;
    at = list.end;
  }
  return out + squeezed(text.slice(at), blanks);
}

/** Without the blanks between tokens. */
function squeezed(text: string, blanks: boolean): string {
  return blanks ? text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted?: string) => quoted ?? "") : text;
}

/** An annotated item: its members, and its scopes last. */
function normalItem(text: string, item: JsonNode): string {
  const slice = ({ start }: { start: number }, end: JsonNode): string => text.slice(start, end.end);
  const meta = valueAt(item, "_meta");
  const scopes = valueAt(meta, "scopegate/scopes");
  if (item.kind !== "object" || meta?.kind !== "object" || !scopes) return slice(item, item);
  const others = meta.members.filter(({ key }) => key !== "scopegate/scopes");
  const own = item.members.filter(({ value }) => value !== meta).map((member) => slice(member, member.value));
  return [...own, ...others.map((member) => slice(member, member.value)), slice(scopes, scopes)].join("\n");
}

/** The headers that an expectation names and that are not as it says. */
export function wrongHeaders({ headers = {}, error }: Expected, got: Answer): string[] {
  if (error) return [];
  return Object.entries(headers).flatMap(([name, want]) => {
    const values = got.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
    const directives = values.flatMap((value) => value.toLowerCase().split(/\s*,\s*/));
    const isPrivate = directives.some((one) => one === "private" || one === "no-store");
    const isShared = directives.some((one) => /^(?:public|s-maxage)(?:=|$)/.test(one));
    const isFine = want === "not-shared" ? isPrivate && !isShared : (values.join(", ") || null) === want;
    return isFine ? [] : [`${name}: ${values.join(", ")}`];
  });
}
