// What a policy test expected and what it got.
import type { Result } from "../evaluate/result.ts";
import type { Expectation } from "./file.ts";

/** What differs, a line each; nothing when the test passed. */
export function compare(expect: Expectation, result: Result): string[] {
  const got: Record<string, unknown> = {
    decision: result.decision,
    rule: result.rule,
    reason: result.reason,
    scopes: result.requiredScopes && [...result.requiredScopes].sort(),
  };
  const wanted: Record<string, unknown> = { ...expect, ...(expect.scopes && { scopes: [...expect.scopes].sort() }) };
  const differing = Object.keys(wanted).filter((key) => JSON.stringify(wanted[key]) !== JSON.stringify(got[key]));
  const lines = differing.map((key) => `${key}: expected ${show(wanted[key])}, got ${show(got[key])}`);
  return lines.length > 0 && !("reason" in wanted) ? [...lines, `the reason was ${result.reason}`] : lines;
}

function show(value: unknown): string {
  if (value === null) return "none";
  return Array.isArray(value) ? value.join(" ") || "none" : String(value);
}
