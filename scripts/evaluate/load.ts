// Policies, compiled and ready for the engine: one, or several in one plugin configuration.
import {
  compileDocument,
  conflicts,
  pluginConfiguration,
  severalConfiguration,
  type Compilation,
  type CompileOptions,
  type Member,
  type Policy,
  type Problem,
} from "../compiler/index.ts";

/** Compiled policies, and the configuration for the filter. */
export interface Loaded {
  /** The policy that is evaluated beside the first one. */
  candidate?: Policy;
  /** The first one, or the only one. */
  policy: Policy;
  policies: Policy[];
  configuration: string;
}

/** The configuration of a compiled policy; undefined if it has errors. */
export function load({ program, policy }: Compilation, candidate?: Candidate): Loaded | undefined {
  if (!program || !policy) return undefined;
  const configuration = JSON.stringify(pluginConfiguration(program, policy, { holdHeaders: false, candidate }));
  return { policy, policies: [policy], configuration, ...(candidate && { candidate: candidate.policy }) };
}

export type Candidate = Pick<Member, "policy" | "program">;

/** A policy and its candidate, given as objects: loaded, or the messages of their errors. */
export function loadBeside(document: object, next: object, options?: CompileOptions): Loaded | string[] {
  const [compiled, other] = [compileDocument(document, options), compileDocument(next, options)];
  const errors = [...errorsOf(compiled.problems), ...errorsOf(other.problems).map((error) => `candidate: ${error}`)];
  const { policy, program } = other;
  return errors.length > 0 ? errors : load(compiled, { policy: policy!, program: program! })!;
}

/** A policy given as an object: loaded, or the messages of its errors. */
export function loadDocument(document: object, options?: CompileOptions): Loaded | string[] {
  const compiled = compileDocument(document, options);
  return load(compiled) ?? errorsOf(compiled.problems);
}

/** Several policies given as objects: loaded, or the messages of their errors. */
export function loadDocuments(documents: readonly object[], options?: CompileOptions): Loaded | string[] {
  const compiled = documents.map((document) => compileDocument(document, options));
  const errors = compiled.flatMap(({ problems }, i) => errorsOf(problems).map((error) => `policies[${i}]: ${error}`));
  if (errors.length > 0) return errors;
  const members = compiled.map(({ policy, program }, i) => ({
    file: `policies[${i}]`,
    policy: policy!,
    program: program!,
  }));
  const wrong = errorsOf(conflicts(members));
  return wrong.length > 0 ? wrong : loadMembers(members);
}

/** The configuration of several compiled policies without conflicts. */
export function loadMembers(members: readonly Member[]): Loaded {
  const policies = members.map(({ policy }) => policy);
  return { policy: policies[0]!, policies, configuration: JSON.stringify(severalConfiguration(members)) };
}

function errorsOf(problems: readonly Problem[]): string[] {
  const errors = problems.filter(({ severity }) => severity === "error");
  return errors.map(({ file, message }) => (file === "" ? message : `${file}: ${message}`));
}
