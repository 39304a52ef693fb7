// Where the built filter is: next to the bundled command line, or in build/ when run from the sources.
import { existsSync, readFileSync } from "node:fs";
import { CannotRun } from "../command.ts";

const PLACES = ["./scopegate.wasm", "../../build/scopegate.wasm"];

let cached: WebAssembly.Module | undefined;

/** The filter, compiled once per process. Throws CannotRun. */
export function filterModule(): WebAssembly.Module {
  return (cached ??= new WebAssembly.Module(readFileSync(filterFile())));
}

function filterFile(): URL {
  const file = PLACES.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
  if (!file) throw new CannotRun("the filter scopegate.wasm was not found next to this program; run `npm run build`");
  return file;
}
