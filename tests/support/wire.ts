// Sends an attack case through a gateway, byte for byte as the case says, over HTTP/1.1 or HTTP/2.
import { once } from "node:events";
import { connect as connectHttp2, type OutgoingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { bodyOf, type AttackCase } from "./attacks.ts";

/** What came back. A refused byte stream may give several responses, or none. */
export interface Seen {
  statuses: number[];
  /** Status line and headers of the first response. */
  head: string;
}

/** Bytes to write, and what to wait for afterwards: an interim response, or some time. */
type Step = [bytes: Buffer, wait?: "answer" | number];

const RAW_WAIT_MS = 400; // a byte stream may leave the server waiting for more, so there is no end to wait for
const ANSWER_WAIT_MS = 5_000;
const CRLF = "\r\n";

export function isHttp2(item: AttackCase): boolean {
  return item.framing?.startsWith("h2-") ?? false;
}

/** Cases that do not depend on the framing can go over HTTP/2 as well. */
export function fitsHttp2(item: AttackCase): boolean {
  const connectionHeader =
    /^(connection|transfer-encoding|upgrade|host|content-length|expect|te|http2-settings|keep-alive)$/i;
  const plain = item.raw_base64 === undefined && item.framing === undefined && item.method !== "post";
  const names = (item.headers ?? []).map(([name]) => name.toLowerCase());
  // Node's client refuses to repeat some headers; those cases stay with HTTP/1.1.
  const repeated = new Set(names).size < names.length;
  return plain && !repeated && !names.some((name) => connectionHeader.test(name));
}

export async function sendHttp1(port: number, token: string, item: AttackCase): Promise<Seen> {
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  const received = { bytes: Buffer.alloc(0), closed: false };
  socket.on("data", (data: Buffer) => (received.bytes = Buffer.concat([received.bytes, data])));
  socket.on("close", () => (received.closed = true));
  socket.on("error", () => (received.closed = true));
  await once(socket, "connect");
  for (const [bytes, wait] of steps(item, `127.0.0.1:${port}`, token)) {
    if (received.closed) break;
    socket.write(bytes);
    if (typeof wait === "number") await sleep(wait);
    else if (wait === "answer") await until(() => received.closed || received.bytes.length > 0, ANSWER_WAIT_MS);
  }
  const raw = item.raw_base64 !== undefined;
  await until(() => received.closed || (!raw && isComplete(received.bytes)), raw ? RAW_WAIT_MS : ANSWER_WAIT_MS);
  return finish(socket, received.bytes);
}

function finish(socket: Socket, bytes: Buffer): Seen {
  socket.destroy();
  const text = bytes.toString("latin1").replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, "");
  return {
    statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((found) => Number(found[1])),
    head: text.split(CRLF + CRLF)[0]!,
  };
}

function steps(item: AttackCase, host: string, token: string): Step[] {
  if (item.raw_base64 !== undefined) {
    const text = Buffer.from(item.raw_base64, "base64").toString("latin1");
    const filled = text.replaceAll("@HOST@", host).replaceAll("@AUTH@", `authorization: Bearer ${token}${CRLF}`);
    return [[Buffer.from(filled, "latin1")]];
  }
  const body = bodyOf(item);
  const half = body.length >> 1;
  const head = (...more: [string, string | number][]) => headOf(item, host, token, more);
  const length: [string, number] = ["content-length", body.length];
  const chunked: [string, string] = ["transfer-encoding", "chunked"];
  switch (item.framing) {
    case "split": // inside the tool's name
      return [
        [Buffer.concat([head(length), body.subarray(0, body.indexOf('"name"') + 10)]), 100],
        [body.subarray(body.indexOf('"name"') + 10)],
      ];
    case "expect":
      return [[head(length, ["expect", "100-continue"]), "answer"], [body]];
    case "chunked":
      return [
        [head(chunked)],
        [Buffer.concat([chunk(body.subarray(0, half)), chunk(body.subarray(half)), Buffer.from("0\r\n\r\n")])],
      ];
    case "chunked-trailers":
      return [[head(chunked, ["trailer", "x-t"])], [Buffer.concat([chunk(body), Buffer.from("0\r\nx-t: 1\r\n\r\n")])]];
    case "chunked-1":
      return [[head(chunked)], ...[...body].map((byte): Step => [chunk(Buffer.of(byte))]), [Buffer.from("0\r\n\r\n")]];
    default:
      return [
        [
          Buffer.concat([
            body.length === 0 && /^(GET|DELETE|HEAD)$/.test(item.method ?? "") ? head() : head(length),
            body,
          ]),
        ],
      ];
  }
}

