// Cells: the values of the VM. A cell is handled by its address, since the stack, lists and maps are arrays of them.
//
//    0        4        8                  16
//   +--------+--------+------------------+
//   | tag    | aux    | payload          |   Bool, Int, Uint, Double, Timestamp, Duration, Type
//   +--------+--------+--------+---------+
//   | tag    | aux    | start  | length  |   String, Bytes, CellList, CellMap
//   +--------+--------+--------+---------+
//   | tag    | aux    | start  | end     |   JsonList, JsonMap
//   +--------+--------+--------+---------+
// What a Tag's payload and aux mean is listed at Tag in program.ts.
import { CELL_SIZE, CelType, OPTIONAL, Tag } from "../program.ts";

/** Bytes of a cell. */
export const CELL: usize = CELL_SIZE;
/** More cells do not fit the scratch memory anyway; up to here their size in bytes does not overflow. */
export const MOST_CELLS: u32 = 0xffffff;

/** Three-valued logic: what a condition comes to. Error also stands for a value that is not a bool. */
export enum Truth {
  False = 0,
  True = 1,
  Error = 2,
}

/**
 * What a condition may come to, a bit for each Truth. Where nothing is unknown (unknown.ts) that is one of them. Otherwise
 * a cell with the Tag Error has the possible outcomes as its aux, which is 0 for an error that is sure.
 */
export enum Outcomes {
  False = 1,
  True = 2,
  Error = 4,
  Unknown = 7,
}


@unmanaged
class ScalarCell {
  tag: u32;
  aux: u32;
  payload: u64;
}


@unmanaged
class SpanCell {
  tag: u32;
  aux: u32;
  start: usize;
  length: u32;
}

// @ts-ignore: decorator
@inline
function scalar(cell: usize): ScalarCell {
  return changetype<ScalarCell>(cell);
}

// @ts-ignore: decorator
@inline
function spanned(cell: usize): SpanCell {
  return changetype<SpanCell>(cell);
}

export function tagOf(cell: usize): u32 {
  return scalar(cell).tag;
}

export function auxOf(cell: usize): u32 {
  return scalar(cell).aux;
}

export function intOf(cell: usize): i64 {
  return <i64>scalar(cell).payload;
}

export function uintOf(cell: usize): u64 {
  return scalar(cell).payload;
}

export function doubleOf(cell: usize): f64 {
  return reinterpret<f64>(scalar(cell).payload);
}

/** First byte of a string or of bytes; the opening bracket of a JSON container; the first cell of a list or map of cells. */
export function startOf(cell: usize): usize {
  return spanned(cell).start;
}

/** Bytes of a string; elements of a list of cells; pairs of a map of cells. */
export function lengthOf(cell: usize): u32 {
  return spanned(cell).length;
}

/** The address after the last byte of a string. */
export function endOf(cell: usize): usize {
  return startOf(cell) + <usize>lengthOf(cell);
}

export function copyCell(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
}

/** Changes the tag and keeps aux and payload. */
export function setTag(cell: usize, tag: u32): void {
  scalar(cell).tag = tag;
}

/** Sets the tag and an aux of 0, in one store. */
// @ts-ignore: decorator
@inline
function setPlainTag(cell: usize, tag: u32): void {
  store<u64>(cell, <u64>tag);
}

export function setError(cell: usize): void {
  setPlainTag(cell, Tag.Error);
}

/** Makes a value unknown. */
export function setUnknown(cell: usize): void {
  setOutcomes(cell, Outcomes.Unknown);
}

/** Makes a value that cannot be used an error; what is unknown stays unknown. */
export function spoil(cell: usize): void {
  if (isUnknown(cell)) setUnknown(cell);
  else setError(cell);
}

/** Whether something unknown is in the cell. */
export function isUnknown(cell: usize): bool {
  return tagOf(cell) == Tag.Error && auxOf(cell) != 0;
}

export function setNull(cell: usize): void {
  setPlainTag(cell, Tag.Null);
}

export function setNone(cell: usize): void {
  setPlainTag(cell, Tag.OptionalNone);
}

// @ts-ignore: decorator
@inline
export function setBool(cell: usize, value: bool): void {
  setTruth(cell, i32(value));
}

/** Sets a Truth: a bool, or an error for anything but True and False. */
export function setTruth(cell: usize, truth: i32): void {
  setPlainTag(cell, <u32>truth > <u32>Truth.True ? Tag.Error : Tag.Bool);
  scalar(cell).payload = <u64>(<u32>truth);
}

/** Sets a value that is nothing but a payload: a Bool, Int, Uint or Duration. */
// @ts-ignore: decorator
@inline
function setScalar(cell: usize, tag: u32, payload: u64): void {
  setPlainTag(cell, tag);
  scalar(cell).payload = payload;
}

export function setInt(cell: usize, value: i64): void {
  setScalar(cell, Tag.Int, value);
}

export function setUint(cell: usize, value: u64): void {
  setScalar(cell, Tag.Uint, value);
}

export function setDouble(cell: usize, value: f64): void {
  setScalar(cell, Tag.Double, reinterpret<u64>(value));
}

