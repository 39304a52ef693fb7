// Requests to a gateway under the name that the route has.
import { request, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:http2";
import { token } from "../envoy/issuer.ts";

export interface Answer {
  /** 0 when nobody answers. */
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Outgoing {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Is given the text of the answer so far, each time that more of it has come. */
  onText?: (text: string) => void;
}

const NOBODY: Answer = { status: 0, headers: {}, body: "" };

export function send(host: string, port: number, authority: string, outgoing: Outgoing): Promise<Answer> {
  const { method = "POST", path = "/mcp", headers = {}, body = "", onText } = outgoing;
  return new Promise((done) => {
    const place = { host, port, path, method, headers: { host: authority, ...headers }, agent: false };
    const call = request(place, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => {
        pieces.push(piece);
        onText?.(Buffer.concat(pieces).toString());
      });
      response.on("error", () => done(NOBODY));
      response.on("end", () =>
        done({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces).toString() }),
      );
    });
    call.on("error", () => done(NOBODY));
    call.end(body);
  });
}

/** HTTP/2 without TLS, with the end of the stream in trailers. */
export function sendWithTrailers(host: string, port: number, authority: string, outgoing: Outgoing): Promise<Answer> {
  return new Promise((done) => {
    const session = connect(`http://${host}:${port}`);
    const finish = (answer: Answer): void => {
      session.destroy();
      done(answer);
    };
    session.on("error", () => finish(NOBODY));
    const stream = session.request(
      { ":method": "POST", ":path": "/mcp", ":authority": authority, ...outgoing.headers },
      { waitForTrailers: true, endStream: false },
    );
    let headers: IncomingHttpHeaders & { ":status"?: number } = {};
    let body = "";
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-end": "1" }));
    stream.on("response", (received) => (headers = received));
    stream.on("data", (data) => (body += data));
    stream.on("error", () => finish(NOBODY));
    stream.on("end", () => finish({ status: headers[":status"] ?? 0, headers, body }));
    stream.end(outgoing.body);
  });
}

const JSON_BODY = { "content-type": "application/json" };

/** Headers of an MCP client with a token of these claims. */
export function bearer(claims: Record<string, unknown>): Record<string, string> {
  return { ...JSON_BODY, authorization: `Bearer ${token(claims)}` };
}

export function anonymous(more: Record<string, string> = {}): Record<string, string> {
  return { ...JSON_BODY, ...more };
}

/** The body of a tools/call. */
export function toolCall(name: string, args: object = {}): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
}
