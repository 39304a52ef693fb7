// Which file imports which, and which room that is: read with the TypeScript compiler's parser, so that comments and
// strings do not count. It parses AssemblyScript too.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path/posix";
import ts from "typescript";

/** One import or re-export of a file. Paths are relative to the repository. */
export interface Import {
  from: string;
  /** A file of the repository, with its ending; or the name of a package. */
  to: string;
  /** Whether only types are imported: such an import is gone when the program runs. */
  typeOnly: boolean;
}

/** The source files of a folder and its subfolders, without declarations. */
export function sourcesOf(folder: string): string[] {
  const files = (readdirSync(folder, { recursive: true }) as string[]).map((file) => join(folder, file));
  return files.filter((file) => /\.m?ts$|\.mjs$/.test(file) && !file.endsWith(".d.ts")).sort();
}

/** All imports of the source files of a folder. */
export function importsOf(folder: string): Import[] {
  return sourcesOf(folder).flatMap((file) => parseImports(file, readFileSync(file, "utf8")));
}

/** The imports in the text of one file. */
export function parseImports(file: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier && ts.isStringLiteral(specifier))
      found.push({ from: file, to: resolve(file, specifier.text), typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}

function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  if (!importClause) return false;
  const { isTypeOnly: whole, name, namedBindings } = importClause;
  if (whole) return true;
  if (name || !namedBindings || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly);
}

function resolve(file: string, specifier: string): string {
  return specifier.startsWith(".") ? join(file, "..", specifier) : specifier;
}

/** The first circle among the imports, as the files or rooms on it; undefined if there is none. */
export function circleOf(edges: readonly (readonly [from: string, to: string])[]): string[] | undefined {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const path: string[] = [];
  const search = (node: string): string[] | undefined => {
    const start = path.indexOf(node);
    if (start >= 0) return [...path.slice(start), node];
    if (done.has(node)) return undefined;
    path.push(node);
    for (const neighbour of next.get(node) ?? []) {
      const circle = search(neighbour);
      if (circle) return circle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of next.keys()) {
    const circle = search(node);
    if (circle) return circle;
  }
  return undefined;
}