export function setDuration(cell: usize, nanoseconds: i64): void {
  setScalar(cell, Tag.Duration, nanoseconds);
}

/** Changes the type of a value whose payload is right already. */
export function retype(cell: usize, tag: u32): void {
  setPlainTag(cell, tag);
}

/** Changes the payload of an Int, Uint or Duration and keeps its type. */
export function setPayload(cell: usize, payload: u64): void {
  scalar(cell).payload = payload;
}

/** `aux`: nanoseconds, possibly with time.ts's OTHER_ZONE. */
export function setTimestamp(cell: usize, seconds: i64, aux: u32): void {
  const timestamp = scalar(cell);
  timestamp.tag = Tag.Timestamp;
  timestamp.aux = aux;
  timestamp.payload = seconds;
}

/** Sets a String, Bytes, CellList or CellMap: where it starts and how long it is. */
export function setSpan(cell: usize, tag: u32, aux: u32, start: usize, length: u32): void {
  const span = spanned(cell);
  span.tag = tag;
  span.aux = aux;
  span.start = start;
  span.length = length;
}

/** Moves the start of a value of text or cells. */
export function setStart(cell: usize, start: usize): void {
  spanned(cell).start = start;
}

/** Sets a JsonList or JsonMap: from its opening bracket to the address after its closing one. */
export function setJson(cell: usize, tag: u32, start: usize, end: usize): void {
  setSpan(cell, tag, 0, start, <u32>end);
}

/** The Truth of a value; Error for one that is not a bool. */
export function truthOf(cell: usize): i32 {
  return tagOf(cell) == Tag.Bool ? <i32>intOf(cell) : Truth.Error;
}

/** What a value, taken as a condition, may come to. */
export function outcomesOf(cell: usize): u32 {
  if (tagOf(cell) == Tag.Bool) return Outcomes.False << (<u32>intOf(cell));
  return isUnknown(cell) ? auxOf(cell) : Outcomes.Error;
}

/** Sets what a condition may come to. */
export function setOutcomes(cell: usize, outcomes: u32): void {
  if (outcomes == Outcomes.Error) setError(cell);
  else if (outcomes == Outcomes.False || outcomes == Outcomes.True) setBool(cell, outcomes == Outcomes.True);
  else setSpan(cell, Tag.Error, outcomes, 0, 0);
}

/** What !x may come to, for what x may. */
export function negated(outcomes: u32): u32 {
  const swapped = ((outcomes & Outcomes.False) << 1) | ((outcomes & Outcomes.True) >> 1);
  return swapped | (outcomes & Outcomes.Error);
}

/** What x && y may come to, for what x and y may; of x || y with `or`, by De Morgan. */
export function combined(x: u32, y: u32, or: bool): u32 {
  if (or) return negated(combined(negated(x), negated(y), false));
  const hasError =
    ((x & Outcomes.Error) != 0 && y > <u32>Outcomes.False) || ((y & Outcomes.Error) != 0 && x > <u32>Outcomes.False);
  return ((x | y) & Outcomes.False) | (x & y & Outcomes.True) | (hasError ? <u32>Outcomes.Error : 0);
}

// Tags that are tested together are neighbours, and the tags of a container's two forms (JSON text, cells) differ in one bit.
const FORM: u32 = Tag.JsonList ^ Tag.CellList;

/** Whether a tag is one of `first` … `last`. */
export function isWithin(tag: u32, first: u32, last: u32): bool {
  return tag - first <= last - first;
}

export function isNumeric(tag: u32): bool {
  return isWithin(tag, Tag.Int, Tag.Double);
}

/** Whether a tag is a string's or a bytes value's. */
export function isText(tag: u32): bool {
  return isWithin(tag, Tag.String, Tag.Bytes);
}

/** Whether a tag is that of a list or map that is JSON text. */
export function isJson(tag: u32): bool {
  return isWithin(tag, Tag.JsonList, Tag.JsonMap);
}

/** Whether a tag is that of a list or map of cells. */
export function isOfCells(tag: u32): bool {
  return isWithin(tag, Tag.CellList, Tag.CellMap);
}

export function isList(cell: usize): bool {
  return (tagOf(cell) | FORM) == Tag.CellList;
}

export function isMap(cell: usize): bool {
  return (tagOf(cell) | FORM) == Tag.CellMap;
}

/** Whether the cell is an optional with a value; the tag has OPTIONAL added once for each wrapping. */
export function isPresent(cell: usize): bool {
  return tagOf(cell) >= <u32>OPTIONAL;
}

export function wrapOptional(cell: usize): void {
  if (tagOf(cell) != Tag.Error) setTag(cell, tagOf(cell) + OPTIONAL);
}

/** Replaces a present optional by its value; leaves anything else alone. */
export function unwrapOptional(cell: usize): void {
  if (isPresent(cell)) setTag(cell, tagOf(cell) - OPTIONAL);
}

/** The CelType of a value that is not an error. */
export function typeOf(cell: usize): u32 {
  const tag = tagOf(cell);
  if (tag >= <u32>Tag.OptionalNone) return CelType.Optional;
  if (isList(cell)) return CelType.List;
  if (isMap(cell)) return CelType.Map;
  return tag; // the other types have the numbers of their tags
}
