// The digest of a program, by which records say under which policy they were made.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** The first 16 hexadecimal digits of the SHA-256 over the program. */
export function programDigest(program: Uint8Array): string {
  return bytesToHex(sha256(program)).slice(0, 16);
}
