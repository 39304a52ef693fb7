import { copyBytes, isPlain, sameBytes } from "../../assembly/text/ascii.ts";
import { hashBytes } from "../../assembly/text/hash.ts";
import { begin, finish, putHex64, putJson } from "../../assembly/text/writer.ts";
import { Span, spanLength, spanStart } from "../../assembly/text/span.ts";

// Every length up to LONGEST at unaligned addresses, so that every way of reading the last bytes is covered.
const LONGEST: u32 = 40;
const a: usize = memory.data(256, 16) + 1;
const b: usize = memory.data(256, 16) + 3;

function fill(): void {
  for (let i: u32 = 0; i < 200; i++) {
    store<u8>(a + i, 0x41 + (i % 26));
    store<u8>(b + i, 0x41 + (i % 26));
  }
}

function textOf(span: Span): string {
  return String.UTF8.decodeUnsafe(spanStart(span), spanLength(span));
}

describe("bytes", () => {
  test("compare equal or differ in any one position; bytes after them are ignored", () => {
    for (let length: u32 = 0; length <= LONGEST; length++) {
      fill();
      store<u8>(a + length, 1);
      expect(sameBytes(a, b, length)).toBe(true);
      for (let i: u32 = 0; i < length; i++) {
        store<u8>(b + i, 2);
        expect(sameBytes(a, b, length)).toBe(false);
        expect(hashBytes(7, a, length) != hashBytes(7, b, length)).toBe(true);
        store<u8>(b + i, load<u8>(a + i));
      }
    }
  });

  test("are copied without touching what is around them", () => {
    for (let length: u32 = 0; length <= 140; length++) {
      fill();
      memory.fill(b, 0, 200);
      copyBytes(b + 8, a, length);
      expect(sameBytes(b + 8, a, length)).toBe(true);
      expect(load<u64>(b)).toBe(0);
      expect(load<u64>(b + 8 + length)).toBe(0);
    }
  });

  // Tables use the low bits of a hash. Names often differ in two characters only, anywhere in the name.
  test("that differ in two characters have hashes with different low bits", () => {
    for (let at: u32 = 0; at < 20; at++) {
      const seen = new Set<u32>();
      fill();
      for (let i: u32 = 0; i < 100; i++) {
        store<u8>(a + at, 0x30 + i / 10);
        store<u8>(a + at + 1, 0x30 + (i % 10));
        seen.add((<u32>hashBytes(7, a, at + 2)) & 0xff);
      }
      expect(seen.size).toBeGreaterThan(64, "of 100 names whose last characters are at " + at.toString());
    }
  });

  test("are plain unless they contain a quote, a backslash or a control character", () => {
    for (let length: u32 = 0; length <= LONGEST; length++) {
      fill();
      expect(isPlain(a, length)).toBe(true);
      for (let i: u32 = 0; i < length; i++) {
        for (let c: u32 = 0; c < 256; c++) {
          store<u8>(a + i, c);
          if (isPlain(a, length) != (c >= 0x20 && c != 0x22 && c != 0x5c)) expect(c).toBe(256, "misclassified");
        }
        store<u8>(a + i, 0x20);
      }
    }
  });

  test("are escaped inside a JSON string", () => {
    store<u32>(a, 0x0a5c2261); // a"\ and a line feed
    begin(64);
    putJson(a, 4);
    expect(textOf(finish())).toBe('a\\"\\\\\\u000a');
  });

  test("are written as hexadecimal digits", () => {
    begin(64);
    putHex64(0x0123456789abcdef);
    putHex64(0xfedcba9876543210);
    expect(textOf(finish())).toBe("0123456789abcdeffedcba9876543210");
  });
});
