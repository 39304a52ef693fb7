// Doubles from and to decimal text, against JavaScript's own conversions, which are exact.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { compileEntry } from "../support/compile-entry.ts";
import { random } from "../support/random.ts";

interface Numbers {
  memory: WebAssembly.Memory;
  buffer(): number;
  parse(length: number): number;
  accepts(length: number): number;
  print(value: number, fixed: boolean): number;
}

let wasm: Numbers;
let bytes: Uint8Array;
const encoder = new TextEncoder();

before(async () => {
  wasm = await compileEntry<Numbers>("tests/oracles/number-entry.ts");
  bytes = new Uint8Array(wasm.memory.buffer, wasm.buffer(), 65536);
});

function parse(text: string): number {
  return wasm.parse(encoder.encodeInto(text, bytes).written);
}

function print(value: number, fixed = false): string {
  return new TextDecoder().decode(bytes.subarray(0, wasm.print(value, fixed)));
}

const words = new DataView(new ArrayBuffer(8));

/** A double with random bits; all exponents are as likely. */
function randomDouble(next: () => number): number {
  do {
    words.setUint32(0, next() * 4294967296);
    words.setUint32(4, next() * 4294967296);
  } while (!Number.isFinite(words.getFloat64(0)));
  return words.getFloat64(0);
}

function digits(next: () => number, count: number): string {
  return Array.from({ length: count }, () => Math.floor(next() * 10)).join("");
}

/** The exact decimal text of a finite double that is not negative, as digits and an exponent. */
function exactText(value: number, extraHalf: boolean): string {
  words.setFloat64(0, value);
  const bits = words.getBigUint64(0);
  const biased = Number(bits >> 52n);
  let whole = biased ? (bits & 0xfffffffffffffn) | 0x10000000000000n : bits & 0xfffffffffffffn;
  let exponent = Math.max(biased, 1) - 1075;
  if (extraHalf) {
    whole = whole * 2n + 1n;
    exponent--;
  }
  if (exponent >= 0) return (whole << BigInt(exponent)).toString();
  return `${whole * 5n ** BigInt(-exponent)}e${exponent}`;
}

function check(text: string) {
  assert.ok(Object.is(parse(text), Number(text)), `${text}: ${parse(text)} instead of ${Number(text)}`);
}

function accepts(text: string): boolean {
  return wasm.accepts(encoder.encodeInto(text, bytes).written) !== 0;
}

test("the shortest text of every double reads back as it", () => {
  const next = random(1);
  for (let i = 0; i < 60000; i++) check(String(randomDouble(next)));
});

test("17 to 19 digits and 20-digit integers round to the nearest", () => {
  const next = random(2);
  for (let i = 0; i < 40000; i++) {
    check(randomDouble(next).toPrecision(17));
    check(`${digits(next, 1)}.${digits(next, 16 + (i % 3))}e${Math.floor(next() * 660 - 340)}`);
    check(`1${digits(next, 19)}`);
  }
});

test("points halfway between two doubles round to the even one, anything next to them to its side", () => {
  const next = random(3);
  for (let i = 0; i < 10000; i++) {
    const value = Math.abs(randomDouble(next));
    const half = exactText(value, true);
    const [mantissa = "", exponent = "0"] = half.split("e");
    check(half);
    check(`${mantissa}.${"0".repeat(i % 900)}1e${exponent}`);
    check(`${BigInt(mantissa) - 1n}.${"9".repeat(40)}e${exponent}`);
    check(exactText(value, false));
  }
});

