// A transform of asc: inlines what is short or has one caller, before asc optimises for size, where it hardly inlines at
// all. That seldom runs is no reason against it, as V8 puts it out of the way (branch-hints/). What else is worth inlining
// V8 finds out itself, by what is called often. The parts of a hot loop say @inline themselves.
import { Transform } from "assemblyscript/transform";

const [SHORT, LEAF, ONE_CALLER] = [6, 10, 400]; // in nodes of Binaryen's tree; a leaf calls nothing and has no loop

const CALLS = [
  // Called once. Longer functions around them would cost V8 more memory while it compiles them.
  "assembly/cel/arithmetic/calculate",
  "assembly/cel/collection/makeMap",
  "assembly/cel/convert/cast",
  "assembly/cel/convert/print",
  "assembly/cel/duration/readTerm",
  "assembly/cel/loop/nextTurn",
  "assembly/number/print/shortestDigits",
  "assembly/cel/time/parseTimestamp",
  "assembly/cel/time/takePart",
  "assembly/verify/verify/checkField",
  // Called once, from the loop of the JSON reader, which is faster without them.
  "assembly/json/reader/closeObject",
  "assembly/json/numbers/readNumber",
  // Short, but called from many places that run seldom: a call takes less room there.
  "assembly/cel/cell/set*",
  "assembly/cel/cell/retype",
  "assembly/cel/cell/isList",
  "assembly/cel/cell/isMap",
  "assembly/cel/cell/isPresent",
  "assembly/cel/cell/*wrapOptional",
  "assembly/cel/cell/copyCell",
  "assembly/cel/cell/endOf",
  "assembly/cel/cell/truthOf",
  "assembly/cel/compare/fits*",
  "assembly/cel/compare/isBelowZero",
  "assembly/cel/scope-list/cellOf",
  "assembly/decide/challenge/chosenAt",
  "assembly/cel/time/is*",
  "assembly/cel/time/peek",
  "assembly/cel/time/nanosOf",
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
