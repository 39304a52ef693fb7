import { readFailure } from "../../assembly/json/failure.ts";
import { openReader, onlyWhitespace, readValue } from "../../assembly/json/reader.ts";
import { allocate, release, resetRegion } from "../../assembly/runtime/memory.ts";
import { NONE, Reason } from "../../assembly/program.ts";

const ACCEPTED: i32 = -1;

/** Reads a whole text; ACCEPTED or the Reason. `shift` moves it relative to the width of a vector. */
function read(text: string, depth: u32 = 16, shift: u32 = 0): i32 {
  const size = String.UTF8.byteLength(text);
  const block = allocate(<u32>size + 96);
  const at = block + <usize>shift;
  memory.fill(block, 0, size + 96);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at);
  openReader(at + <usize>size, depth);
  const end = readValue(at, NONE);
  const result = !end ? readFailure() : onlyWhitespace(end) ? ACCEPTED : Reason.not_json;
  release(block);
  resetRegion();
  return result;
}

/** Reads bytes given as hexadecimal digits. */
function readHex(hex: string): i32 {
  const size = hex.length >> 1;
  const at = allocate(<u32>size + 96);
  memory.fill(at, 0, size + 96);
  for (let i = 0; i < size; i++) store<u8>(at + i, <u8>parseInt(hex.substr(i * 2, 2), 16));
  openReader(at + <usize>size, 16);
  const end = readValue(at, NONE);
  const result = !end ? readFailure() : onlyWhitespace(end) ? ACCEPTED : Reason.not_json;
  release(at);
  return result;
}

const accepted = [
  "0",
  "-0",
  "-0.0e-0",
  "12.5e+10",
  "true",
  "false",
  "null",
  '""',
  '"a"',
  "[]",
  "{}",
  "[1,2,[3]]",
  '{"a":{"b":[]}}',
  " \t\r\n[ 1 , 2 ] ",
  '"\\u0041\\n\\"\\\\\\/"',
  '"\\ud83d\\ude00"',
  '"é漢😀"',
  "1e308",
  "0e999",
  "0.0e999",
  "1e-999",
  '{"a":1,"A":2}',
  '{"":1,"a":2}',
];
const refused = [
  "",
  " ",
  "01",
  "-",
  "1.",
  ".5",
  "+1",
  "1e",
  "1e+",
  "tru",
  "nul",
  "[1,]",
  "[,1]",
  "[1 2]",
  "{,}",
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  "{a:1}",
  "[",
  "{",
  '"',
  '"a',
  '"\t"',
  '"\\x"',
  '"\\u12"',
  '"\\u 123"',
  "[}",
  "{]",
  "1 2",
  "[] []",
  "'a'",
  "NaN",
  "Infinity",
  "\u{feff}1",
  '{"a" 1}',
  "// c\n1",
];

describe("json", () => {
  test("accepts what RFC 8259 accepts", () => {
    for (let i = 0; i < accepted.length; i++) expect(read(accepted[i])).toBe(ACCEPTED, accepted[i]);
  });

  test("refuses what RFC 8259 does not accept", () => {
    for (let i = 0; i < refused.length; i++) expect(read(refused[i])).toBe(Reason.not_json, refused[i]);
  });

  test("refuses a duplicate key, however it is spelled", () => {
    expect(read('{"a":1,"a":2}')).toBe(Reason.duplicate_key);
    expect(read('{"a":1,"\\u0061":2}')).toBe(Reason.duplicate_key);
    expect(read('{"longer than eight":1,"longer th\\u0061n eight":2}')).toBe(Reason.duplicate_key);
    expect(read('[{"a":1,"b":{"x":1,"x":1}}]')).toBe(Reason.duplicate_key);
    expect(read('{"":1,"":2}')).toBe(Reason.duplicate_key);
  });

  test("finds the one duplicate key among many, in any position", () => {
    for (let twice = 0; twice < 40; twice++) {
      let text = "{";
      for (let i = 0; i < 40; i++) text += '"key' + i.toString() + '":0,';
      expect(read(text + '"key' + twice.toString() + '":1}')).toBe(Reason.duplicate_key);
      expect(read(text + '"other":1}')).toBe(ACCEPTED);
    }
  });

  test("enforces the maximum depth", () => {
    expect(read("[[[]]]", 3)).toBe(ACCEPTED);
    expect(read("[[[[]]]]", 3)).toBe(Reason.too_deep);
    expect(read('{"a":{"a":{"a":{}}}}', 3)).toBe(Reason.too_deep);
  });

  test("refuses numbers beyond a double, to the last digit", () => {
    expect(read("1e309")).toBe(Reason.number_range);
    expect(read("1.7976931348623157e308")).toBe(ACCEPTED);
    expect(read("1.7976931348623159e308")).toBe(Reason.number_range);
    expect(read("0.0001e312")).toBe(ACCEPTED);
    expect(read("0.1e310")).toBe(Reason.number_range);
    expect(read("[-1e400]")).toBe(Reason.number_range);
  });

  test("refuses escaped lone surrogates", () => {
    expect(read('"\\ud800"')).toBe(Reason.lone_surrogate);
    expect(read('"\\udc00"')).toBe(Reason.lone_surrogate);
    expect(read('"\\ud800\\u0041"')).toBe(Reason.lone_surrogate);
    expect(read('"\\ud800x"')).toBe(Reason.lone_surrogate);
  });

  test("refuses invalid UTF-8", () => {
    const bad = [
      "22c022",
      "22c1bf22",
      "228022",
      "22e0808022",
      "22eda08022",
      "22f080808022",
      "22f490808022",
      "22f822",
      "22e28222",
      "22c3",
    ];
    for (let i = 0; i < bad.length; i++) expect(readHex(bad[i])).toBe(Reason.invalid_utf8, bad[i]);
    const good = ["22c3a922", "22e0a08022", "22ed9fbf22", "22ee808022", "22f090808022", "22f48fbfbf22"];
    for (let i = 0; i < good.length; i++) expect(readHex(good[i])).toBe(ACCEPTED, good[i]);
  });

  test("finds the end of a string at every length and alignment around the vector width", () => {
    for (let length = 0; length < 70; length++) {
      const text = '"' + "x".repeat(length) + '"';
      for (let shift: u32 = 0; shift < 17; shift++) {
        expect(read(text, 16, shift)).toBe(ACCEPTED);
        expect(read('"' + "x".repeat(length), 16, shift)).toBe(Reason.not_json);
        expect(read('"' + "x".repeat(length) + '\n"', 16, shift)).toBe(Reason.not_json);
        expect(read('"' + "x".repeat(length) + 'é\\n"', 16, shift)).toBe(ACCEPTED);
      }
    }
  });
});
