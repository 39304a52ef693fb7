// Branch hints (WebAssembly tool conventions, section "metadata.code.branch_hint"): V8 moves what a hint calls unlikely
// behind the rest of its function. A call then runs through a sixth fewer cache lines of machine code, and those are
// what a small call costs in Envoy, where the filter is cold whenever it is called (docs/benchmarks.md).
//
// Hinted is every branch that goes one way in all the calls of profile.ts. What the module does stays the same.
import { CODE, counted, CUSTOM, newSection, readModule, sectionOf, unsigned, type Body } from "./module.ts";
import { observe, type Ways } from "./profile.ts";

const NAME = Buffer.from("metadata.code.branch_hint");
const [UNLIKELY, LIKELY] = [0, 1];

/** The module with hints, in a section in front of its code. */
export function withBranchHints(bytes: Uint8Array): Uint8Array {
  const module = readModule(bytes);
  const hints = Buffer.concat([counted(NAME), hintsOf(module.bodies, observe(module))]);
  const { at } = sectionOf(module.sections, CODE);
  return Buffer.concat([bytes.subarray(0, at), newSection(CUSTOM, hints), bytes.subarray(at)]);
}

/** Functions with their hints: where a branch is, counted from the function's first byte, and a hint of one byte. */
function hintsOf(bodies: Body[], ways: Ways[]): Uint8Array {
  const left = [...ways];
  const functions = bodies.flatMap(({ index, start, branches }) => {
    const seen = left.splice(0, branches.length);
    const hints = branches.flatMap((at, i) => hintOf(at - start, seen[i]!));
    return hints.length ? [[...unsigned(index), ...unsigned(hints.length), ...hints.flat()]] : [];
  });
  return Buffer.from([...unsigned(functions.length), ...functions.flat()]);
}

function hintOf(offset: number, { taken, passed }: Ways): number[][] {
  return taken === passed ? [] : [[...unsigned(offset), 1, taken ? LIKELY : UNLIKELY]];
}
