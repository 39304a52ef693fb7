// Policies, compiled and ready for the engine.
import {
  compileDocument,
  compilePolicy,
  pluginConfiguration,
  type Compilation,
  type Policy,
} from "../compiler/index.ts";
import { nameOf, readInput, report } from "../input.ts";

/** A policy that compiled, and the configuration that the filter gets. */
export interface Loaded {
  policy: Policy;
  configuration: string;
}

/** The configuration of a compiled policy; undefined when it was refused. */
export function load({ program, policy }: Compilation): Loaded | undefined {
  if (!program || !policy) return undefined;
  return { policy, configuration: JSON.stringify(pluginConfiguration(program, policy, { holdHeaders: false })) };
}

/** A policy given as an object: loaded, or the messages of what is wrong with it. */
export function loadDocument(document: object): Loaded | string[] {
  const compiled = compileDocument(document);
  const errors = compiled.problems.filter(({ severity }) => severity === "error");
  return load(compiled) ?? errors.map(({ file, message }) => (file === "" ? message : `${file}: ${message}`));
}

/** Compiles a file; its problems go to standard error. */
export function loadFile(file: string): Loaded | undefined {
  const compiled = compilePolicy(readInput(file), nameOf(file));
  report(compiled.problems);
  return load(compiled);
}
