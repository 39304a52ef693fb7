import { parseNumber, tookExactPath } from "../../assembly/number/parse.ts";
import { scanNumber } from "../../assembly/number/scan.ts";
import { printDouble } from "../../assembly/number/print.ts";
import { endOf, startOf } from "../../assembly/cel/cell.ts";
import { raw } from "./cells.ts";

// tests/oracles/number.test.ts compares hundreds of thousands of texts with JavaScript's own conversions.

function parse(text: string): f64 {
  const cell = raw(text);
  return parseNumber(startOf(cell), endOf(cell));
}

function print(value: f64): string {
  const out = memory.data(64);
  return String.UTF8.decodeUnsafe(out, printDouble(value, out, false) - out);
}

describe("number", () => {
  test("short numbers need no big numbers", () => {
    expect(parse("0")).toBe(0);
    expect(parse("-1.5")).toBe(-1.5);
    expect(parse("123456789")).toBe(123456789);
    expect(parse("1e22")).toBe(1e22);
    expect(tookExactPath()).toBe(false);
    expect(reinterpret<u64>(parse("-0"))).toBe(0x8000000000000000);
  });

  test("17 digits, where asc's own parseFloat is off by powers of ten", () => {
    expect(reinterpret<u64>(parse("2.5004734400237566e+46"))).toBe(0x4991850118501adb);
  });

  test("a halfway point rounds to even, its neighbours to either side", () => {
    expect(parse("9007199254740993")).toBe(9007199254740992);
    expect(tookExactPath()).toBe(true);
    expect(parse("9007199254740993.0000000000000000000000000001")).toBe(9007199254740994);
    expect(parse("9007199254740995")).toBe(9007199254740996);
  });

  test("both ends of the range", () => {
    expect(parse("1e400")).toBe(Infinity);
    expect(parse("-1e400")).toBe(-Infinity);
    expect(parse("1e-400")).toBe(0);
    expect(parse("5e-324")).toBe(f64.MIN_VALUE);
    expect(parse("0e999999999999")).toBe(0);
  });

  test("underscores and hexadecimal digits", () => {
    const one = raw("1_0.5e1");
    expect(scanNumber(startOf(one), endOf(one)) != null).toBe(true);
    expect(parse("1_0.5e1")).toBe(105);
    const two = raw("1__0");
    expect(scanNumber(startOf(two), endOf(two)) != null).toBe(false);
    const three = raw("0x1.8p1");
    expect(scanNumber(startOf(three), endOf(three)) != null).toBe(true);
    expect(parse("0x1.8p1")).toBe(3);
  });

  test("printing like Go's %g", () => {
    expect(print(1)).toBe("1");
    expect(print(1000000)).toBe("1e+06");
    expect(print(0.1)).toBe("0.1");
    expect(print(-1234567.5)).toBe("-1.2345675e+06");
    expect(print(5e-324)).toBe("5e-324");
  });
});
