// What a policy test expected and what it got.
import type { Result } from "../evaluate/result.ts";
import type { Expectation, ListExpectation } from "./file.ts";

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

/** The same for the items of a list. */
export function compareItems(expected: ListExpectation, { decision, reason, list }: Result): string[] {
  if (!list)
    return [decision === "allow" ? "lists of this kind are not filtered" : `the request was refused: ${reason}`];
  const got = new Map(list.items.map(({ name, outcome }) => [name, outcome]));
  return Object.entries(expected).flatMap(([outcome, names]) =>
    names
      .filter((name) => got.get(name) !== outcome)
      .map((name) => `${name}: expected ${outcome}, got ${got.get(name)}`),
  );
}

function show(value: unknown): string {
  if (value === null) return "none";
  return Array.isArray(value) ? value.join(" ") || "none" : String(value);
}
