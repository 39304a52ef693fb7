// Tells the host, once for each configuration, that records are objects: it then prints them as such.
// DeclarePropertyArguments: 1 name, 3 type (3: protobuf), 4 schema.
import { RecordFlag } from "../program.ts";
import { callForeign, Status } from "../runtime/host.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { begin, finish, put, putByte } from "../text/writer.ts";
import { spanLength, spanStart } from "../text/span.ts";
import { giveUpObjects, STATE } from "./record.ts";

const FUNCTION = "declare_property";
const SCHEMA = "type.googleapis.com/google.protobuf.Struct";

/** `flags`: RecordFlag of the policy. */
export function declareRecord(flags: u32): void {
  if (flags & RecordFlag.Text) return;
  begin(128);
  putByte(0x0a);
  putByte(sizeOf(STATE));
  put(STATE);
  putByte(0x18);
  putByte(3);
  putByte(0x22);
  putByte(sizeOf(SCHEMA));
  put(SCHEMA);
  const given = finish();
  const status = callForeign(bytesOf(FUNCTION), sizeOf(FUNCTION), spanStart(given), spanLength(given));
  if (status == Status.NotFound) giveUpObjects();
}
