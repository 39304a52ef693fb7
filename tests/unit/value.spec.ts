import { openBudget } from "../../assembly/runtime/budget.ts";
import { Tag } from "../../assembly/program.ts";
import { countOf } from "../../assembly/cel/cursor.ts";
import { equal } from "../../assembly/cel/compare.ts";
import { findElement, findMember, loadValue } from "../../assembly/cel/json-value.ts";
import { skipValue } from "../../assembly/json/walk.ts";
import { forgetAmbiguousKeys, metAmbiguousKey } from "../../assembly/cel/ambiguous-key.ts";
import { Truth, tagOf } from "../../assembly/cel/cell.ts";
import { json, newCell, place, raw, show } from "./cells.ts";

function member(map: string, name: string): string {
  const at = findMember(json(map), raw(name));
  if (!at) return "missing";
  const cell = newCell();
  loadValue(cell, at);
  return show(cell);
}

function meetsAmbiguousKey(map: string, name: string): bool {
  forgetAmbiguousKeys();
  findMember(json(map), raw(name));
  return metAmbiguousKey();
}

describe("value", () => {
  beforeEach(() => {
    openBudget(1000000, 0);
  });

  test("loads every kind of value", () => {
    expect(show(json("null"))).toBe("null");
    expect(show(json("true"))).toBe("true");
    expect(show(json("false"))).toBe("false");
    expect(show(json("-1.5e1"))).toBe("-15.0");
    expect(show(json('"a\\nb"'))).toBe('"a\nb"');
    expect(show(json(' [ 1 , [ ] , "x" ] '.trim()))).toBe('[1.0, [], "x"]');
    expect(tagOf(json("{}"))).toBe(Tag.JsonMap);
  });

  test("the raw double of a claim may have any bytes", () => {
    const at = place('["x" ,.12345678,2]');
    store<u8>(at + 6, 1);
    store<f64>(at + 7, 3.0517578125e-5 + 93.36328125); // whatever its bytes are
    const cell = newCell();
    loadValue(cell, at);
    expect(countOf(cell)).toBe(3);
    loadValue(cell, findElement(cell, 1));
    expect(show(cell)).toBe((3.0517578125e-5 + 93.36328125).toString());
    store<u64>(at + 7, 0x5d5d5d5d5d5d5d5d); // brackets
    loadValue(cell, at);
    expect(countOf(cell)).toBe(3);
  });

  test("skips nested values, whatever their strings contain", () => {
    const text = '{"a":["]}",{"b\\"]":[1,2]}],"c":"\\\\"} ,7';
    const at = place(text);
    expect(skipValue(at) - at).toBe(text.length - 3);
    const deep = "[".repeat(5000) + "]".repeat(5000);
    const start = place(deep);
    expect(skipValue(start) - start).toBe(10000);
  });

  test("finds members by their decoded key", () => {
    expect(member('{"a":1,"b":2}', "b")).toBe("2.0");
    expect(member('{ "\\u0061" : "x" , "b":2}', "a")).toBe('"x"');
    expect(member('{"a":1}', "c")).toBe("missing");
    expect(member("{}", "a")).toBe("missing");
    expect(member('{"":3}', "")).toBe("3.0");
  });

  test("notes keys that a lenient parser takes for the one that is looked up", () => {
    expect(meetsAmbiguousKey('{"path":1,"Path":2}', "path")).toBe(true);
    expect(meetsAmbiguousKey('{"pa\\u0074h":1,"PATH":2}', "path")).toBe(true);
    expect(meetsAmbiguousKey('{"ſub":1}', "sub")).toBe(true);
    expect(meetsAmbiguousKey('{"to\u{212a}en":1}', "token")).toBe(true);
    expect(meetsAmbiguousKey('{"path\\u0000":1}', "path")).toBe(true);
    expect(meetsAmbiguousKey('{"\\u0050ath":1}', "path")).toBe(true);
    expect(meetsAmbiguousKey('{"path":1,"paths":2,"pat":3,"éath":4}', "path")).toBe(false);
    expect(meetsAmbiguousKey('{"@":1,"[":2}', "`")).toBe(false); // 0x20 apart, but no letters
  });

  test("finds elements by index and counts", () => {
    const list = json("[10, [20, 21], 30]");
    const cell = newCell();
    loadValue(cell, findElement(list, 2));
    expect(show(cell)).toBe("30.0");
    expect(findElement(list, 3)).toBe(0);
    expect(countOf(list)).toBe(3);
    expect(countOf(json('{"a":1,"b":[2]}'))).toBe(2);
    expect(countOf(json("[ ]"))).toBe(0);
    expect(countOf(json("1"))).toBe(-1);
  });

  test("equality of containers", () => {
    expect(equal(json('{"a":[1,{"b":null}],"c":2}'), json('{"c":2.0,"\\u0061":[1e0,{"b":null}]}'), 0)).toBe(Truth.True);
    expect(equal(json('{"a":1}'), json('{"a":1,"b":2}'), 0)).toBe(Truth.False);
    expect(equal(json('{"a":1,"b":2}'), json('{"a":1,"c":2}'), 0)).toBe(Truth.False);
    expect(equal(json("[1,2]"), json("[1,2,3]"), 0)).toBe(Truth.False);
    expect(equal(json("[]"), json("{}"), 0)).toBe(Truth.False);
    const deep = "[".repeat(129) + "]".repeat(129);
    expect(equal(json(deep), json(deep), 0)).toBe(Truth.True);
    expect(equal(json("[" + deep + "]"), json("[" + deep + "]"), 0)).toBe(Truth.Error, "too deep");
  });

  test("comparing large maps is bounded by the steps", () => {
    let text = "{";
    for (let i = 0; i < 3000; i++) text += (i ? "," : "") + '"k' + i.toString() + '":' + i.toString();
    const map = json(text + "}");
    openBudget(100000, 0);
    expect(equal(map, map, 0)).toBe(Truth.False, "out of steps");
  });
});
