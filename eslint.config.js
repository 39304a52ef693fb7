import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";

const sizes = {
  // A switch counts once: a table of cases is no branching logic.
  complexity: ["error", { max: 15, variant: "modified" }],
  "max-lines": ["error", { max: 400 }],
  "max-lines-per-function": ["error", { max: 60 }],
};

/** AssemblyScript's decorators are blanked out, places stay; a misspelt one is still a parse error. */
const decorators = {
  preprocess: (text) => [
    text.replace(/^([ \t]*)@(?:inline|lazy|global|unmanaged|external\([^)]*\))/gm, (whole) => " ".repeat(whole.length)),
  ],
  postprocess: (messages) => messages.flat(),
};

// asc warns about none of these, so the linter must.
const slips = {
  "no-cond-assign": ["error", "always"],
  "no-fallthrough": "error",
  "no-undef": "off",
  "@typescript-eslint/no-shadow": "error",
  "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
};

export default defineConfig(
  { ignores: ["build/", "coverage/", ".cache/", "node_modules/"] },
  js.configs.recommended,
  ts.configs.recommended,
  { rules: { ...sizes, ...slips } },
  { files: ["scripts/**", "tests/**/*.test.ts"], rules: { eqeqeq: "error" } },
  {
    // The layout of a program is drawn in one piece.
    files: ["assembly/program.ts"],
    rules: { "max-lines": ["error", { max: 600 }] },
  },
  {
    // A suite is one function; its length says nothing.
    files: ["tests/**"],
    rules: { "max-lines-per-function": "off" },
  },
  {
    // Members of an enum may be called like another enum: nothing refers to them by the bare name.
    files: ["assembly/program.ts", "assembly/instructions.ts", "assembly/runtime/contexts.ts"],
    rules: { "@typescript-eslint/no-shadow": "off" },
  },
  {
    // AssemblyScript: `@external` declarations need @ts-ignore, and `==` is the only equality on numbers.
    files: ["assembly/**", "tests/unit/**"],
    processor: decorators,
    rules: {
      "@typescript-eslint/ban-ts-comment": "off",
      "no-loss-of-precision": "off",
      "prefer-const": "error",
    },
  },
);
