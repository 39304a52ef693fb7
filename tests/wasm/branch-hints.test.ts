// Branch hints (scripts/transforms/branch-hints/): of a module with known branches, and of the filter as built.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import binaryen from "assemblyscript/binaryen";
import { withBranchHints } from "../../scripts/transforms/branch-hints/index.ts";
import {
  afterNumber,
  CODE,
  numberAt,
  readModule,
  type Module,
  type Section,
} from "../../scripts/transforms/branch-hints/module.ts";

const NAME = "metadata.code.branch_hint";
const [IF, BR_IF] = [0x04, 0x0d];
const BUILT = readFileSync("build/scopegate.wasm");

/** Lets every call through. Each branch is followed by the expected hint. */
const KNOWN = `(module
  (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (global $calls (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (if (local.get 1) (then (return (i32.const 1)))) ;; none: not while a call runs
    (i32.const 0))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32)
    (if (i32.gt_u (local.get 0) (i32.const 0x100000)) (then (return (i32.const 0)))) ;; unlikely
    (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (local i64 f64 v128)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (block $first (br_if $first (i32.gt_u (global.get $calls) (i32.const 2)))) ;; likely: the first calls do not count
    (local.set 5 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 5) (v128.const i64x2 0x0d04 4)))
    (local.set 3 (i64.const 0x0d04))
    (local.set 4 (f64.const 0.1))
    (i32.const 1))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (local.set 0 (i32.const 3))
    (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) ;; none: both ways
    (if (local.get 2) (then (local.set 0 (i32.const 0)))) ;; none: the body comes first, its end on its own
    (if (global.get $calls) (then (drop (call $buffer (i32.const 0) (i32.const 0) (local.get 1) (i32.const 16) (i32.const 20))))) ;; likely
    (i32.const 0))
  (func (export "proxy_on_delete") (param i32)))`;

interface Hint {
  /** Opcode of the hinted instruction. */
  instruction: number;
  at: number;
  hint: number;
}

function hintSection({ bytes, sections }: Module): Section[] {
  return sections.filter(({ id, start }) => id === 0 && nameAt(bytes, start) === NAME);
}

function nameAt(bytes: Uint8Array, at: number): string {
  const start = afterNumber(bytes, at);
  return Buffer.from(bytes.subarray(start, start + numberAt(bytes, at))).toString();
}

/** The hints of a module, as an engine reads them. */
function hintsOf(module: Module): Hint[] {
  const { bytes, bodies } = module;
  const [section] = hintSection(module);
  let at = afterNumber(bytes, section!.start) + NAME.length;
  const next = () => {
    const value = numberAt(bytes, at);
    at = afterNumber(bytes, at);
    return value;
  };
  const hints = Array.from({ length: next() }, () => {
    const index = next();
    const body = bodies.find((one) => one.index === index)!;
    return Array.from({ length: next() }, () => {
      const place = body.start + next();
      assert.equal(next(), 1, "a hint is one byte");
      return { instruction: bytes[place]!, at: place, hint: next() };
    });
  });
  assert.equal(at, section!.end, "nothing follows the hints");
  return hints.flat();
}

describe("branch hints", () => {
  test("tell which way every recorded call goes", () => {
    const parsed = binaryen.parseText(KNOWN);
    parsed.setFeatures(binaryen.Features.All);
    const hints = hintsOf(readModule(withBranchHints(parsed.emitBinary())));
    const found = hints.map(({ instruction, hint }) => [instruction, hint]);
    assert.deepEqual(found, [[IF, 0], [BR_IF, 1], [IF, 1]]); // prettier-ignore
  });

  test("belong to branches, in ascending order, as engines require", () => {
    const hints = hintsOf(readModule(BUILT));
    assert.ok(hints.length > 200, `only ${hints.length}`);
    assert.ok(hints.every(({ instruction, hint }) => [IF, BR_IF].includes(instruction) && hint <= 1));
    assert.ok(hints.every(({ at }, i) => i === 0 || at > hints[i - 1]!.at));
  });

  test("are one section, in front of the code, and the only addition", () => {
    const module = readModule(BUILT);
    const [section, ...others] = hintSection(module);
    assert.equal(others.length, 0);
    assert.equal(section!.end, module.sections.find(({ id }) => id === CODE)!.at);
    const without = Buffer.concat([BUILT.subarray(0, section!.at), BUILT.subarray(section!.end)]);
    assert.deepEqual(Buffer.from(withBranchHints(without)), BUILT, "the same module has the same hints");
  });

  test("cover every branch of the module", () => {
    const ours = readModule(BUILT).bodies.reduce((sum, { branches }) => sum + branches.length, 0);
    assert.equal(
      ours,
      binaryen
        .readBinary(BUILT)
        .emitText()
        .match(/\((if|br_if)\b/g)!.length,
    );
  });
});

test("the filter is at most 96 KiB, hints included", () => {
  assert.ok(BUILT.length <= 96 * 1024, `${BUILT.length} bytes`);
});
