// A transform of asc: static memory of a kilobyte and more lies behind everything else. asc places it file by file, and
// an address takes one byte less in the code as long as it is below 8,192. So such a block, and a variable that begins
// with its address, are made `@lazy`: then asc places them when it meets their first use, after all others.
import { Node, NodeKind } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

const LARGE = 1024; // bytes

export default class LargeLast extends Transform {
  afterParse(parser) {
    for (const source of parser.sources) {
      if (!/^(\.\.\/)*assembly\//.test(source.normalizedPath)) continue;
      const large = new Set();
      for (const { kind, declarations } of source.statements) {
        if (kind !== NodeKind.Variable) continue;
        for (const variable of declarations) {
          const value = variable.initializer;
          if (sizeOf(value) < LARGE && !large.has(value?.text)) continue;
          large.add(variable.name.text);
          (variable.decorators ??= []).push(lazyAt(variable.range));
        }
      }
    }
  }
}

/** The bytes that `memory.data(size)` asks for; 0 for anything else, and for sizes that are no product of numbers. */
function sizeOf(value) {
  if (value?.kind !== NodeKind.Call || value.typeArguments?.length) return 0;
  const { expression, args } = value;
  const isData = expression.property?.text === "data" && expression.expression.text === "memory";
  return isData ? productOf(args[0]) : 0;
}

function productOf(node) {
  if (node.kind === NodeKind.Binary) return productOf(node.left) * productOf(node.right);
  return node.kind === NodeKind.Literal ? Number(node.value?.low ?? 0) : 0;
}

function lazyAt(range) {
  return Node.createDecorator(Node.createIdentifierExpression("lazy", range), null, range);
}
