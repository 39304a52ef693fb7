// docs/providers.md: a policy for each identity provider, tried with tokens of its shape.
import { testRecipes } from "../support/recipes.ts";

testRecipes(new URL("../../docs/providers.md", import.meta.url));
