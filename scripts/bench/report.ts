// `npm run bench:report`: puts the results of build/bench.json (or the files named) into docs/benchmarks.md, draws the
// graphs, and writes README's table of costs. Several files are merged: a later one adds or replaces parts.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";
import { graphs } from "./plot.ts";
import type { Results } from "./results.ts";
import { costTable, describe } from "./tables.ts";

const PAGE = "docs/benchmarks.md";
const FOLDER = "docs/benchmarks";
const [BEGIN, END] = ["<!-- results: begin -->", "<!-- results: end -->"];

const files = process.argv.slice(2);
const read = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Results;
const results = Object.assign({}, ...(files.length ? files : ["build/bench.json"]).map(read)) as Results;

const drawn = graphs(results);
mkdirSync(FOLDER, { recursive: true });
for (const [name, svg] of Object.entries(drawn)) writeFileSync(`${FOLDER}/${name}`, `${svg}\n`);
const pictures = Object.keys(drawn).map(
  (name) => `![${name.replace(".svg", "").replaceAll("-", " ")}](benchmarks/${name})`,
);

await put(PAGE, [describe(results, 3), ...pictures]);
const written = [PAGE, ...Object.keys(drawn).map((name) => `${FOLDER}/${name}`)];
if (results.envoy) written.push(await put("README.md", [costTable(results.envoy)]));
console.log(written.join(", "));

/** Replaces the text between the markers of a page, and returns its name. */
async function put(file: string, parts: string[]): Promise<string> {
  const page = readFileSync(file, "utf8");
  const [before, after] = [page.split(BEGIN)[0]!, page.split(END)[1]];
  if (after === undefined || before === page) throw new Error(`${file} has lost its markers ${BEGIN} and ${END}`);
  const text = [before + BEGIN, ...parts, END + after].join("\n\n");
  writeFileSync(file, await format(text, { parser: "markdown", printWidth: 120 }));
  return file;
}
