// Members of the configuration text, which the strict reader has accepted.
import { isText } from "../text/ascii.ts";
import { readValue } from "../json/reader.ts";

let at: usize = 0;
let length: u32 = 0;

/** First byte of the value that `findText` found. */
export function foundAt(): usize {
  return at;
}

export function foundLength(): u32 {
  return length;
}

function skip(from: usize): usize {
  let p = from;
  while (load<u8>(p) <= 0x20) p++;
  return p;
}

/** Finds the member `name` of the object at `object`. */
export function findText(object: usize, name: Ascii): bool {
  let p = skip(object + 1);
  while (load<u8>(p) == 0x22) {
    const keyEnd = readValue(p, 0xffffffff);
    if (!keyEnd) return false;
    const same = isText(p + 1, <u32>(keyEnd - p) - 2, name);
    const start = skip(skip(keyEnd) + 1);
    const end = readValue(start, 0xffffffff);
    if (!end) return false;
    if (same) {
      at = start;
      length = <u32>(end - start);
      return true;
    }
    p = skip(end);
    if (load<u8>(p) == 0x2c) p = skip(p + 1);
  }
  return false;
}
