// Clients that can send a request in any way a caller could: HTTP/1.1 byte by byte, HTTP/2 with trailers, and so on.
import { request as httpRequest, type Agent, type ClientRequest } from "node:http";
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";

const ANSWER_TIMEOUT_MS = 10_000;

export interface Request {
  method?: string;
  path?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  /** Sizes of the pieces in which the body is written, the last one repeated; default: one piece. */
  pieces?: number[];
  /** Pause between pieces, in ms. */
  pause?: number;
  trailers?: Record<string, string>;
}

export interface Response {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
  bytes: Buffer;
}

/** HTTP/1.1. With `pieces` or `trailers` the body goes chunked, otherwise with its length. */
export async function http1(port: number, request: Request, agent?: Agent): Promise<Response> {
  const { method = "POST", path = "/mcp", trailers } = request;
  const body = Buffer.from(request.body ?? "");
  const chunked = request.pieces !== undefined || trailers !== undefined;
  const framing = chunked ? { "transfer-encoding": "chunked" } : { "content-length": body.length };
  const headers = { ...(method === "POST" || body.length > 0 ? framing : {}), ...request.headers };
  const call = httpRequest({
    host: "127.0.0.1",
    port,
    method,
    path,
    headers,
    agent: agent ?? false,
    timeout: ANSWER_TIMEOUT_MS,
  });
  call.setNoDelay(true);
  call.on("timeout", () => call.destroy(new Error("no answer")));
  const answered = new Promise<Response>((done, fail) => {
    call.on("error", fail);
    call.on("response", (response) => {
      const received: Buffer[] = [];
      response.on("data", (data: Buffer) => received.push(data));
      response.on("error", fail);
      response.on("end", () => done({ status: response.statusCode!, headers: response.headers, ...both(received) }));
    });
  });
  if (trailers) call.addTrailers(trailers);
  await writeBody(call, body, request);
  return answered;
}

/** HTTP/2, on a connection of its own unless `shared` is given. */
export async function http2(port: number, request: Request, shared?: ClientHttp2Session): Promise<Response> {
  const session = shared ?? connectHttp2(`http://127.0.0.1:${port}`);
  session.on("error", () => {}); // the stream has the same error
  try {
    return await exchange(session, request);
  } finally {
    if (!shared) session.destroy();
  }
}

async function exchange(session: ClientHttp2Session, request: Request): Promise<Response> {
  const { method = "POST", path = "/mcp", trailers } = request;
  const body = Buffer.from(request.body ?? "");
  const endStream = body.length === 0 && !trailers && request.pieces === undefined;
  const headers = { ":method": method, ":path": path, ...request.headers };
  const stream = session.request(headers, { endStream, waitForTrailers: trailers !== undefined });
  stream.setTimeout(ANSWER_TIMEOUT_MS, () => stream.destroy(new Error("no answer")));
  stream.on("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
  const answered = answerOf(stream);
  if (!endStream) await writeBody(stream, body, request);
  return answered;
}

function answerOf(stream: ClientHttp2Stream): Promise<Response> {
  return new Promise((done, fail) => {
    const received: Buffer[] = [];
    let head: Record<string, string | string[] | number | undefined> | undefined;
    stream.on("response", (headers) => (head = headers));
    stream.on("data", (data: Buffer) => received.push(data));
    stream.on("error", fail);
    stream.on("close", () => {
      if (!head) return fail(new Error(`the stream was reset: ${stream.rstCode}`));
      const { ":status": status, ...headers } = head;
      done({
        status: Number(status),
        headers: headers as Response["headers"],
        ...both(received),
      });
    });
  });
}

function both(received: Buffer[]): { body: string; bytes: Buffer } {
  const bytes = Buffer.concat(received);
  return { body: bytes.toString(), bytes };
}

async function writeBody(stream: ClientHttp2Stream | ClientRequest, body: Buffer, request: Request): Promise<void> {
  for (const piece of cut(body, request.pieces)) {
    if (stream.destroyed) return;
    stream.write(piece);
    if (request.pause !== undefined) await sleep(request.pause);
  }
  stream.end();
}

function cut(body: Buffer, sizes: number[] | undefined): Buffer[] {
  if (!sizes) return body.length > 0 ? [body] : [];
  const pieces: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < body.length; i++) {
    const size = sizes[Math.min(i, sizes.length - 1)]!;
    pieces.push(body.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
