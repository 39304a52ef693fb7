// The result of a suite, and running a tool for one.
import { spawn } from "node:child_process";

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs a program of node_modules/.bin with this Node; returns its output, standard error included, and exit code. */
export function runTool(script: string, args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [`node_modules/${script}`, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const add = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on("data", add);
    child.stderr.on("data", add);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

export function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, "    ");
}
