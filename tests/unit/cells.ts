// Cells for the specs: made of texts, and shown as texts.
import { Tag } from "../../assembly/program.ts";
import { allocate } from "../../assembly/runtime/memory.ts";
import { CELL, auxOf, doubleOf, intOf, lengthOf, setSpan, tagOf, uintOf } from "../../assembly/cel/cell.ts";
import { CURSOR, Cursor, advance, openCursor } from "../../assembly/cel/cursor.ts";
import { copyPoints } from "../../assembly/cel/string.ts";
import { loadValue } from "../../assembly/cel/json-value.ts";

// The runtime of the specs takes all memory that is there when it first allocates, so it has to be before ours does.
heap.alloc(16);

/** Copies a text to memory that stays, with zero bytes after it. */
export function place(text: string): usize {
  const size = String.UTF8.byteLength(text);
  const at = allocate(<u32>size + 64);
  memory.fill(at, 0, size + 64);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at);
  return at;
}

export function newCell(): usize {
  return allocate(<u32>CELL);
}

/** A raw string. */
export function raw(text: string): usize {
  const cell = newCell();
  setSpan(cell, Tag.String, 0, place(text), <u32>String.UTF8.byteLength(text));
  return cell;
}

/** Raw bytes, given as hexadecimal digits. */
export function hex(digits: string): usize {
  const size = digits.length >> 1;
  const at = allocate(<u32>size + 16);
  for (let i = 0; i < size; i++) store<u8>(at + i, <u8>parseInt(digits.substr(i * 2, 2), 16));
  const cell = newCell();
  setSpan(cell, Tag.String, 0, at, <u32>size);
  return cell;
}

/** The value of a JSON text; a string keeps its escapes. */
export function json(text: string): usize {
  const cell = newCell();
  // In a list, so that something follows a number.
  loadValue(cell, place("[" + text + "]") + 1);
  return cell;
}

/** A value as a text: 1 for an int, 1u, 1.0, "text", [1, 2], error … */
export function show(cell: usize): string {
  switch (tagOf(cell)) {
    case Tag.Error:
      return "error";
    case Tag.Null:
      return "null";
    case Tag.Bool:
      return intOf(cell) ? "true" : "false";
    case Tag.Int:
      return intOf(cell).toString();
    case Tag.Uint:
      return uintOf(cell).toString() + "u";
    case Tag.Double:
      return doubleOf(cell).toString();
    case Tag.String:
      return '"' + textOf(cell) + '"';
    case Tag.Bytes:
      return 'b"' + textOf(cell) + '"';
    case Tag.Duration:
      return intOf(cell).toString() + "ns";
    case Tag.Timestamp:
      return "@" + intOf(cell).toString() + "." + (auxOf(cell) & 0x7fffffff).toString();
    case Tag.JsonList:
    case Tag.CellList:
      return showItems(cell);
    default:
      return "tag " + tagOf(cell).toString();
  }
}

function textOf(cell: usize): string {
  const out = allocate(lengthOf(cell) + 16);
  return String.UTF8.decodeUnsafe(out, copyPoints(cell, out) - out);
}

function showItems(list: usize): string {
  const cursor = changetype<Cursor>(allocate(<u32>CURSOR));
  const item = newCell();
  let text = "[";
  openCursor(cursor, list);
  while (advance(cursor, item)) text += (text.length > 1 ? ", " : "") + show(item);
  return text + "]";
}
