// What to write instead: the hints of type errors.
import { closest } from "../source/spelling.ts";
import { names } from "./overloads.ts";

const EXTENSIONS: Record<string, string> = {
  lowerAscii: 'x.matches("(?i)…") ignores case',
  upperAscii: 'x.matches("(?i)…") ignores case',
  trim: "use x.matches() with a pattern that allows spaces",
  split: "use x.matches() with a pattern",
  join: "use `+`",
  replace: "use x.matches() with a pattern",
  substring: "use x.startsWith(), x.endsWith() or x.matches()",
  indexOf: "use x.contains()",
  charAt: "use x.startsWith() or x.matches()",
  format: "use `+` and string()",
  length: "use size(x)",
  len: "use size(x)",
  includes: "use x.contains() on strings, `y in x` on lists",
  toString: "use string(x)",
  any: "use x.exists(v, …)",
  some: "use x.exists(v, …)",
  every: "use x.all(v, …)",
};

/** Hint for a function or method that does not exist. */
export function unknownFunction(name: string, method: boolean): string | undefined {
  if (Object.hasOwn(EXTENSIONS, name)) return `not in CEL's standard library: ${EXTENSIONS[name]}`;
  const near = closest(name, names(method));
  return near && `did you mean \`${near}\`?`;
}

/** Hint for an unknown variable. */
export function unknownVariable(name: string, variables: readonly string[]): string {
  if (name === "data") return "the policy has no data: add data: {NAME: …}";
  const near = closest(name, variables);
  return near ? `did you mean \`${near}\`?` : `the variables are ${variables.join(", ")}`;
}

const SIGNS = /^_?(!=|==|<=|>=|&&|\|\||[!<>+\-*/%])_$/;

/** Message and hint for a call that matches no overload; `args` are the types as shown. */
export function explainMismatch(fn: string, method: boolean, args: string[]): { message: string; hint?: string } {
  const sign = SIGNS.exec(fn)?.[1] ?? (fn === "@in" ? "in" : undefined);
  const [left = "", right = ""] = args;
  if (sign && args.length === 2)
    return { message: `there is no operator \`${left} ${sign} ${right}\``, ...operatorHint(sign, left, right) };
  if (sign) return { message: `there is no operator \`${sign}${left}\`` };
  if (fn === "_?_:_")
    return {
      message: `the results of \`${left} ? ${right} : ${args[2]}\` differ in type`,
      hint: "both results must have one type",
    };
  if (fn.startsWith("_[")) return { message: `a ${left} has no index of type ${right}` };
  const shown = method ? `${left}.${fn}(${args.slice(1).join(", ")})` : `${fn}(${args.join(", ")})`;
  return { message: `there is no overload \`${shown}\`` };
}

const NUMBERS = ["int", "uint", "double"];

function operatorHint(sign: string, left: string, right: string): { hint?: string } {
  if (NUMBERS.includes(left) && NUMBERS.includes(right)) {
    const whole = left === "double" ? right : left;
    return { hint: `both sides must have one type: write 1.0 for 1, or double(x) around the ${whole}` };
  }
  if (sign === "in" && right === "string") return { hint: "for a part of a string write x.contains(y)" };
  if (sign === "==" || sign === "!=") return { hint: `values of type ${left} and ${right} are never equal` };
  if (sign === "+" && (left === "string" || right === "string"))
    return { hint: "convert the other side with string(x)" };
  return {};
}
