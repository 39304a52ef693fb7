// Cells: the values of the VM, 16 bytes each (drawn in program.ts).
import { CELL_SIZE, CelType, OPTIONAL, Tag } from "../program.ts";

export const CELL: usize = CELL_SIZE;
export const NO_BOOL: i32 = 2;

export function tagOf(cell: usize): u32 {
  return load<u32>(cell);
}

export function auxOf(cell: usize): u32 {
  return load<u32>(cell, 4);
}

export function intOf(cell: usize): i64 {
  return load<i64>(cell, 8);
}

export function uintOf(cell: usize): u64 {
  return load<u64>(cell, 8);
}

export function doubleOf(cell: usize): f64 {
  return load<f64>(cell, 8);
}

/** First byte of a string or of bytes; the opening bracket of a JSON container; the cells of another. */
export function startOf(cell: usize): usize {
  return <usize>load<u32>(cell, 8);
}

/** Bytes of a string; cells of a list; pairs of a map. */
export function lengthOf(cell: usize): u32 {
  return load<u32>(cell, 12);
}

/** Behind the last byte of a string. */
export function endOf(cell: usize): usize {
  return startOf(cell) + <usize>lengthOf(cell);
}

export function copyCell(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
}

export function setError(cell: usize): void {
  store<u64>(cell, Tag.Error);
}

export function setNull(cell: usize): void {
  store<u64>(cell, Tag.Null);
}

export function setNone(cell: usize): void {
  store<u64>(cell, Tag.OptionalNone);
}

// @ts-ignore: decorator
@inline
export function setBool(cell: usize, value: bool): void {
  setTruth(cell, i32(value));
}

/** A bool when `truth` is 0 or 1, and otherwise an error. */
export function setTruth(cell: usize, truth: i32): void {
  store<u64>(cell, <u32>truth > 1 ? Tag.Error : Tag.Bool);
  store<u64>(cell, <u64>(<u32>truth), 8);
}

export function setInt(cell: usize, value: i64): void {
  store<u64>(cell, Tag.Int);
  store<i64>(cell, value, 8);
}

export function setUint(cell: usize, value: u64): void {
  store<u64>(cell, Tag.Uint);
  store<u64>(cell, value, 8);
}

export function setDouble(cell: usize, value: f64): void {
  store<u64>(cell, Tag.Double);
  store<f64>(cell, value, 8);
}

export function setDuration(cell: usize, nanoseconds: i64): void {
  store<u64>(cell, Tag.Duration);
  store<i64>(cell, nanoseconds, 8);
}

/** `aux`: nanoseconds, with the zone mark of time.ts. */
export function setTimestamp(cell: usize, seconds: i64, aux: u32): void {
  store<u32>(cell, Tag.Timestamp);
  store<u32>(cell, aux, 4);
  store<i64>(cell, seconds, 8);
}

/** A String, Bytes, CellList or CellMap: where it starts and how long it is. */
export function setSpan(cell: usize, tag: u32, aux: u32, start: usize, length: u32): void {
  store<u32>(cell, tag);
  store<u32>(cell, aux, 4);
  store<u32>(cell, <u32>start, 8);
  store<u32>(cell, length, 12);
}

/** A JsonList or JsonMap from its opening bracket to behind its closing one. */
export function setJson(cell: usize, tag: u32, start: usize, end: usize): void {
  setSpan(cell, tag, 0, start, <u32>end);
}

/** A bool as 0 or 1; NO_BOOL for any other value. */
export function truthOf(cell: usize): i32 {
  return tagOf(cell) == Tag.Bool ? <i32>intOf(cell) : NO_BOOL;
}

// Tags that are tested together are neighbours, and the tags of the two forms of a container differ in one bit.
const FORM: u32 = Tag.JsonList ^ Tag.CellList;

/** Whether a tag is one of `first` … `last`. */
export function isWithin(tag: u32, first: u32, last: u32): bool {
  return tag - first <= last - first;
}

export function isNumeric(tag: u32): bool {
  return isWithin(tag, Tag.Int, Tag.Double);
}

/** Whether a tag is that of a string or of bytes. */
export function isText(tag: u32): bool {
  return isWithin(tag, Tag.String, Tag.Bytes);
}

/** Whether a tag is that of a list or a map in JSON text. */
export function isJson(tag: u32): bool {
  return isWithin(tag, Tag.JsonList, Tag.JsonMap);
}

/** Whether a tag is that of a list or a map of cells. */
export function isOfCells(tag: u32): bool {
  return isWithin(tag, Tag.CellList, Tag.CellMap);
}

export function isList(cell: usize): bool {
  return (tagOf(cell) | FORM) == Tag.CellList;
}

export function isMap(cell: usize): bool {
  return (tagOf(cell) | FORM) == Tag.CellMap;
}

/** Whether the cell is an optional with a value. Each OPTIONAL in the tag is one wrapping. */
export function isPresent(cell: usize): bool {
  return tagOf(cell) >= <u32>OPTIONAL;
}

export function wrapOptional(cell: usize): void {
  if (tagOf(cell) != Tag.Error) store<u32>(cell, tagOf(cell) + OPTIONAL);
}

/** Makes a present optional its value; leaves what is none. */
export function unwrapOptional(cell: usize): void {
  if (isPresent(cell)) store<u32>(cell, tagOf(cell) - OPTIONAL);
}

/** The CelType of a value that is no error. */
export function typeOf(cell: usize): u32 {
  const tag = tagOf(cell);
  if (tag >= <u32>Tag.OptionalNone) return CelType.Optional;
  if (isList(cell)) return CelType.List;
  if (isMap(cell)) return CelType.Map;
  return tag; // the others have the same numbers
}
