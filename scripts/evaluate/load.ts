// Policies, compiled and ready for the engine.
import {
  compileDocument,
  pluginConfiguration,
  type Compilation,
  type CompileOptions,
  type Policy,
} from "../compiler/index.ts";

/** A compiled policy, and the configuration for the filter. */
export interface Loaded {
  policy: Policy;
  configuration: string;
}

/** The configuration of a compiled policy; undefined if it has errors. */
export function load({ program, policy }: Compilation): Loaded | undefined {
  if (!program || !policy) return undefined;
  return { policy, configuration: JSON.stringify(pluginConfiguration(program, policy, { holdHeaders: false })) };
}

/** A policy given as an object: loaded, or the messages of its errors. */
export function loadDocument(document: object, options?: CompileOptions): Loaded | string[] {
  const compiled = compileDocument(document, options);
  const errors = compiled.problems.filter(({ severity }) => severity === "error");
  return load(compiled) ?? errors.map(({ file, message }) => (file === "" ? message : `${file}: ${message}`));
}
