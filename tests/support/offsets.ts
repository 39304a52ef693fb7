// Loads and stores whose offset is a bare number: `load<u32>(record, 8)`, `store<u32>(record, x, 4)`, `load<u8>(at + 1)`.
import ts from "typescript";

/** Bare offsets in the text of one AssemblyScript file, as `line: expression`. An offset of 0 is no offset. */
export function bareOffsets(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && hasBareOffset(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${line + 1}: ${node.getText()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `load` and `store`, and those of v128 (`v128.load8_splat`, …): the offset comes after the address, or after the value. */
function hasBareOffset({ expression, arguments: [address, ...rest] }: ts.CallExpression): boolean {
  const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
  const access = /^(load|store)(\d.*|_.*)?$/.exec(name)?.[1];
  if (access === undefined || address === undefined) return false;
  const offset = rest[access === "store" ? 1 : 0];
  return isNumber(offset) || addsNumber(address);
}

function isNumber(node: ts.Expression | undefined): boolean {
  return node !== undefined && ts.isNumericLiteral(node) && node.text !== "0";
}

function addsNumber(address: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(address)) return addsNumber(address.expression);
  if (!ts.isBinaryExpression(address) || address.operatorToken.kind !== ts.SyntaxKind.PlusToken) return false;
  return isNumber(address.left) || isNumber(address.right) || addsNumber(address.left);
}
