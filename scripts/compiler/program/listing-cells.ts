// Constants of predicates as text, for the listing of a program.
import { Tag } from "../../../assembly/program.ts";
import type { Program } from "./reader.ts";
import { toHex } from "../../bytes.ts";

/** Cells of a list or map that are written out. */
const MAX_LISTED = 64;

export function cellText(program: Program, at: number): string {
  const tag: Tag = program.word(at);
  const [pointer, count] = [program.word(at + 8), program.word(at + 12)];
  const cells = (n: number): string[] => {
    if (pointer + 16 * n > at) program.refuse("a cell points to one that does not precede it");
    return Array.from({ length: Math.min(n, MAX_LISTED) }, (_, i) => cellText(program, pointer + 16 * i));
  };
  const more = `, … ${count} in all`;
  switch (tag) {
    case Tag.Bool:
      return pointer ? "true" : "false";
    case Tag.Int:
      return `${program.view.getBigInt64(at + 8, true)}`;
    case Tag.Uint:
      return `${program.view.getBigUint64(at + 8, true)}u`;
    case Tag.Double:
      return `double ${program.view.getFloat64(at + 8, true)}`;
    case Tag.String:
      return JSON.stringify(program.text(pointer, count));
    case Tag.Bytes:
      return `bytes ${toHex(Uint8Array.from(program.slice(pointer, count)))}`;
    case Tag.CellList:
      return `[${cells(count).join(", ")}${count > MAX_LISTED ? more : ""}]`;
    case Tag.CellMap:
      return `{${cells(2 * count)
        .map((cell, i) => (i % 2 ? `${cell}, ` : `${cell}: `))
        .join("")
        .slice(0, -2)}${2 * count > MAX_LISTED ? more : ""}}`;
    case Tag.Timestamp:
      return `timestamp ${program.view.getBigInt64(at + 8, true)} s ${program.word(at + 4)} ns`;
    case Tag.Duration:
      return `duration ${program.view.getBigInt64(at + 8, true)} ns`;
    case Tag.Type:
      return `type ${pointer}`;
    default:
      return Tag[tag] ?? program.refuse(`a cell has the unknown tag ${tag}`);
  }
}
