// Branch hints: a section of the module (WebAssembly branch hinting proposal, "metadata.code.branch_hint") that tells the
// engine which way a branch usually goes.
//
// V8 lays out machine code in the order of the module, so code that rarely runs lies between code that always does. With
// hints (V8 14 and later, so Envoy's too) it moves the unlikely part to the end of its function, and a call touches a
// sixth fewer cache lines of code; in Envoy, where the filter's code is cold on every call, these dominate the cost of a
// small call. Every branch that went one way in all calls of the profile is hinted: about 300 of 1,400, in 1.3 KiB of the
// module. Without hints, calls of 200 bytes to 64 KiB take 3 to 13 % more time in V8 14.6. Hints never change what the
// module computes.
import { CODE, counted, CUSTOM, newSection, readModule, sectionOf, unsigned, type Body } from "./module.ts";
import { observe, type Ways } from "./profile.ts";

const NAME = Buffer.from("metadata.code.branch_hint");
const [UNLIKELY, LIKELY] = [0, 1];

/** Adds the hints, as a section in front of the code. */
export function withBranchHints(bytes: Uint8Array): Uint8Array {
  const module = readModule(bytes);
  const hints = Buffer.concat([counted(NAME), hintsOf(module.bodies, observe(module))]);
  const { at } = sectionOf(module.sections, CODE);
  return Buffer.concat([bytes.subarray(0, at), newSection(CUSTOM, hints), bytes.subarray(at)]);
}

/** The hints of each function: the offset of a branch from the function's first byte, and one byte for the hint. */
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
