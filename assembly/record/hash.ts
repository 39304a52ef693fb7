// Values of which a record has only a hash: an HMAC with the key of the plugin configuration. Without a key they are left out.
import { recordKey } from "../config/config.ts";
import { reserve } from "../runtime/memory.ts";
import { SHA256_SIZE, hmac } from "../text/sha256.ts";
import { Span, spanLength, spanStart } from "../text/span.ts";
import { ValueTag, closeEntry, openEntry } from "../text/struct.ts";
import { putHex64 } from "../text/writer.ts";

/** Adds an entry with the first 32 digits of the hash of a text. */
export function addHash(name: Span, text: Span): void {
  const key = recordKey();
  const hash = key ? reserve(SHA256_SIZE) : 0;
  if (!hash || !hmac(key, spanStart(text), spanLength(text), hash)) return;
  const entry = openEntry(name, ValueTag.String);
  putHex64(bswap<u64>(load<u64>(hash)));
  putHex64(bswap<u64>(load<u64>(hash, 8)));
  closeEntry(entry);
}
