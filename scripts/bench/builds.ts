// Programs of peers in other languages, built on demand. If a toolchain is missing, the peer is left out, and the run goes on.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const GO_SERVICE = "scripts/bench/peers/ext-authz";
const RUST_CRATE = "scripts/bench/peers/rust";
const RUST_OUTPUT = "build/rust"; // cargo builds only what has changed
const WASM = "wasm32-unknown-unknown";

/** A file to build, and how: `build` returns why it failed, or undefined. */
export interface Product {
  file: string;
  build(): string | undefined;
}

/** The service in Go for ext_authz. */
export function goService(): Product {
  const file = resolve("build/bench-ext-authz");
  return { file, build: () => run("go", ["build", "-trimpath", "-o", file, "."], GO_SERVICE) };
}

/** The crate as a proxy-wasm module, or the module that $RUST_WASM names. */
export function rustWasm(): Product {
  const named = process.env["RUST_WASM"];
  const missing = () => (existsSync(named!) ? undefined : "the file in $RUST_WASM does not exist");
  if (named) return { file: resolve(named), build: missing };
  return { file: resolve(RUST_OUTPUT, WASM, "release/bench_peer.wasm"), build: () => cargo(["--target", WASM]) };
}

/** The crate as a dynamic module of Envoy. */
export function rustNative(): Product {
  return { file: resolve(RUST_OUTPUT, "release/libbench_peer.so"), build: () => cargo([]) };
}

/** $CARGO is read here, $RUSTC by cargo itself. */
function cargo(options: string[]): string | undefined {
  const common = ["build", "--release", "--locked", "--quiet", "--target-dir", resolve(RUST_OUTPUT)];
  return run(process.env["CARGO"] || "cargo", [...common, ...options], RUST_CRATE);
}

function run(command: string, args: string[], folder: string): string | undefined {
  const { error, status, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (error) return `there is no \`${command}\``;
  if (status === 0) return undefined;
  if (stderr.includes("target may not be installed")) return `Rust has no target ${WASM}`;
  const lines = stderr.trim().split("\n");
  return `the build failed: ${lines.find((line) => line.startsWith("error")) ?? lines.at(-1)}`;
}
