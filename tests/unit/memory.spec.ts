import { allocate, release, reserve, resetRegion, trimRegion } from "../../assembly/runtime/memory.ts";

describe("memory", () => {
  test("a released block is reused", () => {
    const first = allocate(1000);
    release(first);
    expect(allocate(1000)).toBe(first);
    release(first);
  });

  test("adjacent free blocks are joined", () => {
    const a = allocate(4096);
    const b = allocate(4096);
    const c = allocate(4096);
    release(a);
    release(c);
    release(b);
    const pages = memory.size();
    const all = allocate(12288);
    expect(memory.size()).toBe(pages, "no page was added");
    release(all);
  });

  test("blocks are aligned to 16 bytes and do not overlap", () => {
    const a = allocate(1);
    const b = allocate(17);
    expect(a & 15).toBe(0);
    expect(b & 15).toBe(0);
    store<u64>(a, 0x1122334455667788);
    store<u64>(b, 0);
    expect(load<u64>(a)).toBe(0x1122334455667788);
    release(a);
    release(b);
  });

  test("an impossible size is refused, not trapped", () => {
    expect(allocate(0x7fffffff)).toBe(0);
    expect(reserve(0x7fffffff)).toBe(0);
  });

  test("the region does not grow again for the same size", () => {
    resetRegion();
    expect(reserve(3000000)).not.toBe(0);
    resetRegion();
    const pages = memory.size();
    for (let i = 0; i < 100; i++) {
      expect(reserve(100)).not.toBe(0);
      expect(reserve(3000000)).not.toBe(0);
      resetRegion();
    }
    expect(memory.size()).toBe(pages);
  });

  test("what is trimmed off a reservation goes to the next one", () => {
    resetRegion();
    const a = reserve(1024);
    trimRegion(a + 16);
    expect(reserve(16)).toBe(a + 16);
    resetRegion();
  });
});