test("subnormals and both ends of the range", () => {
  const next = random(4);
  for (let i = 0; i < 20000; i++) {
    const value = Math.floor(next() * 2 ** (i % 53)) * Number.MIN_VALUE;
    check(String(value));
    if (i < 4000) check(exactText(value, true));
  }
  const most = exactText(Number.MAX_VALUE, true);
  for (const text of ["2e-324", "3e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400", "0e999"])
    check(text);
  for (const text of ["1e308", "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "-1e400", most])
    check(text);
  check(`${BigInt(most) - 1n}`);
});

test("any number of digits, with the point anywhere", () => {
  const next = random(5);
  for (let i = 0; i < 2000; i++) {
    const count = 1 + Math.floor(next() * 1500);
    check(`${digits(next, 1)}.${digits(next, count)}e${Math.floor(next() * 600 - 300)}`);
    check(`0.${"0".repeat(count % 700)}${digits(next, 30)}`);
    check(`1${digits(next, count % 300)}.${digits(next, 20)}`);
  }
  check(`1${"0".repeat(60000)}e-60000`);
  check(`0.${"0".repeat(60000)}1e60001`);
  for (const text of ["0", "-0", "0.0", "1E5", "1e+5", "-1.5e-3", "123456789012345678", "9007199254740993"])
    check(text);
});

test("Go's forms of a decimal number are accepted, and nothing else", () => {
  for (const text of ["1", "+1", "-1", "01", ".5", "5.", "1_0", "1_000.0_1", "1e1_0", "1E-7"])
    assert.ok(accepts(text), text);
  for (const text of [
    "",
    ".",
    "-",
    "+",
    "e5",
    "1e",
    "1e+",
    "_1",
    "1_",
    "1__0",
    "1_.5",
    "1._5",
    "1e_5",
    "1.2.3",
    " 1",
    "1 ",
  ]) {
    assert.ok(!accepts(text), text);
  }
  for (const text of ["1,5", "--1", "1e5.0", "inf", "٣"]) assert.ok(!accepts(text), text);
});

test("hexadecimal numbers", () => {
  const cases: [string, number][] = [
    ["0x1p-2", 0.25],
    ["-0X1.8P+1", -3],
    ["0x_1_0p0", 16],
    ["0x.8p0", 0.5],
    ["0x1.fffffffffffff8p0", 2], // a tie, to even
    ["0x1.fffffffffffff7fffffffffffp0", 1.9999999999999998],
    ["0x1p-1074", Number.MIN_VALUE],
    ["0x1p-1075", 0],
    ["0x1.0000000000001p-1075", Number.MIN_VALUE],
    ["0x1p1024", Infinity],
    ["0x0p99", 0],
  ];
  for (const [text, value] of cases) {
    assert.ok(accepts(text), text);
    assert.equal(parse(text), value, text);
  }
  for (const text of [
    "0x1",
    "0x",
    "0xp1",
    "0x1p",
    "x1p1",
    "0x1p_1",
    "0x1_p1",
    "0x._1p1",
    "0x1__0p1",
    "0x1_.1p1",
    "1p1",
    "0x1g",
  ]) {
    assert.ok(!accepts(text), text);
  }
});

/** The shortest digits as Go's %g prints them; JavaScript's toExponential finds the same. */
function goText(value: number): string {
  if (Object.is(value, -0)) return "-0";
  const [mantissa, exponentText] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 6)) {
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return String(value);
}

test("doubles print as Go's %g", () => {
  const next = random(6);
  for (let i = 0; i < 40000; i++) {
    const value = i % 2 ? randomDouble(next) : Math.round(next() * 1e7) / 10 ** (i % 7);
    assert.equal(print(value), goText(value));
  }
  for (let e = -1074; e < 1024; e++) assert.equal(print(2 ** e), goText(2 ** e)); // the gap below is half the gap above
  for (const value of [0, -0, 1, 1e6, 999999, 1e5, 123456.7, 1e-4, 1e-5, 5e-324, Number.MAX_VALUE]) {
    assert.equal(print(value), goText(value));
  }
  assert.deepEqual([print(NaN), print(Infinity), print(-Infinity)], ["NaN", "+Inf", "-Inf"]);
});

test("doubles print as Go's %f", () => {
  const cases = { "5400": 5400, "0.000000001": 1e-9, "-1.5": -1.5, "9223372036.854776": 2 ** 63 / 1e9, "0": 0 };
  for (const [text, value] of Object.entries(cases)) assert.equal(print(value, true), text);
});
