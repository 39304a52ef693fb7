// `npm run bench:report`: puts the results of build/bench.json (or the files named) into docs/benchmarks.md and draws
// the graphs. Several files are one: a later one adds or replaces parts.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";
import { graphs } from "./plot.ts";
import type { Results } from "./results.ts";
import { describe } from "./tables.ts";

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

const page = readFileSync(PAGE, "utf8");
const [before, after] = [page.split(BEGIN)[0]!, page.split(END)[1]];
if (after === undefined || before === page) throw new Error(`${PAGE} has lost its markers ${BEGIN} and ${END}`);
const text = [before + BEGIN, describe(results, 3), ...pictures, END + after].join("\n\n");
writeFileSync(PAGE, await format(text, { parser: "markdown", printWidth: 120 }));
console.log(
  `${PAGE}, ${Object.keys(drawn)
    .map((name) => `${FOLDER}/${name}`)
    .join(", ")}`,
);
