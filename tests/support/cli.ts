// The bundled command line as users run it: two files in a folder without node_modules.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

/** The folder that commands run in, with `policy.yaml`; removed when the tests of the file end. */
export const folder = mkdtempSync(join(tmpdir(), "scopegate-cli-"));
after(() => rmSync(folder, { recursive: true }));
for (const file of ["scopegate.mjs", "scopegate.wasm"])
  cpSync(fileURLToPath(new URL(`../../build/${file}`, import.meta.url)), join(folder, file));

export const POLICY = `apiVersion: scopegate/v1
kind: Policy
metadata: {name: files}
resource: https://mcp.example.com/mcp
backend: {from: toolPrefix}
rules:
  - name: public-files
    source: {jwt: {scopes: [files:read]}}
    target:
      tools:
        - {backend: fs, tool: read_file, when: 'args.path.startsWith("/public/") && args.size < 10'}
  - name: greet
    target: {tools: [{backend: demo, tool: echo, when: 'args.text.matches("^Hello, .*!$")'}]}
`;

/** Writes a file of the folder and returns its name. */
export const file = (name: string, text: string): string => (writeFileSync(join(folder, name), text), name);
file("policy.yaml", POLICY);
file("wrong.yaml", POLICY.replace("startsWith", "startWith").replace("tool: echo", "tol: echo"));

export interface Run {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a command line in the folder. */
export function run(args: string[], input = ""): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scopegate.mjs", ...args], {
    cwd: folder,
    input,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  return { code: status, out: stdout, err: stderr };
}

/** The objects of JSON lines. */
export const lines = (out: string): Record<string, unknown>[] =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A tools/call. */
export const body = (name: string, args: unknown): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
/** A line for `eval`, with the scope files:read in the token. */
export const request = (name: string, args: unknown, more: object = {}): string =>
  JSON.stringify({ payload: { scope: "files:read" }, body: body(name, args), ...more });
