// Whole texts in files: UPDATE_GOLDEN=1 rewrites them, so that a change of wording shows in review.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Asserts that `file` holds exactly `actual`, or writes it when UPDATE_GOLDEN is set. */
export function assertGolden(file: URL, actual: string): void {
  if (process.env.UPDATE_GOLDEN) {
    writeFileSync(file, actual);
    return;
  }
  assert.ok(existsSync(file), `${file.pathname} is missing; UPDATE_GOLDEN=1 writes it`);
  assert.equal(actual, readFileSync(file, "utf8"), `${file.pathname} differs; UPDATE_GOLDEN=1 rewrites it`);
}
