// A registry in memory, on 127.0.0.1 unless told otherwise, for the tests: enough of the OCI distribution API to push an image and to pull it.
// It refuses what a registry must refuse: a blob that does not match its digest, a manifest whose parts are missing.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { digestOf, type Descriptor } from "./layout.ts";

interface Stored {
  bytes: Uint8Array;
  type: string;
}

export interface Credentials {
  username: string;
  password: string;
  /** Issued at /token for name and password; then nothing else is accepted. */
  token?: string;
}

export class LoopbackRegistry {
  readonly blobs = new Map<string, Uint8Array>();
  /** By tag and by digest. */
  readonly manifests = new Map<string, Stored>();
  /** Method and path of every request. */
  readonly log: string[] = [];

  private constructor(
    private readonly server: Server,
    private readonly credentials: Credentials | undefined,
  ) {
    server.on("request", (request, response) => void this.answer(request, response));
  }

  /** Public if there are no credentials; on a free port of loopback, unless another place is given. */
  static async start(credentials?: Credentials, { host = "127.0.0.1", port = 0 } = {}): Promise<LoopbackRegistry> {
    const registry = new LoopbackRegistry(createServer(), credentials);
    registry.server.listen(port, host);
    await once(registry.server, "listening");
    return registry;
  }

  get address(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `${address}:${port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat((await request.toArray()) as Buffer[]);
    const { method = "", url = "" } = request;
    this.log.push(`${method} ${url}`);
    const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
    const challenge = this.challengeTo(pathname, request.headers.authorization);
    if (challenge !== undefined) return void response.writeHead(401, { "www-authenticate": challenge }).end();
    if (pathname === "/token") return void response.end(JSON.stringify({ token: this.credentials?.token }));
    const [, kind, name = ""] = /^\/v2\/[^?]+\/(blobs\/uploads|blobs|manifests)\/([^/]*)$/.exec(pathname) ?? [];
    const type = request.headers["content-type"] ?? "";
    if (pathname === "/v2/") return void response.end("{}");
    switch (`${method === "HEAD" ? "GET" : method} ${kind}`) {
      case "GET blobs":
      case "GET manifests":
        return this.read(kind!, name, response);
      case "POST blobs/uploads":
        return void response.writeHead(202, { location: `${pathname}${randomUUID()}?state=1` }).end();
      case "PUT blobs/uploads":
        return this.store(body, searchParams.get("digest"), response);
      case "PUT manifests":
        return this.publish(name, { bytes: body, type }, response);
      default:
        response.writeHead(404).end();
    }
  }

  /** The challenge; undefined if the request has what it needs. */
  private challengeTo(path: string, authorization: string | undefined): string | undefined {
    if (!this.credentials) return undefined;
    const { username, password, token } = this.credentials;
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const byToken = token !== undefined && path !== "/token";
    if (authorization === (byToken ? `Bearer ${token}` : basic)) return undefined;
    // The module fetcher of Istio wants a URL for a realm, for Basic as well.
    return byToken
      ? `Bearer realm="http://${this.address}/token",service="loopback"`
      : `Basic realm="http://${this.address}/"`;
  }

  private read(kind: string, name: string, response: ServerResponse): void {
    const bytes = kind === "blobs" ? this.blobs.get(name) : undefined;
    const found = bytes ? { bytes, type: "application/octet-stream" } : this.manifests.get(name);
    if (!found) return void response.writeHead(404).end('{"errors":[{"code":"NAME_UNKNOWN"}]}');
    const head = { "content-type": found.type, "docker-content-digest": digestOf(found.bytes) };
    response.writeHead(200, { ...head, "content-length": found.bytes.length }).end(found.bytes);
  }

  private store(bytes: Uint8Array, digest: string | null, response: ServerResponse): void {
    if (digest !== digestOf(bytes)) return void response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID"}]}');
    this.blobs.set(digest, bytes);
    response.writeHead(201).end();
  }

  private publish(tag: string, manifest: Stored, response: ServerResponse): void {
    const { config, layers } = JSON.parse(Buffer.from(manifest.bytes).toString()) as {
      config: Descriptor;
      layers: Descriptor[];
    };
    if (![config, ...layers].every(({ digest }) => this.blobs.has(digest)))
      return void response.writeHead(400).end('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}');
    const digest = digestOf(manifest.bytes);
    this.manifests.set(tag, manifest).set(digest, manifest);
    response.writeHead(201, { "docker-content-digest": digest }).end();
  }
}
