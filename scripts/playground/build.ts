// Builds the page: three static files that work from any place, also from a disk. One classic script holds the compiler, the
// editor and the filter.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Files of the page, for scripts/build.ts. */
export const PAGE = ["index.html", "playground.css", "playground.js"] as const;

export async function pageFile(name: (typeof PAGE)[number]): Promise<Uint8Array> {
  if (name === "index.html") return readFileSync(join(folder, name));
  const script = name.endsWith(".js");
  const result = await build({
    absWorkingDir: folder,
    entryPoints: [script ? "main.ts" : "style.css"],
    bundle: true,
    write: false,
    minify: true,
    platform: "browser",
    format: "iife",
    target: ["es2022"],
    charset: "utf8",
    legalComments: "eof",
    loader: { ".yaml": "text", ".wasm": "binary" },
    plugins: [filterInPage],
  });
  return result.outputFiles[0]!.contents;
}

/** In the page the filter is a part of the script, not a file beside it. */
const filterInPage: Plugin = {
  name: "filter-in-page",
  setup({ onResolve }) {
    onResolve({ filter: /\/filter-file\.ts$/ }, () => ({ path: join(folder, "inlined-filter.ts") }));
  },
};
