// A transform of asc: inlines what is short or has one caller, before asc optimises for size, where it hardly inlines at
// all. That seldom runs is no reason against it, as V8 puts it out of the way (branch-hints/). What else is worth inlining
// V8 finds out itself, by what is called often. The parts of a hot loop say @inline themselves.
import { Transform } from "assemblyscript/transform";

const [SHORT, LEAF, ONE_CALLER] = [6, 10, 400]; // in nodes of Binaryen's tree; a leaf calls nothing and has no loop

const CALLS = [
  // Called once. Longer functions around them would cost V8 more memory while it compiles them.
  "assembly/arithmetic/calculate",
  "assembly/collection/makeMap",
  "assembly/convert/cast",
  "assembly/convert/print",
  "assembly/duration/readTerm",
  "assembly/loop/nextTurn",
  "assembly/shortest/shortestDigits",
  "assembly/time/parseTimestamp",
  "assembly/time/takePart",
  "assembly/verify/checkField",
  // Called once, from the loop of the JSON reader, which is faster without them.
  "assembly/json/closeObject",
  "assembly/json-number/readNumber",
  // Short, but called from many places that run seldom: a call takes less room there.
  "assembly/cell/set*",
  "assembly/cell/isList",
  "assembly/cell/isMap",
  "assembly/cell/isPresent",
  "assembly/cell/*wrapOptional",
  "assembly/cell/copyCell",
  "assembly/cell/endOf",
  "assembly/cell/truthOf",
  "assembly/order/fits*",
  "assembly/order/isBelowZero",
  "assembly/scopes/cellOf",
  "assembly/solve/challengeExtra",
  "assembly/time/is*",
  "assembly/time/peek",
  "assembly/time/nanosOf",
];

export default class Inlining extends Transform {
  afterCompile(module) {
    const { binaryen } = this;
    const known = namesOf(binaryen, module);
    for (const name of CALLS) {
      if (!known.some((one) => isLike(one, name))) throw new Error(`there is no function ${name}`);
      binaryen.setPassArgument("no-inline", name);
      module.runPasses(["no-inline"]);
    }
    binaryen.setOptimizeLevel(3);
    binaryen.setShrinkLevel(0);
    binaryen.setAlwaysInlineMaxSize(SHORT);
    binaryen.setFlexibleInlineMaxSize(LEAF);
    binaryen.setOneCallerInlineMaxSize(ONE_CALLER);
    binaryen.setAllowInliningFunctionsWithLoops(false);
    module.runPasses(["inlining-optimizing"]);
  }
}

function namesOf(binaryen, module) {
  const functions = Array.from({ length: module.getNumFunctions() }, (_, i) => module.getFunctionByIndex(i));
  return functions.map((one) => binaryen.getFunctionInfo(one).name);
}

/** Whether a name is the pattern's, in which an asterisk stands for anything. */
function isLike(name, pattern) {
  const [head, tail = ""] = pattern.split("*");
  return pattern.includes("*") ? name.startsWith(head) && name.endsWith(tail) : name === pattern;
}
