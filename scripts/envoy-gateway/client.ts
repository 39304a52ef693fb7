// Requests to the gateway under the host name of the route.
import { request, type IncomingHttpHeaders } from "node:http";
import { token } from "../envoy/issuer.ts";
import { LISTENER_PORT } from "./objects.ts";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One HTTP request; status 0 if nothing responds. */
export function send(url: URL, method: string, headers: Record<string, string> = {}, body = ""): Promise<Answer> {
  return new Promise((done) => {
    const place = { host: "127.0.0.1", port: LISTENER_PORT, path: url.pathname, method };
    const outgoing = request({ ...place, headers: { host: url.host, ...headers }, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", () => done({ status: 0, headers: {}, body: "" }));
      response.on("end", () =>
        done({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces).toString() }),
      );
    });
    outgoing.on("error", () => done({ status: 0, headers: {}, body: "" }));
    outgoing.end(body);
  });
}

/** Headers of an MCP client with a token for these scopes. */
export function bearer(scope: string): Record<string, string> {
  return { "content-type": "application/json", authorization: `Bearer ${token({ scope })}` };
}

/** The body of a tools/call. */
export function toolCall(name: string, args: object = {}): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
}
