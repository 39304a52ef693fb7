// A transform of asc: in assembly/, a string literal is static ASCII bytes and the type `string` their address.
//
// AssemblyScript itself keeps a string as a UTF-16 object, two bytes a character and twenty in front, that has to be
// narrowed wherever it meets the bytes of a request. The filter's strings are constants of the wire, all ASCII. So each
// distinct one is put once into a pool, with a byte for its length in front, and stands for `changetype<Ascii>(address)`.
// assembly/text/ascii.ts has what can be done with them; `length` and `charCodeAt` are as ever.
import { Node, NodeKind } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

const [STRING_LITERAL, MAX_LENGTH] = [2, 255];

const ASCII = `
@global @unmanaged class Ascii {
  get length(): i32 { return load<u8>(changetype<usize>(this)); }
  charCodeAt(index: i32): i32 { return load<u8>(changetype<usize>(this) + <usize>index, 1); }
}`;

export default class AsciiStrings extends Transform {
  afterParse(parser) {
    const offsets = new Map();
    const pool = [];
    const place = (text) => {
      if (!offsets.has(text)) {
        const bytes = [...Buffer.from(text)];
        if (bytes.some((byte) => byte > 0x7f)) throw new Error(`not ASCII: ${text}`);
        if (bytes.length > MAX_LENGTH) throw new Error(`longer than ${MAX_LENGTH} bytes: ${text}`);
        offsets.set(text, pool.length);
        pool.push(bytes.length, ...bytes);
      }
      return offsets.get(text);
    };
    for (const source of parser.sources) {
      if (/^(\.\.\/)*assembly\//.test(source.normalizedPath)) rewrite(source.statements, place);
    }
    const constants = [...offsets.values()].map(
      (offset) => `@global @lazy const ${nameOf(offset)} = changetype<Ascii>(ASCII_POOL + ${offset});`,
    );
    parser.parseFile(
      [ASCII, `@global const ASCII_POOL = memory.data<u8>([${pool}]);`, ...constants].join("\n"),
      "assembly/~ascii.ts",
      true,
    );
    parser.sources.unshift(parser.sources.pop()); // compiled first: low addresses are short in code
  }
}

function nameOf(offset) {
  return `ASCII_${offset}`;
}

/** Replaces the literals and the types below a node of the syntax tree, or a list of them. */
function rewrite(parent, place) {
  for (const [key, child] of Object.entries(parent)) {
    if (Array.isArray(child)) rewrite(child, place);
    else if (!child?.range || child.kind === NodeKind.Import || child.kind === NodeKind.Export) continue;
    else if (child.kind === NodeKind.Call && child.expression.text === "offsetof")
      continue; // the name of a field
    else if (child.kind === NodeKind.Literal && child.literalKind === STRING_LITERAL)
      parent[key] = Node.createIdentifierExpression(nameOf(place(child.value)), child.range);
    else if (child.kind === NodeKind.NamedType && child.name.identifier.text === "string")
      child.name.identifier.text = "Ascii";
    else rewrite(child, place);
  }
}
