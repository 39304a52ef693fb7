// Reading the records of the program in use. The checks of verify.ts have proved every offset and index, so nothing
// is tested here.
import { sameBytes } from "./text/ascii.ts";
import { HEADER_SIZE, NONE, REASON_SIZE, Section, Setting, TEXT_SIZE } from "./program.ts";
import { putBytes } from "./text/writer.ts";

/** First byte of the program in use. */
export let program: usize = 0;

let settings: usize = 0;

export function useProgram(at: usize): void {
  program = at;
  settings = section(Section.Settings);
}

/** First record of a section. */
// @ts-ignore: decorator
@inline
export function section(index: u32): usize {
  return program + <usize>load<u32>(program + <usize>(index << 3), HEADER_SIZE);
}

/** How many records a section has. */
// @ts-ignore: decorator
@inline
export function sectionCount(index: u32): u32 {
  return load<u32>(program + <usize>(index << 3), HEADER_SIZE + 4);
}

/** A number of the settings. */
// @ts-ignore: decorator
@inline
export function setting(index: u32): u32 {
  return load<u32>(settings + <usize>(index << 2));
}

/** Address of a setting that is a text or a run. */
// @ts-ignore: decorator
@inline
export function settingAt(index: u32): usize {
  return settings + <usize>(index << 2);
}

/** First byte of the text whose (offset, length) pair is at `pair`. */
// @ts-ignore: decorator
@inline
export function text(pair: usize): usize {
  return program + <usize>load<u32>(pair);
}

/** Bytes of the text whose pair is at `pair`; 0 for an absent one. */
export function textLength(pair: usize): u32 {
  return sizeAt(pair);
}

/** `textLength` for what runs for every request, where the call would cost more. */
// @ts-ignore: decorator
@inline
function sizeAt(pair: usize): u32 {
  return load<u32>(pair) == NONE ? 0 : load<u32>(pair, 4);
}

/** Whether the text whose pair is at `pair` is these bytes. */
export function isTextAt(pair: usize, at: usize, length: u32): bool {
  return sizeAt(pair) == length && sameBytes(text(pair), at, length);
}

/** The pair of the text `index` in a run of Texts whose (first, count) is at `run`. */
export function textOf(run: usize, index: u32): usize {
  return section(Section.Texts) + <usize>(load<u32>(run) + index) * TEXT_SIZE;
}

/** What the program has on a Reason. */
export function reasonAt(reason: u32): usize {
  return section(Section.Reasons) + <usize>reason * REASON_SIZE;
}

/** Whether a Flag of the policy is set. */
export function hasFlag(flag: u32): bool {
  return (setting(Setting.Flags) & flag) != 0;
}

/** Adds the text of the program whose pair is at `pair`. */
export function putText(pair: usize): void {
  putBytes(text(pair), textLength(pair));
}
