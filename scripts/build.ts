// Makes build/scopegate.wasm (asc, branch hints) and build/scopegate.mjs (esbuild). Each is rebuilt only if one of its sources
// changed, and is put in place by a rename, so that a reader never sees half a file.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import asc from "assemblyscript/asc";
import { build as bundle, type BuildOptions } from "esbuild";
import { PAGE, pageFile } from "./playground/build.ts";
import { withBranchHints } from "./transforms/branch-hints/index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "build");

interface Product {
  file: string;
  /** Files and folders; a change in any of them rebuilds the product. */
  sources: string[];
  make(): Promise<Uint8Array>;
}

/** The transforms of asc, which asconfig.json names. */
const TRANSFORMS = (
  JSON.parse(readFileSync(join(root, "asconfig.json"), "utf8")) as { options: { transform: string[] } }
).options.transform.map(normalize);

/** What the branch hints depend on besides the filter. */
const PROFILE = ["transforms/branch-hints", "compiler", "simulate", "wire.ts"].map((path) => `scripts/${path}`);

const FILTER_SOURCES = ["assembly", "asconfig.json", ...TRANSFORMS, ...PROFILE, "package-lock.json"];

/** The page holds the compiler, the filter and the examples. */
const PAGE_SOURCES = [...FILTER_SOURCES, "scripts", "tests/cases", "envoy/policy.yaml", "package.json"];

const PRODUCTS: Product[] = [
  {
    file: "scopegate.wasm",
    sources: FILTER_SOURCES,
    make: compileFilter,
  },
  {
    file: "scopegate.mjs",
    sources: ["scripts", "assembly/program.ts", "package.json", "package-lock.json"],
    make: bundleCli,
  },
  ...PAGE.map((name): Product => ({ file: `playground/${name}`, sources: PAGE_SOURCES, make: () => pageFile(name) })),
];

/** Builds what is missing or out of date; with `onlyWhenNeeded: false`, everything. Exits 1 on an error. */
export async function build({ onlyWhenNeeded }: { onlyWhenNeeded: boolean }): Promise<void> {
  mkdirSync(join(out, "playground"), { recursive: true });
  for (const product of PRODUCTS) {
    const stamp = fingerprint(product.sources);
    const stampFile = join(out, `.${product.file.replace("/", ".")}.sources`);
    const file = join(out, product.file);
    const fresh = existsSync(file) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp;
    if (onlyWhenNeeded && fresh) continue;
    await makeProduct(product, file);
    writeFileSync(stampFile, stamp);
  }
}

async function makeProduct(product: Product, file: string): Promise<void> {
  const start = performance.now();
  const bytes = await product.make();
  writeFileSync(`${file}.new`, bytes, { mode: 0o755 });
  renameSync(`${file}.new`, file);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const size = `${(bytes.length / 1024).toFixed(1)} KiB, ${(gzipSync(bytes).length / 1024).toFixed(1)} KiB gzipped`;
  console.error(`build/${product.file}: ${size}, ${seconds} s`);
}

async function compileFilter(): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  // asc finds a transform that asconfig.json names by a relative path only when the file's own path is absolute.
  const { error, stderr } = await asc.main(["--config", join(root, "asconfig.json"), "--target", "release"], {
    writeFile: (name: string, contents: Uint8Array | string) => {
      files.set(name, typeof contents === "string" ? Buffer.from(contents) : contents);
    },
  });
  const wasm = files.get(join(out, "scopegate.wasm"));
  if (error || !wasm) fail(`${stderr.toString()}${error?.message ?? "asc wrote no module"}`);
  return withBranchHints(wasm);
}

/** How the command line becomes one file. */
const CLI = {
  absWorkingDir: root,
  entryPoints: ["scripts/cli.ts"],
  bundle: true,
  write: false,
  metafile: true,
  platform: "node",
  format: "esm",
  target: "node20",
  legalComments: "eof",
  banner: {
    // A CommonJS dependency loads Node's own modules with require().
    js: '#!/usr/bin/env node\nimport { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);',
  },
} satisfies BuildOptions;

async function bundleCli(): Promise<Uint8Array> {
  const result = await bundle(CLI).catch((error: Error) => fail(error.message));
  return result.outputFiles[0]!.contents;
}

/** The folders of the packages whose files are in the command line, below `node_modules`. */
export async function bundledPackages(): Promise<string[]> {
  const { metafile } = await bundle(CLI);
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  // What was looked at, but left out because nobody needs it, is no part of the file.
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  const folders = used.flatMap((path) => /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  return [...new Set(folders)].sort();
}

/** A hash over names and contents of all sources. */
function fingerprint(sources: string[]): string {
  const hash = createHash("sha256");
  for (const source of sources.flatMap(filesBelow)) hash.update(`${source}\0`).update(readFileSync(join(root, source)));
  return hash.digest("hex");
}

function filesBelow(path: string): string[] {
  if (!existsSync(join(root, path))) return [];
  if (path.includes(".")) return [path];
  const entries = readdirSync(join(root, path), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) =>
    entry.isDirectory() ? filesBelow(`${path}/${entry.name}`) : [`${path}/${entry.name}`],
  );
}

function fail(message: string): never {
  console.error(message);
  console.error("scopegate: the build failed");
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await build({ onlyWhenNeeded: process.argv.includes("--if-needed") });
