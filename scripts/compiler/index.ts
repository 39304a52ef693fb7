// The policy compiler: a document in, a program or problems out.
// read → close scopes → compile whens → encode → lint
import { closeScopes } from "./policy/hierarchy.ts";
import { openDataFile } from "./policy/data.ts";
import { resolveAnnotations } from "./policy/annotated.ts";
import { checkAgainstLocks } from "./policy/against-locks.ts";
import { openLocks, type PolicyLock, type ReadFile } from "./lock/locks.ts";
import { pickDocument, readDocument } from "./policy/kinds.ts";
import { checkAnonymous } from "./policy/places.ts";
import { checkLiterals } from "./policy/literals.ts";
import { lintPolicy } from "./policy/lint.ts";
import type { Policy } from "./policy/policy.ts";
import { compileWhens } from "./policy/whens.ts";
import { programDigest } from "./program/digest.ts";
import { encodePolicy } from "./program/encode.ts";
import { routesOf, type Member } from "./several.ts";
import { readObject, readYaml, Report, type Tree } from "./source/document.ts";
import { Source, type Problem } from "./source/problem.ts";
import { toBase64 } from "../bytes.ts";

export { needsKey } from "./policy/record.ts";
export { programDigest };
export { conflicts, hostsOf, type Member } from "./several.ts";
export { readsAddress } from "./policy/places.ts";
export { plainData } from "./policy/data.ts";
export { listing, ProgramError } from "./program/listing.ts";
export { conditionOf } from "./policy/policy.ts";
export type { Claim, Policy, Rule, Target } from "./policy/policy.ts";
export { renderProblems, type Problem, type Severity } from "./source/problem.ts";

/** `program` is set exactly if no problem is an error; `policy` if the document could be read. */
export interface Compilation {
  program?: Uint8Array;
  policy?: Policy;
  /** Errors and warnings, by place. */
  problems: Problem[];
  /** What each `when` costs at most, by place. */
  notes?: Problem[];
  /** Which tools of its locks no rule names. */
  coverage?: Problem[];
  /** The locks that the policy names. */
  locks?: PolicyLock[];
}

export interface CompileOptions {
  /** Reads the files that the policy names, such as its locks. */
  read?: ReadFile;
}

/** Compiles the YAML (or JSON) of a policy; `file` is only the name in problems. Never throws on bad input. */
export function compilePolicy(yaml: string, file: string, options: CompileOptions = {}): Compilation {
  const source = new Source(yaml, file);
  const report = new Report(source);
  const trees = readYaml(source, report);
  const tree = pickDocument(report, trees, yaml.length);
  return compileTree(report, tree, options);
}

/** Compiles a policy given as an object; problems name the member's path instead of a file. */
export function compileDocument(document: unknown, options: CompileOptions = {}): Compilation {
  const report = new Report();
  return compileTree(report, readObject(document, report), options);
}

/** The pipeline. Each stage reports what it finds wrong, and the next ones go on, so that one run shows all errors. */
function compileTree(report: Report, tree: Tree | undefined, { read }: CompileOptions): Compilation {
  const policy = tree && readDocument(report, tree);
  if (!policy) return { problems: report.sorted() };
  const fromData = openDataFile(report, policy, read);
  const { locks, problems: fromLocks } = openLocks(report, policy.locks, read);
  const problems = [...fromData, ...fromLocks];
  resolveAnnotations(report, policy, locks);
  const hierarchy = closeScopes(report, policy);
  checkLiterals(report, policy);
  const whens = compileWhens(report, policy);
  checkAnonymous(report, policy, whens);
  const program = encodePolicy(report, policy, hierarchy, whens, locks);
  const coverage = checkAgainstLocks(report, policy, locks);
  if (report.failed) return { policy, locks, coverage, problems: [...report.sorted(), ...problems] };
  lintPolicy(report, policy, hierarchy.closures, whens);
  return { program, policy, locks, problems: report.sorted(), notes: report.notes, coverage };
}

/** The program of a policy that was made of another one. Throws what would be its problems. */
export function encodeModel(policy: Policy): Uint8Array {
  const report = new Report();
  const program = encodePolicy(report, policy, closeScopes(report, policy), compileWhens(report, policy));
  const { failed } = report;
  if (failed)
    throw new Error(
      report
        .sorted()
        .map(({ message }) => message)
        .join("; "),
    );
  return program;
}

/** Settings that belong to the host rather than to the policy. */
export interface PluginOptions {
  /** Only for a host with allow_on_headers_stop_iteration. */
  holdHeaders?: boolean;
  /** Mark each request, for an authorization check after the filter that refuses what has no mark. */
  guard?: boolean;
  /** The key for what records have hashed, 64 characters. */
  recordKey?: string;
  /** A policy that is evaluated beside the enforced one: what it would decide is told. */
  candidate?: Pick<Member, "policy" | "program">;
}

/** The configuration of the filter. */
export function pluginConfiguration(
  program: Uint8Array,
  { name }: Policy,
  options: PluginOptions = {},
): PluginConfiguration {
  const { candidate } = options;
  const own = { digest: programDigest(program), ...hostSettings(options), program: toBase64(program) };
  return { scopegate: 1, policy: name, ...own, ...(candidate && { candidate: candidateOf(candidate) }) };
}

function candidateOf({ policy, program }: Pick<Member, "policy" | "program">): CandidateConfiguration {
  return { policy: policy.name, digest: programDigest(program), program: toBase64(program) };
}

/** The configuration of the filter for several policies, of which the host and path of a request choose one. */
export function severalConfiguration(members: readonly Member[], options: PluginOptions = {}): SeveralConfiguration {
  const policies = members.map(({ policy, program }) => ({
    name: policy.name,
    digest: programDigest(program),
    routes: routesOf(policy),
    program: toBase64(program),
  }));
  return { scopegate: 1, ...hostSettings(options), policies };
}

function hostSettings({
  holdHeaders = false,
  guard = false,
  recordKey,
}: PluginOptions): Omit<HostSettings, "scopegate"> {
  return { holdHeaders, ...(guard && { guard }), ...(recordKey !== undefined && { recordKey }) };
}

interface HostSettings {
  scopegate: 1;
  holdHeaders: boolean;
  guard?: boolean;
  recordKey?: string;
}

interface CandidateConfiguration {
  policy: string;
  digest: string;
  program: string;
}

export interface PluginConfiguration extends HostSettings {
  policy: string;
  /** Of the program, as in records; for people, the filter makes its own. */
  digest: string;
  program: string;
  candidate?: CandidateConfiguration;
}

export interface SeveralConfiguration extends HostSettings {
  policies: { name: string; digest: string; routes: string[]; program: string }[];
}
