// tests/corpus: inputs that the filter once handled incorrectly, one file each; tests/fuzz/fuzz.test.ts replays all of them.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const FOLDER = new URL("../../tests/corpus/", import.meta.url);

interface Kept {
  file: string;
  suite: string;
  /** What was wrong when the input was found. */
  problem: string;
  input: unknown;
}

/** Writes a finding; returns the name of its file, which is the same for the same input. */
export function keep(suite: string, input: unknown, problem: string): string {
  const digest = createHash("sha256").update(JSON.stringify(input)).digest("hex").slice(0, 12);
  const file = `${suite}-${digest}.json`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL(file, FOLDER), `${JSON.stringify({ suite, problem, input }, null, 2)}\n`);
  return file;
}

export function readCorpus(): Kept[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  return files
    .sort()
    .map((file) => ({ file, ...(JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Omit<Kept, "file">) }));
}
