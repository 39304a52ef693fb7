// Compiles one AssemblyScript file to wasm in memory and instantiates it, for tests that drive a part of the filter.
import asc from "assemblyscript/asc";

/** The exports of the module that `entry` (a path below the repository) compiles to. */
export async function compileEntry<T>(entry: string, imports: WebAssembly.Imports = {}): Promise<T> {
  const options = ["--config", "none", "--runtime", "stub", "--enable", "simd", "-O3", "--noAssert", "--use", "abort="];
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([entry, ...options, "--outFile", "out.wasm"], {
    writeFile: (_name: string, contents: Uint8Array | string) => {
      if (contents instanceof Uint8Array) binary = contents;
    },
  });
  if (error || !binary) throw new Error(`${entry}: ${error?.message}\n${stderr.toString()}`);
  const module = await WebAssembly.compile(binary as BufferSource);
  return (await WebAssembly.instantiate(module, imports)).exports as T;
}
