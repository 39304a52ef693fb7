// The server behind Envoy in the tests: keeps every byte that reaches it, whether or not they form a request.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Readable } from "node:stream";

export const ANSWER = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}';

/** What it answers with: pieces are sent as they come. */
interface Reply {
  type: string;
  pieces: () => Iterable<string> | AsyncIterable<string>;
}

const REPLY: Reply = { type: "application/json", pieces: () => [ANSWER] };

interface Arrived {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  trailers: NodeJS.Dict<string>;
}

export class Upstream {
  /** Requests that arrived completely. */
  readonly requests: Arrived[] = [];
  /** Everything that arrived, unparsed. */
  private pieces: Buffer[] = [];
  /** Request heads that arrived, with or without their bodies. */
  heads = 0;
  connections = 0;
  private reply = REPLY;

  private constructor(private readonly server: Server) {}

  /** On a free port of loopback, unless another place is given. */
  static async start({ host = "127.0.0.1", port = 0 } = {}): Promise<Upstream> {
    const server = createServer({ requestTimeout: 0, maxHeaderSize: 1 << 20 });
    const upstream = new Upstream(server);
    server.on("connection", (socket: Socket) => {
      upstream.connections++;
      socket.on("data", (data: Buffer) => upstream.pieces.push(data));
    });
    server.on("clientError", (_error, socket) => socket.destroy());
    server.on("request", (request, response) => {
      upstream.heads++;
      const body: Buffer[] = [];
      request.on("data", (data: Buffer) => body.push(data));
      request.on("error", () => {});
      request.on("end", () => {
        const { method = "", url: path = "", headers, trailers } = request;
        upstream.requests.push({ method, path, headers, body: Buffer.concat(body), trailers });
        const { type, pieces } = upstream.reply;
        response.setHeader("content-type", type);
        const send = (): unknown => Readable.from(pieces()).pipe(response);
        setTimeout(send, Number(headers["x-answer-after-ms"] ?? 0));
      });
    });
    server.listen(port, host);
    await once(server, "listening");
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Every byte since the last `forget`. */
  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** Answers in another way for as long as something runs. */
  async answering<T>(reply: Reply, run: () => Promise<T>): Promise<T> {
    this.reply = reply;
    try {
      return await run();
    } finally {
      this.reply = REPLY;
    }
  }

  forget(): void {
    this.requests.length = this.pieces.length = this.heads = this.connections = 0;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
