// The list in an answer, told in the record of the decision on its request: that is set once more, with one entry added.
import { RecordFlag, Setting } from "../program.ts";
import { setting } from "../sections.ts";
import { Span, spanLength, spanStart } from "../text/span.ts";
import { begin, finish, putBytes } from "../text/writer.ts";
import { ValueTag, addConstant, addNumber, closeEntry, openNamed } from "../text/struct.ts";
import { setRecord } from "./record.ts";

const ROOM: u32 = 256; // bytes of the entry

/** Adds a list of this kind to a record, with how many of its tools are not as in the lock, and sets it again. */
export function recordList(record: Span, kind: Ascii, total: u32, shown: u32, drift: u32): void {
  if (setting(Setting.Record) & RecordFlag.Text) return;
  begin(spanLength(record) + ROOM);
  putBytes(spanStart(record), spanLength(record));
  const list = openNamed("list", ValueTag.Struct);
  addConstant("kind", kind);
  addNumber("total", total);
  addNumber("shown", shown);
  if (drift) addNumber("drift", drift);
  closeEntry(list);
  setRecord(finish());
}
