// docs/cookbook.md: every recipe is a policy that compiles without a warning, and tests that pass.
import { testRecipes } from "../support/recipes.ts";

testRecipes(new URL("../../docs/cookbook.md", import.meta.url));
