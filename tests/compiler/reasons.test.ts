// The order of Reason decides what lets a call through (isPass, isDenial): held here against the status of each reason and
// against docs/reasons.md, so that a refusal inserted among the passes fails.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { isDenial, isPass, Reason } from "../../assembly/program.ts";
import { STATUS, type Code } from "../../scripts/compiler/program/answers.ts";

const REASONS = Array.from({ length: Reason.Count }, (_, reason) => reason as Code);
const namesOf = (reasons: Code[]) => reasons.map((reason) => Reason[reason]).sort();

/** The reasons that a section of docs/reasons.md lists. */
function documented(heading: string): string[] {
  const page = readFileSync("docs/reasons.md", "utf8");
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, heading);
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!).sort();
}

describe("the groups of reasons", () => {
  test("forwarded are those with status 200 that the filter does not answer itself", () => {
    const forwarded = REASONS.filter((reason) => STATUS[reason] === 200 && reason !== Reason.metadata_document);
    assert.deepEqual(namesOf(REASONS.filter(isPass)), namesOf(forwarded));
    assert.deepEqual(namesOf(REASONS.filter(isPass)), documented("Passed"));
  });

  test("denied are those with status 403; one of them by no policy, so it is never in-band", () => {
    const denied = REASONS.filter((reason) => STATUS[reason] === 403);
    assert.deepEqual(namesOf([...REASONS.filter(isDenial), Reason.no_policy]), namesOf(denied));
    assert.deepEqual(namesOf(denied), documented("Denied"));
  });

  test("no number outside the list passes", () => {
    for (const reason of [-1, Reason.Count, Reason.Count + 1]) assert.ok(!isPass(reason));
  });
});
