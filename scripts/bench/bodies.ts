// The tool calls that are measured, and the policies they are measured against.

/** Approximate sizes in bytes, as the tables name them. */
export const SIZES: [name: string, bytes: number][] = [
  ["200 B", 200],
  ["4 KiB", 4 << 10],
  ["64 KiB", 64 << 10],
  ["1 MiB", 1 << 20],
];

const LINE = 'a "quoted" word, a tab\t, café and plain text to the end of the line\n';
const ROW = { name: "row", score: 12.25, ok: true, tags: ["alpha", "beta"], note: null };

/** A call of `bytes` or a little more: half of the filler is one string with escapes, half small objects; what decides comes last. */
export function callOf(tool: string, bytes: number): Buffer {
  const make = (pad: number, lines: number, rows: number) => {
    const objects = Array.from({ length: rows }, (_, id) => ({ id, ...ROW }));
    const filler = { pad: "x".repeat(pad), document: LINE.repeat(lines), rows: objects };
    const params = { name: tool, arguments: { ...filler, text: "Hello, World!" }, _meta: { progressToken: 1 } };
    return Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }));
  };
  const half = Math.max(0, bytes - make(0, 0, 0).length) / 2;
  const lines = Math.floor(half / Buffer.byteLength(JSON.stringify(LINE)));
  const rows = Math.floor(half / JSON.stringify({ id: 10_000, ...ROW }).length);
  return make(Math.max(0, bytes - make(0, lines, rows).length), lines, rows);
}

/** One Allow rule a tool, each with a scope and a predicate; the last one is `tool-<count - 1>`. */
export function policyOf(rules: number): object {
  return {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    metadata: { name: `bench-${rules}` },
    govern: ["tools"],
    rules: Array.from({ length: rules }, (_, i) => ({
      name: `rule-${i}`,
      source: { jwt: { scopes: ["call"] } },
      target: { tools: [{ tool: `tool-${i}`, when: 'args.text.matches("^Hello, .*!$")' }] },
    })),
  };
}

/** The name of the tool that the last rule allows. */
export function lastTool(rules: number): string {
  return `tool-${rules - 1}`;
}
