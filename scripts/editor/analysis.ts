// What an editor knows of one file: its problems, and the policy and locks as they were when it last made sense.
import { compilePolicy, type Compilation, type Policy, type Problem } from "../compiler/index.ts";
import type { PolicyLock, ReadFile } from "../compiler/lock/locks.ts";
import { closeScopes, type Closures } from "../compiler/policy/hierarchy.ts";
import { MCP_ROUTE } from "../compiler/policy/route-shapes.ts";
import { POLICY, type Shape } from "../compiler/policy/shapes.ts";
import { Report } from "../compiler/source/document.ts";
import { TEST_FILE } from "../policy-test/shapes.ts";
import { checkTestText } from "../policy-test/problems.ts";

export interface Analysis {
  /** Of this text, by place. */
  problems: Problem[];
  /** What each `when` costs, by place. */
  notes: Problem[];
  /** Of this text, or of the last one that could be read; in a test file, of the policy that it names. */
  policy?: Policy;
  locks: PolicyLock[];
  closures: Closures;
  shape: Shape;
}

/**
 * Analyses a policy or a test file; `before` is the analysis of the text as it was, `read` opens files beside it, `compiled`
 * is for a policy that is compiled already; of a test file, the policy that it names.
 */
export function analyse(
  text: string,
  file: string,
  read?: ReadFile,
  before?: Analysis,
  compiled?: Compilation,
): Analysis {
  const shape = shapeFor(text, file);
  if (shape === TEST_FILE) return analyseTests(text, file, read, before, compiled);
  const { problems, notes = [], policy, locks } = compiled ?? compilePolicy(text, file, { ...(read && { read }) });
  return { problems, notes, shape, ...known(policy, locks, before) };
}

function analyseTests(
  text: string,
  file: string,
  read: ReadFile | undefined,
  before: Analysis | undefined,
  policyCompiled: Compilation | undefined,
): Analysis {
  const path = /^policy:[ \t]*["']?([^"'#\r\n]+?)["']?[ \t]*(?:#.*)?$/m.exec(text)?.[1];
  const policyText = path === undefined || policyCompiled ? undefined : read?.(path);
  const compiled =
    policyText === undefined ? policyCompiled : compilePolicy(policyText, path!, { ...(read && { read }) });
  const problems = checkTestText(text, file);
  return { problems, notes: [], shape: TEST_FILE, ...known(compiled?.policy, compiled?.locks, before) };
}

function known(policy: Policy | undefined, locks: PolicyLock[] | undefined, before: Analysis | undefined) {
  const kept = policy ?? before?.policy;
  return {
    ...(kept && { policy: kept }),
    locks: locks ?? before?.locks ?? [],
    closures: kept ? closeScopes(new Report(), kept).closures : new Map<string, string[]>(),
  };
}

/** Which kind of document a text is, also while it is being written. */
function shapeFor(text: string, file: string): Shape {
  if (/\.test\.ya?ml$/.test(file) || /^tests:/m.test(text)) return TEST_FILE;
  return /^kind:[ \t]*["']?MCPRoute/m.test(text) ? MCP_ROUTE : POLICY;
}

/** The UTF-16 offsets that a problem marks in the text; undefined when it is about no place, or about another file. */
export function spanOf(
  problem: Problem,
  starts: readonly number[],
  text: string,
): { start: number; end: number } | undefined {
  const line = starts[problem.line - 1];
  if (problem.line < 1 || line === undefined) return undefined;
  const units = (count: number, from: number): number => {
    let at = from;
    for (let i = 0; i < count && at < text.length; i++) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
    return at;
  };
  const start = units(problem.column - 1, line);
  return { start, end: units(problem.length, start) };
}

/** Where each line of a text begins. */
export function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((end) => end.index + end[0].length)];
}
