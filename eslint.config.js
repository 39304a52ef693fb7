import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";

const sizes = {
  complexity: ["error", 15],
  "max-lines": ["error", { max: 400 }],
  "max-lines-per-function": ["error", { max: 60 }],
};

// asc warns about none of these, so the linter must.
const slips = {
  "no-cond-assign": ["error", "always"],
  "no-fallthrough": "error",
  "no-undef": "off",
  "@typescript-eslint/no-shadow": "error",
  "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
};

export default defineConfig(
  { ignores: ["build/", "coverage/", ".cache/", "node_modules/"] },
  js.configs.recommended,
  ts.configs.recommended,
  { rules: { ...sizes, ...slips } },
  { files: ["scripts/**", "tests/*.ts"], rules: { eqeqeq: "error" } },
  {
    // A suite is one function; its length says nothing.
    files: ["tests/**"],
    rules: { "max-lines-per-function": "off" },
  },
  {
    // AssemblyScript: `@external` declarations need @ts-ignore, and `==` is the only equality on numbers.
    files: ["assembly/**", "tests/unit/**"],
    rules: {
      "@typescript-eslint/ban-ts-comment": "off",
      "@typescript-eslint/no-loss-of-precision": "off",
      "prefer-const": "error",
    },
  },
);
