import { openBudget, openScratch } from "../../assembly/runtime/budget.ts";
import {
  compareText,
  contains,
  hasPart,
  isUtf8,
  makeRaw,
  pointAt,
  pointCount,
  sameText,
} from "../../assembly/cel/string.ts";
import { codeOf, pointEnd } from "../../assembly/text/point.ts";
import { endOf, lengthOf, startOf } from "../../assembly/cel/cell.ts";
import { hex, json, raw, show } from "./cells.ts";

/** Both forms of a string: raw, and as JSON text in which every character is an escape. */
function escapedForm(text: string): usize {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    out += "\\u" + (0x10000 + text.charCodeAt(i)).toString(16).substr(1);
  }
  return json(out + '"');
}

const samples = ["", "a", "abc", "é", "😀", "x😀y", "\u{ffff}", "漢字", "a\nb", "\u0000", "aab", "aaaaaaaaaaaaaaaab"];

describe("text", () => {
  beforeEach(() => {
    openBudget(1000000, 0);
    openScratch();
  });

  test("raw and escaped forms are the same string", () => {
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i];
      expect(sameText(raw(sample), escapedForm(sample))).toBe(true, sample);
      expect(compareText(escapedForm(sample), raw(sample))).toBe(0, sample);
      expect(pointCount(raw(sample))).toBe(pointCount(escapedForm(sample)), sample);
    }
    expect(sameText(json('"\\b\\f\\n\\r\\t\\/\\\\\\""'), raw('\b\f\n\r\t/\\"'))).toBe(true);
  });

  test("the four searches agree with each other in every combination of forms", () => {
    for (let i = 0; i < samples.length; i++) {
      for (let j = 0; j < samples.length; j++) {
        const whole = samples[i] + samples[j];
        for (let form = 0; form < 4; form++) {
          const text = form & 1 ? escapedForm(whole) : raw(whole);
          const head = form & 2 ? escapedForm(samples[i]) : raw(samples[i]);
          const tail = form & 2 ? escapedForm(samples[j]) : raw(samples[j]);
          expect(hasPart(text, head, false)).toBe(true, whole);
          expect(hasPart(text, tail, true)).toBe(true, whole);
          expect(contains(text, head) && contains(text, tail)).toBe(true, whole);
          expect(contains(text, raw(whole + "z"))).toBe(false, whole);
          expect(hasPart(text, raw("z"), false) || hasPart(text, raw("z"), true)).toBe(false, whole);
        }
      }
    }
    expect(contains(raw("aabaaab"), raw("aaab"))).toBe(true);
    expect(contains(escapedForm("aabaaab"), raw("aaab"))).toBe(true);
  });

  test("length counts code points", () => {
    expect(pointCount(raw("😀"))).toBe(1);
    expect(pointCount(json('"\\ud83d\\ude00"'))).toBe(1);
    expect(pointCount(raw("e\u0301"))).toBe(2);
  });

  test("strings are ordered by code points, not by UTF-16 units", () => {
    expect(compareText(raw("\u{ffff}"), raw("\u{10000}")) < 0).toBe(true);
    expect(compareText(json('"\\uffff"'), raw("\u{10000}")) < 0).toBe(true);
    expect(compareText(raw("a"), raw("ab")) < 0).toBe(true);
    expect(compareText(json('"\\u0061b"'), raw("a")) > 0).toBe(true);
  });

  test("bytes that are not UTF-8 count as one U+FFFD each", () => {
    expect(pointCount(hex("61ff62"))).toBe(3);
    expect(pointCount(hex("e284"))).toBe(2); // cut off
    expect(pointCount(hex("eda080"))).toBe(3); // a surrogate
    expect(pointCount(hex("c0af"))).toBe(2); // overlong
    expect(pointCount(hex("f4908080"))).toBe(4); // beyond U+10FFFF
    const text = hex("f09f9880");
    const point = pointAt(startOf(text), endOf(text), 0);
    expect(codeOf(point)).toBe(0x1f600);
    expect(pointEnd(point)).toBe(endOf(text));
  });

  test("isUtf8 tells U+FFFD from a broken byte", () => {
    const good = hex("efbfbd41");
    expect(isUtf8(startOf(good), endOf(good))).toBe(true);
    const bad = hex("41ff");
    expect(isUtf8(startOf(bad), endOf(bad))).toBe(false);
  });

  test("makeRaw decodes", () => {
    const text = json('"\\u0061\\n\\ud83d\\ude00"');
    expect(makeRaw(text)).toBe(true);
    expect(lengthOf(text)).toBe(6);
    expect(show(text)).toBe('"a\n😀"');
  });

  test("a hostile search runs out of steps instead of time", () => {
    openBudget(2000, 0);
    const a = "a".repeat(1000);
    expect(contains(raw(a + a + a), raw(a + "b"))).toBe(false);
    expect(contains(raw(a + a + a), raw("a"))).toBe(false, "the steps are used up");
  });
});
