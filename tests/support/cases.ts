// Cases of tests/data, scored by group. Cases that are expected to differ are listed by name with a reason; a listed
// case that agrees fails, so that the lists cannot go stale.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

/** What differs from the expectation, or undefined when a case agrees. */
export type Difference = string | undefined;

interface Scored {
  /** Identity, as the list of exceptions names it. */
  id: string;
  group: string;
  run(): Difference;
}

export function readCases<T>(name: string): T[] {
  const text = readFileSync(new URL(`../data/${name}.jsonl`, import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

/** Reason → names of the cases that differ for it. */
function readExceptions(name: string): Map<string, string> {
  const file = new URL(`../data/${name}-exceptions.json`, import.meta.url);
  const reasons = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, string[]>) : {};
  return new Map(Object.entries(reasons).flatMap(([reason, ids]) => ids.map((id) => [id, reason])));
}

/** One test per group; its total is a diagnostic. */
export function score(name: string, cases: readonly Scored[]): void {
  const exceptions = readExceptions(name);
  const groups = groupBy(cases);
  for (const [group, members] of groups) {
    test(`${name}: ${group}`, (t) => {
      const differing = new Map<string, string>();
      for (const { id, run } of members) {
        const difference = run();
        if (difference !== undefined) differing.set(id, difference);
      }
      const listed = members.filter(({ id }) => exceptions.has(id)).map(({ id }) => id);
      t.diagnostic(
        `${name} ${group}: ${members.length - differing.size} of ${members.length} agree, ${listed.length} listed`,
      );
      const unlisted = [...differing].filter(([id]) => !exceptions.has(id)).map(([id, text]) => `${id}: ${text}`);
      assert.ok(unlisted.length === 0, `${unlisted.length} of ${members.length} differ:\n${unlisted.join("\n")}`);
      const stale = listed.filter((id) => !differing.has(id));
      assert.ok(stale.length === 0, `listed as different, but they agree: ${stale.join()}`);
    });
  }
  test(`${name}: every exception names a case`, () => {
    const known = new Set(cases.map(({ id }) => id));
    const unknown = [...exceptions.keys()].filter((id) => !known.has(id));
    assert.deepEqual(unknown, []);
  });
}

function groupBy(cases: readonly Scored[]): Map<string, Scored[]> {
  const groups = new Map<string, Scored[]>();
  for (const item of cases) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return groups;
}

/** JSON text in which a negative zero stays one. */
export function toJson(value: unknown): string {
  if (Object.is(value, -0)) return "-0.0";
  if (Array.isArray(value)) return `[${value.map(toJson).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`)}}`;
}
