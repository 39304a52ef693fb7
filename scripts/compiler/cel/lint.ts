// Warnings about expressions that compile but probably do not mean what was intended.
import { Tag } from "../../../assembly/program.ts";
import { walk, type Call, type Node, type Select } from "./ast.ts";
import { longestLists, type Cost } from "./cost.ts";
import type { Known } from "./plan.ts";
import type { Problems } from "./problems.ts";
import { VARIABLES } from "./vocabulary.ts";

const ARITHMETIC = ["_+_", "_-_", "_*_", "_/_", "_%_"];
const SAFE = 2n ** 53n;
const SHORT_LIST = 128;

/** Adds warnings for a predicate that compiles. */
export function lint(root: Node, known: Known, cost: Cost, problems: Problems): void {
  const value = known.constants.get(root);
  if (value?.tag === Tag.Bool) problems.warn(root.span, `this is always ${value.value}`);
  const guarded = guards(root, known.text);
  walk(root, (node) => {
    if (node.kind === "call") lintCall(node, known, guarded, problems);
    if (node.kind === "select" && node.mode === "has") lintPresence(node, known.text, guarded, problems);
  });
  const longest = longestLists(cost);
  if (longest < SHORT_LIST) {
    problems.warn(
      root.span,
      `lists of more than ${longest} elements exhaust the step budget`,
      "use fewer nested macros",
    );
  }
}

/** The texts of all paths that has() tests or that are read with `.?`. */
function guards(root: Node, text: string): Set<string> {
  const guarded = new Set<string>();
  walk(root, (node) => {
    if (node.kind !== "select" || node.mode === "get") return;
    guarded.add(`${textOf(node.operand, text)}.${node.field}`);
  });
  return guarded;
}

function textOf(node: Node, text: string): string {
  return text.slice(node.span.start, node.span.end);
}

function lintCall(node: Call, known: Known, guarded: Set<string>, problems: Problems): void {
  const [left, right] = node.args;
  if (!left || !right || node.target) return;
  if (ARITHMETIC.includes(node.fn)) lintArithmetic(node, left, right, known, problems);
  for (const [side, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const value = known.constants.get(other);
    if (value?.tag === Tag.Null) lintNull(side, known.text, guarded, problems);
    if (value?.tag === Tag.Int && (value.value > SAFE || value.value < -SAFE) && dynamic(side, known)) {
      problems.warn(
        other.span,
        "JSON numbers are doubles: beyond 2^53 this also equals nearby integers",
        "compare strings",
      );
    }
  }
}

function dynamic(node: Node, known: Known): boolean {
  return known.checked.typeOf(node).kind === "dyn";
}

/** A JSON number is a double, and there is no double + int. */
function lintArithmetic(node: Call, left: Node, right: Node, known: Known, problems: Problems): void {
  const [whole, other] = known.constants.get(left) ? [left, right] : [right, left];
  const tag = known.constants.get(whole)?.tag;
  if ((tag !== Tag.Int && tag !== Tag.Uint) || !dynamic(other, known)) return;
  const shown = textOf(other, known.text);
  const sign = node.fn.slice(1, -1);
  const double = sign === "%" ? "" : `write ${textOf(whole, known.text).replace(/u$/i, "")}.0, or `;
  problems.warn(
    node.span,
    `always an error when ${shown} is a JSON number: JSON numbers are doubles`,
    `${double}write int(${shown})`,
  );
}

/** `x == null` is an error if x is missing. */
function lintNull(node: Node, text: string, guarded: Set<string>, problems: Problems): void {
  if (node.kind !== "select" || node.mode !== "get" || guarded.has(textOf(node, text))) return;
  const shown = textOf(node, text);
  problems.warn(node.span, `an error, not null, when ${shown} is missing`, `write !has(${shown}) || ${shown} == null`);
}

/** has() covers only the last step. */
function lintPresence(node: Select, text: string, guarded: Set<string>, problems: Problems): void {
  const { operand } = node;
  const before = textOf(operand, text);
  if (operand.kind !== "select" || operand.mode !== "get" || guarded.has(before) || !isArgument(operand)) return;
  problems.warn(
    node.span,
    `an error when ${before} is missing: has() covers only the last step`,
    `write has(${before}) && …`,
  );
}

/** Whether the path starts at the arguments or the claims: other members are always present. */
function isArgument(node: Select): boolean {
  const names: string[] = [];
  let at: Node = node;
  for (; at.kind === "select"; at = at.operand) names.unshift(at.field);
  if (at.kind !== "ident" || !VARIABLES.includes(at.name)) return false;
  const path = `${[at.name, ...names].join(".")}.`;
  return /^(args|meta|jwt\.claims|request\.auth\.jwt\.claims|request\.mcp\.params\.(arguments|_meta))\../.test(path);
}
