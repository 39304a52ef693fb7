// A server for the tests of lists: answers each request with a recorded answer, byte by byte as it was framed. Which one, the
// header x-case of the request says.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { bytesOf } from "../reference/list-cases.ts";
import type { ListCase } from "./lists.ts";

export interface Framing {
  framing?: "length" | "chunked" | "close";
  declare?: number;
}

interface Drip {
  seconds: number;
  /** Events so far. */
  sent: number;
}

export class Replay {
  /** Heads of the requests that came, by x-case. */
  readonly heads = new Map<string, string>();
  private readonly cases = new Map<string, ListCase>();
  private readonly drips = new Map<string, Drip>();
  private last = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Replay> {
    const server = createServer({ noDelay: true });
    const replay = new Replay(server);
    server.on("connection", (socket) => replay.serve(socket));
    await once(server.listen(0, "127.0.0.1"), "listening");
    return replay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Announces an answer; returns the x-case to ask for it with. */
  expect(item: ListCase): string {
    const id = String(++this.last);
    this.cases.set(id, item);
    return id;
  }

  /** Announces a stream of `seconds` with an event ten times a second, one of them in ten a list; returns its x-case. */
  drip(seconds: number): string {
    const id = String(++this.last);
    this.drips.set(id, { seconds, sent: 0 });
    return id;
  }

  /** How many events of such a stream were sent. */
  dripped(id: string): number {
    return this.drips.get(id)!.sent;
  }

  stop(): void {
    this.server.close();
  }

  private serve(socket: Socket): void {
    let got = "";
    let isAnswered = false;
    socket.on("error", () => {});
    socket.on("data", (data) => {
      got += data.toString("latin1");
      const end = got.indexOf("\r\n\r\n");
      if (isAnswered || end < 0 || !isWhole(got.slice(0, end), got.slice(end + 4))) return;
      isAnswered = true;
      const id = /^x-case: *(\d+)/im.exec(got)?.[1] ?? "";
      this.heads.set(id, got.slice(0, end));
      const item = this.cases.get(id);
      const drip = this.drips.get(id);
      this.cases.delete(id);
      if (item) void answer(socket, item);
      else if (drip) void answerSlowly(socket, drip);
      else socket.destroy();
    });
  }
}

function isWhole(head: string, body: string): boolean {
  if (/^transfer-encoding: *chunked/im.test(head)) return /(?:^|\r\n)0\r\n(?:.*\r\n)*\r\n$/.test(body);
  return body.length >= Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
}

async function answer(socket: Socket, item: ListCase): Promise<void> {
  const { status, trailers, chunks = [], cut } = item.response;
  const body = [204, 304].includes(status) ? Buffer.alloc(0) : bytesOf(item.response);
  const isChunked = (item.response as Framing).framing === "chunked" || trailers !== undefined;
  const head = headOf(item, body, isChunked).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} Status\r\n${head.join("")}connection: close\r\n\r\n`, "latin1");
  for (const piece of pieces(body, chunks)) {
    if (socket.destroyed) return;
    socket.write(isChunked ? chunk(piece) : piece);
    if (chunks.length > 0 && chunks.length < 60) await sleep(1);
  }
  const last = (trailers ?? []).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(isChunked && !cut ? `0\r\n${last}\r\n` : "");
}

const NOTE = { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } };
const REPLAYED = { jsonrpc: "2.0", id: 1, result: { tools: [{ name: "topsecret" }, { name: "fs__stat" }] } };

async function answerSlowly(socket: Socket, drip: Drip): Promise<void> {
  socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
  for (let i = 0; i < drip.seconds * 10 && !socket.destroyed; i++) {
    const event = `data: ${JSON.stringify(i % 10 === 5 ? REPLAYED : NOTE)}\n\n`;
    socket.write(chunk(Buffer.from(event)));
    drip.sent++;
    await sleep(100);
  }
  socket.end("0\r\n\r\n");
}

const chunk = (piece: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);

function headOf({ response }: ListCase, body: Buffer, isChunked: boolean): (readonly [string, string])[] {
  const { framing = "length", declare } = response as Framing;
  const own = response.headers ?? [];
  if (isChunked) return [...own, ["transfer-encoding", "chunked"]];
  return framing === "length" && response.status !== 204
    ? [...own, ["content-length", String(declare ?? body.length)]]
    : own;
}

function pieces(body: Buffer, sizes: readonly number[]): Buffer[] {
  const cuts = sizes.reduce<number[]>((ends, size) => [...ends, (ends.at(-1) ?? 0) + size], []);
  const ends = [...cuts.filter((end) => end < body.length), body.length];
  return ends.map((end, i) => body.subarray(ends[i - 1] ?? 0, end)).filter((piece) => piece.length > 0);
}
