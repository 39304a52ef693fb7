// Pages of recipes: under each heading a policy that compiles without a warning, and tests of it that pass.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compilePolicy } from "../../scripts/compiler/index.ts";
import { Runner } from "../../scripts/policy-test/run.ts";
import { blocks } from "./pages.ts";

/** A test for each heading of the page. */
export function testRecipes(page: URL): void {
  for (const recipe of readFileSync(page, "utf8").split(/^## /m).slice(1)) {
    const title = recipe.slice(0, recipe.indexOf("\n"));
    test(title, () => {
      const [policy, tests, ...more] = blocks(recipe, "yaml");
      assert.ok(policy && tests && more.length === 0);
      assert.deepEqual(compilePolicy(policy, title).problems, []);
      const folder = mkdtempSync(join(tmpdir(), "scopegate-recipes-"));
      try {
        writeFileSync(join(folder, "policy.yaml"), policy);
        writeFileSync(join(folder, "recipe.test.yaml"), `policy: policy.yaml\n${tests}`);
        const { tests: results } = new Runner().run(join(folder, "recipe.test.yaml"));
        assert.ok(results.length > 1);
        for (const { name, differences } of results) assert.deepEqual(differences, [], name);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
}
