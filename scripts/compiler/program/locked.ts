// The tools of a policy's locks in the program: what lists are compared with.
import { Drift, Section } from "../../../assembly/program.ts";
import { binaryString, fromHex, utf8 } from "../../bytes.ts";
import type { PolicyLock } from "../lock/locks.ts";
import type { Policy } from "../policy/policy.ts";
import type { ProgramWriter } from "./writer.ts";

const CODES = { off: Drift.Off, count: Drift.Count, hide: Drift.Hide };

/** The word of Setting.Drift. */
export function driftOf(policy: Policy): Drift {
  return policy.locks.length > 0 ? CODES[policy.drift] : Drift.Off;
}

/** Writes the LockedRecords, in the order in which the filter searches them. */
export function addLocked(writer: ProgramWriter, policy: Policy, locks: readonly PolicyLock[]): void {
  if (policy.drift === "off") return;
  const tools = locks.flatMap(({ backend, lock }) =>
    lock.tools.map(({ id, digest }) => ({
      order: [backend === undefined ? "" : `b${bytewise(backend)}`, bytewise(id)] as const,
      words: [...writer.text(id), ...writer.text(backend), ...writer.raw(fromHex(digest.replace("sha256:", "")))],
    })),
  );
  for (const { words } of tools.sort((a, b) => compare(a.order[0], b.order[0]) || compare(a.order[1], b.order[1])))
    writer.add(Section.Locked, words);
}

/** A text that compares as its bytes do. */
const bytewise = (text: string): string => binaryString(utf8(text));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