function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(bytes.length.toString(16) + CRLF), bytes, Buffer.from(CRLF)]);
}

function headOf(item: AttackCase, host: string, token: string, more: [string, string | number][]): Buffer {
  const lines = [["host", host], ["connection", "close"], ...headersOf(item, token), ...more];
  const named = new Set(item.headers?.map(([name]) => name.toLowerCase()));
  const kept = lines.filter(([name], i) => i > 1 || !named.has(name as string));
  const text = kept.map(([name, value]) => `${name}: ${value}${CRLF}`).join("");
  return Buffer.from(`${item.method ?? "POST"} ${item.path ?? "/mcp"} HTTP/1.1${CRLF}${text}${CRLF}`, "latin1");
}

/** The defaults that the case does not override, and its own headers; repeats stay. */
function headersOf(item: AttackCase, token: string): [string, string][] {
  const defaults: [string, string][] = [
    ["content-type", "application/json"],
    ["accept", "application/json, text/event-stream"],
    ["authorization", `Bearer ${token}`],
  ];
  const own = item.headers ?? [];
  const replaced = new Set(own.map(([name]) => name.toLowerCase()));
  return [
    ...defaults.filter(([name]) => !replaced.has(name)),
    ...own.filter((pair): pair is [string, string] => pair[1] !== null),
  ];
}

export async function sendHttp2(port: number, token: string, item: AttackCase): Promise<Seen> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const kind = item.framing?.slice("h2-".length) ?? "data";
  const body = bodyOf(item);
  const endStream = kind === "headers-only" || (item.framing === undefined && body.length === 0);
  const seen: Seen = { statuses: [], head: "" };
  const stream = session.request(http2Headers(item, token, port), { endStream, waitForTrailers: kind === "trailers" });
  stream.on("response", (headers) => {
    seen.statuses.push(headers[":status"]!);
    seen.head = Object.entries(headers)
      .map(([name, value]) => `${name}: ${String(value)}`)
      .join(CRLF);
  });
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-t": "1" }));
  stream.on("error", () => {});
  stream.resume();
  const closed = new Promise((done) => stream.once("close", done));
  if (!endStream) await writeHttp2(stream, kind, body);
  await Promise.race([closed, sleep(ANSWER_WAIT_MS, undefined, { ref: false })]);
  session.destroy();
  return seen;
}

function http2Headers(item: AttackCase, token: string, port: number): OutgoingHttpHeaders {
  const isConnect = item.method === "CONNECT";
  const headers: OutgoingHttpHeaders = { ":method": item.method ?? "POST", ":authority": `127.0.0.1:${port}` };
  if (!isConnect) Object.assign(headers, { ":path": item.path ?? "/mcp", ":scheme": "http" });
  for (const [written, value] of headersOf(item, token)) {
    const name = written.toLowerCase();
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat().map(String);
  }
  return headers;
}

async function writeHttp2(stream: import("node:http2").ClientHttp2Stream, kind: string, body: Buffer): Promise<void> {
  if (kind === "bytes") for (const byte of body) stream.write(Buffer.of(byte));
  else if (kind === "rst") {
    stream.write(body.subarray(0, -1));
    await sleep(100);
    return stream.close(8); // CANCEL
  } else if (body.length > 0) stream.write(body);
  if (kind === "empty-end") await sleep(30); // so that the end comes as a DATA frame of its own
  stream.end();
}

/** Whether an HTTP/1.1 response is complete. */
function isComplete(bytes: Buffer): boolean {
  const text = bytes.toString("latin1").replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, "");
  const end = text.indexOf(CRLF + CRLF);
  if (end < 0) return false;
  const head = text.slice(0, end).toLowerCase();
  if (head.includes("transfer-encoding: chunked")) return text.endsWith("0\r\n\r\n");
  return text.length - end - 4 >= Number(/content-length: *(\d+)/.exec(head)?.[1] ?? Infinity);
}

async function until(condition: () => boolean, limit: number): Promise<void> {
  for (const end = Date.now() + limit; Date.now() < end && !condition();) await sleep(2);
}
