// A transform of asc: inlines functions that are short, leaves that are a little longer, and functions of moderate length
// that have one caller, before asc optimises the module for size.
//
// Optimising for size inlines almost nothing, and optimising for speed makes the module a third larger; one pass with
// limits of its own, followed by optimising for size, is as small as the one and as fast as the other. Without the pass
// the module has the same size within 300 bytes, and calls whose predicate takes many small steps take 11 to 17 % more
// time in V8 14.6; other calls differ by 4 % at most, since V8 inlines further at run time, by what is called often.
// Leaves, which call nothing and have no loop, are the small functions that read texts and records: without a limit of
// their own, calls of 200 bytes take 5 % more time, and the module is 500 bytes smaller. The limit for functions with one
// caller saves memory: V8 needs more of it to compile long functions, and Envoy keeps it. Without a limit Envoy takes
// 4 MiB more, with 400 nodes 1 MiB more, and neither is faster than 150. Cold functions are inlined too, since branch
// hints move them off the hot path. The parts of hot loops say @inline themselves.
import { Transform } from "assemblyscript/transform";

/** In nodes of Binaryen's tree. */
const [SHORT, LEAF, ONE_CALLER] = [6, 10, 150];

export default class Inlining extends Transform {
  afterCompile(module) {
    const { binaryen } = this;
    binaryen.setOptimizeLevel(3);
    binaryen.setShrinkLevel(0);
    binaryen.setAlwaysInlineMaxSize(SHORT);
    binaryen.setFlexibleInlineMaxSize(LEAF);
    binaryen.setOneCallerInlineMaxSize(ONE_CALLER);
    binaryen.setAllowInliningFunctionsWithLoops(false);
    module.runPasses(["inlining-optimizing"]);
  }
}
