// The protected MCP server of the demo: the official SDK, Streamable HTTP, three tools, and no knowledge of OAuth. Its tool
// names carry a backend prefix, as behind ai-gateway.
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from "@modelcontextprotocol/sdk/types.js";

/** Serves /mcp on 127.0.0.1; `ran` is called for each tool that actually ran. */
export async function startMcpServer(port: number, ran: (call: string) => void = () => {}): Promise<HttpServer> {
  const server = createServer((request, response) => void answer(request, response, ran));
  await new Promise<void>((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
  return server;
}

/** Stateless: one server and one transport per request. */
async function answer(request: IncomingMessage, response: ServerResponse, ran: (call: string) => void): Promise<void> {
  if (request.method !== "POST") return void response.writeHead(405, { allow: "POST" }).end();
  const server = tools(ran);
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on("close", () => void server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response);
}

interface Tool {
  description: string;
  /** Argument → JSON type. */
  takes: Record<string, string>;
  run(args: Record<string, unknown>): string;
}

const TOOLS: Record<string, Tool> = {
  demo__echo: { description: "Says it back", takes: { text: "string" }, run: ({ text }) => String(text) },
  demo__sum: {
    description: "Adds two numbers",
    takes: { a: "number", b: "number" },
    run: ({ a, b }) => String(Number(a) + Number(b)),
  },
  demo__read_file: {
    description: "Pretends to read a file",
    takes: { path: "string" },
    run: ({ path }) => `(the contents of ${String(path)})`,
  },
};

/** The tools, in the order of the list. */
export const TOOL_NAMES = Object.keys(TOOLS);

function tools(ran: (call: string) => void): Server {
  const server = new Server({ name: "demo", version: "1.0.0" }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.entries(TOOLS).map(([name, { description, takes }]) => {
      const properties = Object.fromEntries(Object.entries(takes).map(([argument, type]) => [argument, { type }]));
      return { name, description, inputSchema: { type: "object" as const, properties, required: Object.keys(takes) } };
    }),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    const tool = TOOLS[params.name];
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `no such tool: ${params.name}`);
    ran(params.name);
    return { content: [{ type: "text", text: tool.run(params.arguments ?? {}) }] };
  });
  return server;
}
