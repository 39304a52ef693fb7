// The compiler and the filter behind the page: what the state means. Pure but for its caches; no DOM.
import { Engine } from "../evaluate/engine.ts";
import { load, type Loaded } from "../evaluate/load.ts";
import type { EvalRequest } from "../evaluate/request.ts";
import { FilterFailure, type Result } from "../evaluate/result.ts";
import { explainRules, type ExplainedRule } from "../explain/rules.ts";
import { compilePolicy, type Compilation } from "../compiler/index.ts";
import type { ReadFile } from "../compiler/lock/locks.ts";
import { compare } from "../policy-test/compare.ts";
import { Coverage } from "../policy-test/coverage.ts";
import { readTests, TestFileError } from "../policy-test/file.ts";
import { analyse, type Analysis } from "../editor/analysis.ts";
import { outcomesOf, type ListedItem } from "./lists.ts";
import { payloadOf, requestOf } from "./request.ts";
import type { Call, FileName, State } from "./state.ts";

export const FILE_NAMES: Record<FileName, string> = {
  policy: "policy.yaml",
  lock: "tools.lock.yaml",
  tests: "policy.test.yaml",
};

export interface Decided {
  request: EvalRequest;
  result: Result;
}

export interface TestReport {
  tests: { name: string; differences: string[] }[];
  /** What no test reached. */
  missing: string[];
  reached: number;
  goals: number;
  error?: string;
}

export class Session {
  private readonly engine = new Engine();
  private analyses = new Map<FileName, { key: string; analysis: Analysis }>();
  private compiled: { key: string; compilation: Compilation; loaded: Loaded | undefined } | undefined;

  /** The compiled policy; the one that was compiled last while it is the same. */
  compile({ files }: State): { compilation: Compilation; loaded: Loaded | undefined } {
    const key = `${files.policy}\0${files.lock}`;
    if (this.compiled?.key === key) return this.compiled;
    const compilation = compilePolicy(files.policy, FILE_NAMES.policy, { read: reader(files) });
    this.compiled = { key, compilation, loaded: load(compilation) };
    return this.compiled;
  }

  /** What an editor knows of a file. */
  analyse(state: State, name: FileName): Analysis {
    const { files } = state;
    const known = this.analyses.get(name);
    const key = Object.values(files).join("\0");
    if (known?.key === key) return known.analysis;
    // The policy is compiled anyway, and once is enough.
    const { compilation } = this.compile(state);
    const analysis = analyse(files[name], FILE_NAMES[name], reader(files), known?.analysis, compilation);
    this.analyses.set(name, { key, analysis });
    return analysis;
  }

  /** The filter's decision about the call; undefined while the policy does not compile. */
  decide(state: State): Decided | { error: string } | undefined {
    const { loaded } = this.compile(state);
    if (!loaded) return undefined;
    try {
      const request = requestOf(state.call);
      return { request, result: this.engine.evaluate(loaded, request, true) };
    } catch (error) {
      return { error: error instanceof FilterFailure ? error.message : (error as Error).message };
    }
  }

  /** Why: for each rule that was tried, the parts of its predicates. Takes a little while. */
  explain(state: State, { request, result }: Decided): ExplainedRule[] {
    const { loaded } = this.compile(state);
    return loaded ? explainRules(loaded, request, result.trace ?? []) : [];
  }

  /** What a caller with this token may do with each tool of a list; undefined when the list is not judged. */
  list(state: State, names: readonly string[]): ListedItem[] | undefined {
    const { loaded } = this.compile(state);
    if (!loaded) return [];
    return outcomesOf(this.engine, loaded, names, state.call.token ? payloadOf(state.call) : null);
  }

  /** Runs the policy tests. */
  test(state: State): TestReport {
    const none = { tests: [], missing: [], reached: 0, goals: 0 };
    const { loaded } = this.compile(state);
    if (!loaded) return { ...none, error: "The policy does not compile." };
    if (state.files.tests.trim() === "") return none;
    try {
      const { tests } = readTests(state.files.tests, FILE_NAMES.tests);
      const coverage = new Coverage(loaded.policy);
      const reports = tests.map(({ name, expect, request }) => {
        const asked = request(loaded.policy);
        const result = this.engine.evaluate(loaded, asked, true);
        coverage.add(asked, result.trace ?? []);
        return { name, differences: compare(expect, result) };
      });
      const { goals } = coverage;
      const missing = goals.filter(({ reached }) => !reached).map(({ what }) => what);
      return { tests: reports, missing, goals: goals.length, reached: goals.length - missing.length };
    } catch (error) {
      if (!(error instanceof TestFileError || error instanceof FilterFailure)) throw error;
      return { ...none, error: error.message };
    }
  }
}

/** The files of the page by their names; any name of a lock is the one lock. */
export function reader(files: State["files"]): ReadFile {
  return (path) => {
    const name = path.replace(/^.*\//, "");
    if (name === FILE_NAMES.policy) return files.policy;
    return files.lock.trim() === "" ? undefined : files.lock;
  };
}

export type { Call };
