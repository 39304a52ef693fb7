// Runs the tests of policy test files with the filter.
import { dirname, join } from "node:path";
import { Engine } from "../evaluate/engine.ts";
import type { Loaded } from "../evaluate/load.ts";
import { Coverage } from "./coverage.ts";
import { loadFile, readInput } from "../input.ts";
import { compare, compareItems } from "./compare.ts";
import { readTests, TestFileError, type PolicyTest } from "./file.ts";

interface TestOutcome {
  name: string;
  /** What differs from the expectation; empty if the test passed. */
  differences: string[];
}

export interface FileOutcome {
  file: string;
  tests: TestOutcome[];
}

export class Runner {
  /** By the policy's path. */
  readonly coverage = new Map<string, Coverage>();
  private readonly policies = new Map<string, Loaded>();
  private readonly engine = new Engine();

  /** Runs one file. Throws TestFileError (also for a policy that does not compile) and CannotRun. */
  run(file: string): FileOutcome {
    const { policy, tests } = readTests(readInput(file), file);
    const path = join(dirname(file), policy);
    const loaded = this.load(path, file);
    return { file, tests: tests.map((test) => this.runTest(test, loaded, this.coverage.get(path)!)) };
  }

  private load(path: string, file: string): Loaded {
    const loaded = this.policies.get(path) ?? loadFile(path);
    if (!loaded) throw new TestFileError(`${file}: its policy ${path} does not compile`);
    this.policies.set(path, loaded);
    if (!this.coverage.has(path)) this.coverage.set(path, new Coverage(loaded.policy));
    return loaded;
  }

  private runTest({ name, expect, items, request }: PolicyTest, loaded: Loaded, coverage: Coverage): TestOutcome {
    const asked = request(loaded.policy);
    const result = this.engine.evaluate(loaded, asked, true);
    if (items) return { name, differences: compareItems(items, result) };
    coverage.add(asked, result.trace ?? []);
    return { name, differences: compare(expect, result) };
  }
}
