// The names of the tools in a pasted answer to tools/list; without one, those of the locks or of the policy.
import { BackendFrom, Kind } from "../../assembly/program.ts";
import type { Analysis } from "../editor/analysis.ts";
import { LockError } from "../compiler/lock/lock.ts";
import { readAnswers } from "../lock/answers.ts";

const MAX_SHOWN = 500;

export function listedNames(text: string, analysis: Analysis): { names: string[]; note: string } {
  if (text.trim() === "") return { names: knownNames(analysis), note: "" };
  try {
    const { tools } = readAnswers(text, "this text");
    const names = tools
      .map((tool) => (tool as { name?: unknown } | null)?.name)
      .filter((name) => typeof name === "string");
    const note = names.length > MAX_SHOWN ? `the first ${MAX_SHOWN} of ${names.length}` : "";
    return { names: names.slice(0, MAX_SHOWN), note };
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    return { names: [], note: error.message };
  }
}

function knownNames({ policy, locks }: Analysis): string[] {
  const prefix = (backend: string | undefined): string =>
    backend !== undefined && policy?.backend.from === BackendFrom.ToolPrefix ? backend + policy.backend.text : "";
  const locked = locks.flatMap(({ lock, backend }) => lock.tools.map(({ id }) => prefix(backend) + id));
  if (locked.length > 0) return locked;
  const targets = (policy?.rules ?? []).flatMap((rule) => rule.targets ?? []);
  const named = targets
    .filter(({ kind, stars }) => kind === Kind.Tool && !stars)
    .map(({ backend, name }) => prefix(backend) + name);
  return [...new Set(named)].slice(0, MAX_SHOWN);
}
