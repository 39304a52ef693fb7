// Digests of items: SHA-256 over canonical JSON (RFC 8785), so that another order of keys or other spacing is no change.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import canonicalize from "canonicalize";
import type { JsonObject } from "./lock.ts";

/** Members that say nothing about what an item does: what hosts and proxies add, and pictures. */
const DECORATION = ["_meta", "icons"];

/** The members of an item that count. */
export function withoutDecoration(item: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !DECORATION.includes(name)));
}

/** `sha256:` and 64 hexadecimal digits. Throws on what JSON cannot say, such as half a surrogate pair. */
export function digestOf(content: JsonObject): string {
  const text = canonicalize(content) ?? "";
  if (!text.isWellFormed()) throw new Error("it contains half of a surrogate pair");
  return `sha256:${bytesToHex(sha256(utf8ToBytes(text)))}`;
}
