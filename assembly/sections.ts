// Reading the records of the program in use. The checks of verify.ts have proved every offset and index, so nothing
// is tested here.
import { sameBytes } from "./text/ascii.ts";
import { HEADER_SIZE, NONE, REASON_SIZE, RunField, Section, Setting, TEXT_SIZE, TextField } from "./program.ts";
import { NO_SPAN, Span, spanLength, spanOf, spanStart } from "./text/span.ts";
import { putBytes } from "./text/writer.ts";

/** First byte of the program in use. */
export let program: usize = 0;

let settings: usize = 0;

export function useProgram(at: usize): void {
  program = at;
  settings = section(Section.Settings);
}

/** Where the header has the (offset, count) pair of a section. */
// @ts-ignore: decorator
@inline
function sectionEntry(index: u32): usize {
  return program + HEADER_SIZE + <usize>(index << 3);
}

/** First record of a section. */
// @ts-ignore: decorator
@inline
export function section(index: u32): usize {
  return program + <usize>load<u32>(sectionEntry(index), RunField.First);
}

/** How many records a section has. */
// @ts-ignore: decorator
@inline
export function sectionCount(index: u32): u32 {
  return load<u32>(sectionEntry(index), RunField.Count);
}

/** A number of the settings. */
// @ts-ignore: decorator
@inline
export function setting(index: u32): u32 {
  return load<u32>(settingAt(index));
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
  return program + <usize>load<u32>(pair, TextField.Offset);
}

/** Bytes of the text whose pair is at `pair`; 0 for an absent one. */
export function textLength(pair: usize): u32 {
  return inlineTextLength(pair);
}

/** `textLength` for what runs on every request, where the call would cost more. */
// @ts-ignore: decorator
@inline
function inlineTextLength(pair: usize): u32 {
  return hasText(pair) ? load<u32>(pair, TextField.Length) : 0;
}

/** Whether the text whose pair is at `pair` is present. */
// @ts-ignore: decorator
@inline
export function hasText(pair: usize): bool {
  return load<u32>(pair, TextField.Offset) != NONE;
}

/** The text whose pair is at `pair`; NO_SPAN for an absent one. */
export function textSpan(pair: usize): Span {
  return hasText(pair) ? spanOf(text(pair), load<u32>(pair, TextField.Length)) : NO_SPAN;
}

/** Whether the text whose pair is at `pair` has the bytes of `span`. */
export function isTextAt(pair: usize, span: Span): bool {
  return inlineTextLength(pair) == spanLength(span) && sameBytes(text(pair), spanStart(span), spanLength(span));
}

/** How many records the run at `run` has. */
// @ts-ignore: decorator
@inline
export function runCount(run: usize): u32 {
  return load<u32>(run, RunField.Count);
}

/** First record of the run at `run`, whose records are `size` bytes each in the section `index`. */
// @ts-ignore: decorator
@inline
export function runStart(run: usize, index: u32, size: u32): usize {
  return section(index) + <usize>load<u32>(run, RunField.First) * size;
}

/** The pair of the text `index` in the run of Texts at `run`. */
export function textOf(run: usize, index: u32): usize {
  return runStart(run, Section.Texts, TEXT_SIZE) + <usize>index * TEXT_SIZE;
}

/** The ReasonRecord of a Reason. */
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
