// The MCP server behind Envoy in the tests of clients: sessions of the official SDK for clients up to 2025-11-25, and
// the few methods of 2026-07-28 that a tool call needs. It replies with event streams, and records what reached it.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const MODERN = "2026-07-28";
const INFO = { name: "tools", version: "1.0.0" };
const CAPABILITIES = { tools: {} };

interface Message {
  id?: unknown;
  method?: string;
  params?: { name?: string; cursor?: string; _meta?: Record<string, unknown> };
}

interface Account {
  sessions: number;
  tools: string[];
}

export class ToolServer {
  /** By request path: opened sessions (2026-07-28 has none), and tools that ran. */
  readonly ran = new Map<string, Account>();
  private readonly transports = new Map<string, StreamableHTTPServerTransport>();

  private constructor(
    private readonly http: HttpServer,
    private readonly tools: readonly string[],
    private readonly perPage: number,
  ) {}

  /**
   * Listens on a port of 127.0.0.1; every tool returns "<its name> ran". With `perPage` lists come in pages, and every call
   * is followed by the news that the list changed.
   */
  static async start(tools: readonly string[], perPage = 0): Promise<ToolServer> {
    const http = createServer((request, response) => void server.answer(request, response));
    const server = new ToolServer(http, tools, perPage);
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    return server;
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const transport of this.transports.values()) await transport.close();
    this.http.close();
    this.http.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const message = request.method === "POST" ? ((await json(request)) as Message) : undefined;
    const account = this.account(request.url!);
    if (message?.params?._meta?.["io.modelcontextprotocol/protocolVersion"] === MODERN)
      return this.answerModern(message, account, response);
    const session = request.headers["mcp-session-id"];
    const isFirst = message?.method === "initialize";
    const transport = this.transports.get(String(session)) ?? (isFirst ? await this.open(account) : undefined);
    if (!transport) return void response.writeHead(session === undefined ? 400 : 404).end();
    await transport.handleRequest(request, response, message);
  }

  private account(path: string): Account {
    const account = this.ran.get(path) ?? { sessions: 0, tools: [] };
    this.ran.set(path, account);
    return account;
  }

  private async open(account: Account): Promise<StreamableHTTPServerTransport> {
    const id = randomUUID();
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => id });
    const capabilities = this.perPage > 0 ? { tools: { listChanged: true } } : CAPABILITIES;
    const server = new Server(INFO, { capabilities });
    server.setRequestHandler(ListToolsRequestSchema, ({ params }) => this.list(params?.cursor));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
      if (this.perPage > 0) await server.sendToolListChanged();
      return this.run(account, params.name);
    });
    await server.connect(transport);
    this.transports.set(id, transport);
    account.sessions++;
    return transport;
  }

  private answerModern({ id, method = "", params }: Message, account: Account, response: ServerResponse): void {
    const kept = { ttlMs: 0, cacheScope: "private" };
    const results: Record<string, () => object> = {
      "server/discover": () => ({ supportedVersions: [MODERN], capabilities: CAPABILITIES, serverInfo: INFO, ...kept }),
      "tools/list": () => ({ ...this.list(params?.cursor), ...kept }),
      "tools/call": () => this.run(account, params?.name ?? ""),
    };
    const result = results[method];
    const answer = result
      ? { result: { resultType: "complete", ...result() } }
      : { error: { code: -32601, message: "unknown" } };
    response.writeHead(result ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  }

  private list(cursor = "0"): { tools: { name: string; inputSchema: { type: "object" } }[]; nextCursor?: string } {
    const from = Number(cursor);
    const end = this.perPage > 0 ? from + this.perPage : this.tools.length;
    const tools = this.tools.slice(from, end).map((name) => ({ name, inputSchema: { type: "object" as const } }));
    return end < this.tools.length ? { tools, nextCursor: String(end) } : { tools };
  }

  private run(account: Account, tool: string): { content: { type: "text"; text: string }[] } {
    account.tools.push(tool);
    return { content: [{ type: "text", text: `${tool} ran` }] };
  }
}
