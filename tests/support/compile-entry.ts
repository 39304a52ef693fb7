// Compiles one AssemblyScript file to wasm in memory, for tests that drive a part of the filter by itself.
import asc from "assemblyscript/asc";

/** The module that `entry`, a path below the repository, compiles to. */
export async function compileModule(entry: string): Promise<WebAssembly.Module> {
  const options = ["--config", "none", "--runtime", "stub", "--enable", "simd", "-O3", "--noAssert", "--use", "abort="];
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [entry, ...options, "--transform", "./scripts/transforms/ascii-strings.mjs", "--outFile", "out.wasm"],
    {
      writeFile: (_name: string, contents: Uint8Array | string) => {
        if (contents instanceof Uint8Array) binary = contents;
      },
    },
  );
  if (error || !binary) throw new Error(`${entry}: ${error?.message}\n${stderr.toString()}`);
  return WebAssembly.compile(binary as BufferSource);
}

/** The exports of a module that needs no imports. */
export async function compileEntry<T>(entry: string): Promise<T> {
  return (await WebAssembly.instantiate(await compileModule(entry))).exports as T;
}
