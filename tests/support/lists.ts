// The cases of tests/data/list-cases through the built filter in the simulated host.
import {
  Host,
  JWT_NAMESPACE,
  type Answer,
  type Pair,
  type SimulatedRequest,
  type Struct,
} from "../../scripts/simulate/host.ts";
import { answerOf, bytesOf, tokens, type Expected, type ListCase as RecordedCase } from "../reference/list-cases.ts";
import { bytes } from "./host.ts";

/** A case as it is written: with what the request says and how the response comes. */
export type ListCase = RecordedCase & {
  request: { protocolVersion?: string; params?: object; headers?: Pair[]; raw?: string; batch?: object[] };
  response: { chunks?: number[]; splits?: "all"; trailers?: Pair[] };
};

export interface Delivery {
  chunks?: readonly number[];
  endWithData?: boolean;
  trailers?: readonly Pair[];
}

/** The request of a case, with the server's answer to it. */
export function requestOf(item: ListCase, delivery: Delivery = {}): SimulatedRequest {
  const { request, response } = item;
  const { status, headers, body } = answerOf(item);
  const isGet = request.http === "GET";
  const message = JSON.stringify(
    request.batch ?? { jsonrpc: "2.0", id: request.id, method: request.method, ...paramsOf(request) },
  );
  return {
    method: isGet ? "GET" : "POST",
    headers: headersOf(request),
    ...(!isGet && { body: bytes(request.raw ?? message) }),
    metadata: { [JWT_NAMESPACE]: { mcp: tokens[item.token] as Struct } },
    response: {
      status,
      headers: headers.map(([name, value]): Pair => [name.toLowerCase(), value]),
      body: [204, 304].includes(status) ? new Uint8Array() : body,
      chunks: response.chunks ?? [],
      ...(response.trailers && { trailers: response.trailers }),
      ...(response.cut && { cut: true }),
      ...delivery,
    },
  };
}

const isModern = ({ protocolVersion = "" }: ListCase["request"]): boolean => protocolVersion >= "2026-07-28";

function paramsOf(request: ListCase["request"]): object {
  if (!isModern(request)) return { params: request.params ?? {} };
  const version = { "io.modelcontextprotocol/protocolVersion": request.protocolVersion };
  const own = (request.params ?? {}) as { _meta?: object };
  return { params: { ...own, _meta: { ...version, "io.modelcontextprotocol/clientCapabilities": {}, ...own._meta } } };
}

function headersOf(request: ListCase["request"]): Pair[] {
  const { protocolVersion, headers = [], method, http, params = {} } = request;
  const { name, uri } = params as { name?: string; uri?: string };
  return [
    ["accept-encoding", "gzip"],
    ...(http === "GET" ? [] : ([["content-type", "application/json"]] as Pair[])),
    ...(protocolVersion ? ([["mcp-protocol-version", protocolVersion]] as Pair[]) : []),
    ...(isModern(request) && http !== "GET" ? ([["mcp-method", method]] as Pair[]) : []),
    ...(isModern(request) && (name ?? uri) ? ([["mcp-name", name ?? uri]] as Pair[]) : []),
    ...headers,
  ];
}

/** Names and marks that the client got more often than the expected answer has them, in any reading. */
export function leaksOf({ hide = [], response }: ListCase, expect: Expected, got: Uint8Array): string[] {
  const times = (text: string, name: string): number => text.split(name).length - 1;
  const allowed = readable(expect.how === "same" ? bytesOf(response) : bytesOf(expect));
  const quoted = (name: string): string => (/^q[0-9a-f]{9}$/.test(name) ? name : JSON.stringify(name));
  return hide.filter((name) => times(readable(got), quoted(name)) > times(allowed, quoted(name)));
}

const readable = (body: Uint8Array): string =>
  Buffer.from(body)
    .toString()
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

/** What the client got, in the form of the reference. */
export function clientAnswer({ response, trap, hung, reply }: Answer): {
  status: number;
  headers: [string, string][];
  body: Uint8Array;
} {
  if (!response) throw new Error(`no answer: ${trap ?? (hung ? "hung" : JSON.stringify(reply))}`);
  return { ...response, headers: response.headers.map(([name, value]): [string, string] => [name, value]) };
}

export type { Host };
