// as-pect: the specs of assembly/, one per file. There is no host here: the pure parts need none.
export default {
  entries: ["tests/unit/*.spec.ts"],
  include: [],
  disclude: [/node_modules/],
  coverage: process.env.COVERAGE ? ["assembly/**/*.ts"] : undefined,
  async instantiate(memory, createImports, instantiate, binary) {
    const module = await WebAssembly.compile(binary);
    const env = { memory };
    for (const { module: space, name, kind } of WebAssembly.Module.imports(module)) {
      if (space === "env" && kind === "function" && name.startsWith("proxy_")) env[name] = () => NOT_FOUND;
    }
    return instantiate(binary, createImports({ env }));
  },
  outputBinary: false,
};

const NOT_FOUND = 1;
