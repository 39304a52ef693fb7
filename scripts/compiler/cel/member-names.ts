// Names of members that a `when` reads in what the caller sends. A lenient server may take another spelling of a key for
// the same one; the filter refuses such twins, but knows them only for ASCII letters, so other letters are refused here.
import { Tag } from "../../../assembly/program.ts";
import { walk, type Node } from "./ast.ts";
import type { Problems } from "./problems.ts";

/** Reports names with letters beyond ASCII that have another case; with `anyNames`, as in ai-gateway, only warns of them. */
export function refuseFoldingNames(root: Node, problems: Problems, anyNames: boolean): void {
  walk(root, (node) => {
    const [owner, name] = memberOf(node) ?? [];
    if (!owner || name === undefined || !folds(name) || isSafe(owner)) return;
    const message = `"${name}" has letters whose other case the filter does not compare`;
    const hint = "a server that ignores case could read another member; name it in ASCII";
    if (anyNames) problems.warn(node.span, message, hint);
    else problems.error(node.span, message, hint);
  });
}

function memberOf(node: Node): [Node, string] | undefined {
  if (node.kind === "select") return [node.operand, node.field];
  if (node.kind !== "call") return undefined;
  const [operand, index] = node.args;
  if (!["_[_]", "_[?_]"].includes(node.fn) || !operand || index?.kind !== "literal") return undefined;
  return index.value.tag === Tag.String ? [operand, index.value.value] : undefined;
}

function folds(name: string): boolean {
  return [...name].some((char) => char > "\u007f" && (char.toLowerCase() !== char || char.toUpperCase() !== char));
}

/** Claims are the issuer's, data is the policy's, and names of headers are lower case. */
function isSafe(node: Node): boolean {
  let at = node;
  const names: string[] = [];
  while (at.kind === "select" || (at.kind === "call" && memberOf(at))) {
    const [owner, name] = memberOf(at)!;
    names.unshift(name);
    at = owner;
  }
  if (at.kind !== "ident") return false;
  return (
    at.name === "jwt" ||
    at.name === "data" ||
    (at.name === "request" && ["auth", "headers", "headers_all"].includes(names[0] ?? ""))
  );
}
