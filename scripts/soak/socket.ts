// A raw HTTP/1.1 client on one keep-alive connection: whole requests as bytes, one at a time. If the server closes it, a
// new connection is opened, as an idle one may be closed at any time.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Answered {
  status: number;
  head: string;
}

/** The connection ended before the response. */
export class Cut extends Error {}

export class RawClient {
  private socket: Socket | undefined;
  private received = "";
  private wake: () => void = () => {};

  constructor(private readonly port: number) {}

  /** The final response to a request; if a reused connection was closed in the meantime, the request is sent again. */
  async send(request: Buffer): Promise<Answered> {
    const reused = this.socket !== undefined;
    try {
      return await this.exchange(request);
    } catch (error) {
      if (!(error instanceof Cut) || !reused) throw error;
      return this.exchange(request);
    }
  }

  private async exchange(request: Buffer): Promise<Answered> {
    const socket = this.socket ?? (await this.open());
    this.received = "";
    socket.write(request);
    let answer = this.parse();
    while (!answer) {
      if (socket.destroyed || this.socket !== socket) throw new Cut("the connection was closed without an answer");
      await new Promise<void>((done) => (this.wake = done));
      answer = this.parse();
    }
    if (/^connection: close\r?$/im.test(answer.head)) this.close();
    return answer;
  }

  private async open(): Promise<Socket> {
    const socket = connect(this.port, "127.0.0.1").setNoDelay(true);
    this.socket = socket;
    const end = (): void => {
      if (this.socket === socket) this.socket = undefined;
      this.wake();
    };
    socket.on("error", end).on("close", end);
    socket.on("data", (data: Buffer) => {
      this.received += data.toString("latin1");
      this.wake();
    });
    await once(socket, "connect");
    return socket;
  }

  /** The response in what was received, once it is complete; interim responses are skipped. */
  private parse(): Answered | undefined {
    const text = this.received.replace(/^(HTTP\/1\.1 1\d\d [^]*?\r\n\r\n)+/, "");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const head = text.slice(0, end);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    const whole =
      length === undefined
        ? !/^transfer-encoding/im.test(head) || text.endsWith("0\r\n\r\n")
        : text.length >= end + 4 + Number(length);
    return whole ? { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head } : undefined;
  }

  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }
}

/** A POST of a body as bytes, with additional headers if needed. */
export function post(body: Uint8Array, bearer: string, more: Record<string, string> = {}): Buffer {
  const headers = {
    host: "mcp.example.com",
    "content-type": "application/json",
    authorization: `Bearer ${bearer}`,
    "content-length": String(body.length),
    ...more,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST /mcp HTTP/1.1\r\n${lines.join("")}\r\n`), body]);
}
