// What the branch hints are trained on: a policy as people write them, and calls that it allows, as the official MCP
// clients write them (method and params first, no spaces). Nothing of it is shared with the benchmark.
import { compileDocument, pluginConfiguration } from "../../compiler/index.ts";
import { JWT_NAMESPACE, type SimulatedRequest } from "../../simulate/host.ts";

const SCOPES = ["files:read", "files:write", "tables:write"];

const POLICY = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "branch-hints" },
  resource: "https://mcp.example.com/mcp",
  rules: [
    rule("read", "files:read", "read_file", 'args.path.startsWith("/public/")'),
    rule("write", "files:write", "write_file", String.raw`args.path.matches("^/home/[a-z]+/.*\\.md$")`),
    rule("insert", "tables:write", "insert_rows", 'has(args.table) && args.table != "secrets"'),
  ],
};

function rule(name: string, scope: string, tool: string, when: string): object {
  return { name, source: { jwt: { scopes: [scope] } }, target: { tools: [tool] }, when };
}

/** The plugin configuration for all calls. */
export function typicalConfiguration(): string {
  const { program, policy, problems } = compileDocument(POLICY);
  if (!program || !policy) throw new Error(problems.map(({ message }) => message).join("\n"));
  return JSON.stringify(pluginConfiguration(program, policy, { holdHeaders: true }));
}

/** Small calls, which are most of all, and what large ones are made of: text, rows, numbers, keys. */
export function typicalCalls(): SimulatedRequest[] {
  const text = '# Notes\n\nA line of "prose", a\ttab, and a café now and then.\n';
  const row = (id: number) => ({ id, name: `row ${id}`, price: id / 8, sold: id % 3 === 0, tags: ["new"], note: null });
  const many = <T>(count: number, item: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => item(i));
  return [
    call("read_file", { path: "/public/readme.md" }),
    call("read_file", { path: "/public/notes/2026/november/a-longer-name-of-a-file.md", offset: 0, limit: 4096 }),
    call("write_file", { path: "/home/ann/notes.md", content: text.repeat(60) }),
    call("write_file", { path: "/home/ann/notes.md", content: text.repeat(1000) }),
    call("write_file", { path: "/home/ann/plain.md", content: "letters and spaces only ".repeat(2500) }),
    call("insert_rows", { table: "items", rows: many(600, row) }),
    call("insert_rows", { table: "vectors", rows: many(8000, (i) => (i % 2 ? (i * 7919) % 10_000 : (i % 1000) / 8)) }),
    call("insert_rows", {
      table: "counts",
      rows: Object.fromEntries(many(6000, (i) => [`k${i.toString(36)}`, i % 10])),
    }),
  ];
}

/** One call as Envoy shows it, with what a gateway's identity provider puts into a token. */
function call(name: string, args: object): SimulatedRequest {
  const params = { name, arguments: args, _meta: { progressToken: 1 } };
  const claims = { iss: "https://auth.example.com", sub: "ann", client_id: "agent-1", scope: SCOPES.join(" ") };
  return {
    headers: [
      ["content-type", "application/json"],
      ["accept", "application/json, text/event-stream"],
      ["mcp-protocol-version", "2025-11-25"],
      ["mcp-session-id", "5b1f1a3e-9d38-4b7e-8d36-3f8f9f0c2a11"],
    ],
    body: Buffer.from(JSON.stringify({ method: "tools/call", params, jsonrpc: "2.0", id: 1 })),
    metadata: { [JWT_NAMESPACE]: { mcp: claims } },
  };
}
