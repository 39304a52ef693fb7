// The filter in the page itself: in the bundle this takes the place of scripts/evaluate/filter-file.ts.
import bytes from "../../build/scopegate.wasm";

let cached: WebAssembly.Module | undefined;

export function filterModule(): WebAssembly.Module {
  return (cached ??= new WebAssembly.Module(bytes));
}
