// Policies, compiled and ready for the engine: one, or several in one plugin configuration.
import {
  compileDocument,
  compilePolicy,
  conflicts,
  pluginConfiguration,
  severalConfiguration,
  type Compilation,
  type Member,
  type Policy,
  type Problem,
} from "../compiler/index.ts";
import { nameOf, readInput, report } from "../input.ts";

/** Compiled policies, and the configuration for the filter. */
export interface Loaded {
  /** The first one, or the only one. */
  policy: Policy;
  policies: Policy[];
  configuration: string;
}

/** The configuration of a compiled policy; undefined if it has errors. */
export function load({ program, policy }: Compilation): Loaded | undefined {
  if (!program || !policy) return undefined;
  const configuration = JSON.stringify(pluginConfiguration(program, policy, { holdHeaders: false }));
  return { policy, policies: [policy], configuration };
}

/** A policy given as an object: loaded, or the messages of its errors. */
export function loadDocument(document: object): Loaded | string[] {
  const compiled = compileDocument(document);
  return load(compiled) ?? errorsOf(compiled.problems);
}

/** Several policies given as objects: loaded, or the messages of their errors. */
export function loadDocuments(documents: readonly object[]): Loaded | string[] {
  const compiled = documents.map(compileDocument);
  const errors = compiled.flatMap(({ problems }, i) => errorsOf(problems).map((error) => `policies[${i}]: ${error}`));
  if (errors.length > 0) return errors;
  const members = compiled.map(({ policy, program }, i) => ({
    file: `policies[${i}]`,
    policy: policy!,
    program: program!,
  }));
  const wrong = errorsOf(conflicts(members));
  return wrong.length > 0 ? wrong : several(members);
}

/** Compiles files, several of them for one plugin configuration; problems go to standard error. */
export function loadFiles(files: readonly string[]): Loaded | undefined {
  const members = compileFiles(files);
  if (!members) return undefined;
  return members.length > 1 ? several(members) : load({ ...members[0]!, problems: [] });
}

/** Compiles a file; problems go to standard error. */
export function loadFile(file: string): Loaded | undefined {
  return loadFiles([file]);
}

/** Compiles files; problems, also those that they have with each other, go to standard error. Undefined if one is an error. */
export function compileFiles(files: readonly string[]): Member[] | undefined {
  const compiled = files.map((file) => ({ file: nameOf(file), ...compilePolicy(readInput(file), nameOf(file)) }));
  const members = compiled.flatMap(({ file, policy, program }) =>
    policy && program ? [{ file, policy, program }] : [],
  );
  const whole = members.length === files.length;
  const rivals = whole && members.length > 1 ? conflicts(members) : [];
  report([...compiled.flatMap(({ problems }) => problems), ...rivals]);
  return whole && rivals.length === 0 ? members : undefined;
}

function several(members: Member[]): Loaded {
  const policies = members.map(({ policy }) => policy);
  return { policy: policies[0]!, policies, configuration: JSON.stringify(severalConfiguration(members)) };
}

function errorsOf(problems: readonly Problem[]): string[] {
  const errors = problems.filter(({ severity }) => severity === "error");
  return errors.map(({ file, message }) => (file === "" ? message : `${file}: ${message}`));
}
