// Numbers with more digits than readers agree on: refused where a predicate reads them, and nowhere else.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertAllowed, call, hostOf, reasonOf, toolWhen } from "../support/host.ts";

/** A call whose argument is this number, as it is written. */
function paying(amount: string, others = "") {
  const request = call("t", { amount: 0 });
  const text = Buffer.from(request.body!).toString().replace('"amount":0', `"amount":${amount}${others}`);
  return { ...request, body: new Uint8Array(Buffer.from(text)) };
}

const WIDE = [
  "500.00000000000000000001", // 500 for a double, more for a decimal
  "499.99999999999999999999",
  "0.1000000000000000000000000001",
  "10000000000000000000001", //     above every integer of 64 bits, and its last digit is lost
  "1.00000000000000000001e2",
  "-0.00000000000000000050000000000000000001",
  `1.${"2345678901".repeat(5)}`, // more than any reader keeps
];
const FINE = [
  "500",
  "500.0000000000000000000000",
  "0.1",
  "0.30000000000000004",
  "18446744073709551615",
  "9007199254740993",
].concat(["1e300", "0.00000000000000000000000000001", "100000000000000000000000000", "0.0", "0e-999"]);

describe("a number with more digits than readers agree on", () => {
  for (const when of [
    "args.amount <= 500.0",
    "args.l.exists(x, x <= 500.0) || args.amount < 1e308",
    'string(args.amount) != ""',
  ]) {
    for (const amount of WIDE)
      test(`${when}, ${amount}: refused`, () =>
        assert.equal(reasonOf(hostOf(toolWhen(when)).request(paying(amount, `,"l":[${amount}]`))), "number_range"));
  }

  test("in a Deny rule as well", () => {
    const host = hostOf({ action: "Deny", ...toolWhen("args.amount > 500.0") }, { defaultAction: "Allow" });
    for (const amount of WIDE) assert.equal(reasonOf(host.request(paying(amount))), "number_range", amount);
  });

  test("others are read as before", () => {
    const host = hostOf(toolWhen("args.amount < 1e308"));
    for (const amount of FINE) assertAllowed(host.request(paying(amount)), paying(amount), amount);
  });

  test("where no predicate reads them they pass", () => {
    const host = hostOf(toolWhen("args.other == 1"));
    for (const amount of WIDE) {
      const request = paying(amount, ',"other":1');
      assertAllowed(host.request(request), request, amount);
    }
  });
});
