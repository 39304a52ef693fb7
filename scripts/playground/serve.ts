// Serves the page on loopback.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";

const TYPES: Record<string, string> = {
  "/": "text/html; charset=utf-8",
  "/index.html": "text/html; charset=utf-8",
  "/playground.css": "text/css; charset=utf-8",
  "/playground.js": "text/javascript; charset=utf-8",
};

/** The page may run its own script and the filter, and talk to nobody. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Serves the files of a folder on 127.0.0.1; 0 is any free port. Rejects when the port is taken. */
export function servePage(folder: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0]!;
    const type = Object.hasOwn(TYPES, path) ? TYPES[path] : undefined;
    if (!type || (request.method !== "GET" && request.method !== "HEAD")) return void response.writeHead(404).end();
    const body = readFileSync(join(folder, path === "/" ? "index.html" : path));
    response.writeHead(200, {
      "content-type": type,
      "content-length": body.length,
      "content-security-policy": POLICY,
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(port, "127.0.0.1", () => done(server));
  });
}
