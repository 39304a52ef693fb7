// The language server: what scripts/editor/ knows, in the words of the Language Server Protocol. Loaded only by `scopegate lsp`.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  CompletionItemKind,
  createConnection,
  DiagnosticSeverity,
  MarkupKind,
  ProposedFeatures,
  TextDocuments,
  TextDocumentSyncKind,
  type CodeAction,
  type CompletionItem,
  type Connection,
  type Diagnostic,
  type InitializeResult,
  type Range,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { analyse, lineStarts, spanOf, type Analysis } from "../editor/analysis.ts";
import { complete, type Completion } from "../editor/complete.ts";
import { define } from "../editor/define.ts";
import { editOf, fixesOf, type Fix } from "../editor/fixes.ts";
import { hover } from "../editor/hover.ts";
import pkg from "../../package.json" with { type: "json" };

const CAPABILITIES: InitializeResult = {
  capabilities: {
    textDocumentSync: TextDocumentSyncKind.Incremental,
    completionProvider: { triggerCharacters: [".", ":", " ", '"', "'", "["] },
    hoverProvider: true,
    definitionProvider: true,
    codeActionProvider: { codeActionKinds: ["quickfix"] },
  },
  serverInfo: { name: "scopegate", version: pkg.version },
};

/** Serves on standard input and output until the client says exit; resolves then. */
export function serve(): Promise<void> {
  const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
  const server = new Server(connection);
  return new Promise((done) => {
    connection.onExit(done);
    server.listen();
  });
}

class Server {
  private readonly documents = new TextDocuments(TextDocument);
  private readonly analyses = new Map<string, { version: number; analysis: Analysis }>();

  constructor(private readonly connection: Connection) {}

  listen(): void {
    const { connection, documents } = this;
    connection.onInitialize(() => CAPABILITIES);
    documents.onDidChangeContent(({ document }) => this.publish(document));
    documents.onDidClose(({ document }) => {
      this.analyses.delete(document.uri);
      void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
    });
    // A lock or a policy that was saved changes what is known of the files beside it.
    documents.onDidSave(() => this.refresh());
    connection.onDidChangeWatchedFiles(() => this.refresh());
    connection.onCompletion(({ textDocument, position }) =>
      this.at(textDocument.uri, position, (text, offset, analysis, document) =>
        complete(text, offset, analysis).map((item) => itemOf(item, document)),
      ),
    );
    connection.onHover(({ textDocument, position }) =>
      this.at(textDocument.uri, position, (text, offset, analysis, document) => {
        const found = hover(text, offset, analysis);
        return (
          found && { contents: { kind: MarkupKind.Markdown, value: found.markdown }, range: rangeOf(document, found) }
        );
      }),
    );
    connection.onDefinition(({ textDocument, position }) =>
      this.at(textDocument.uri, position, (text, offset, analysis, document) =>
        this.definition(text, offset, analysis, document),
      ),
    );
    connection.onCodeAction(({ textDocument, context }) => {
      const document = documents.get(textDocument.uri);
      return document ? context.diagnostics.flatMap((diagnostic) => actionsOf(diagnostic, document)) : [];
    });
    documents.listen(connection);
    connection.listen();
  }

  private refresh(): void {
    for (const document of this.documents.all()) {
      this.analyses.delete(document.uri);
      this.publish(document);
    }
  }

  private at<T>(
    uri: string,
    position: { line: number; character: number },
    answer: (text: string, offset: number, analysis: Analysis, document: TextDocument) => T | undefined,
  ): T | null {
    const document = this.documents.get(uri);
    if (!document || !isOurs(document)) return null;
    return answer(document.getText(), document.offsetAt(position), this.analysisOf(document), document) ?? null;
  }

  private analysisOf(document: TextDocument): Analysis {
    const known = this.analyses.get(document.uri);
    if (known?.version === document.version) return known.analysis;
    const analysis = analyse(
      document.getText(),
      fileName(document.uri),
      this.readerBeside(document.uri),
      known?.analysis,
    );
    this.analyses.set(document.uri, { version: document.version, analysis });
    return analysis;
  }

  /** Files beside a document, as the editor has them open, else as they are on disk. */
  private readerBeside(uri: string): (path: string) => string | undefined {
    return (path) => {
      const target = besides(uri, path);
      const open = target && this.documents.get(target);
      if (open) return open.getText();
      const file = target && fileURLToPath(target);
      return file && existsSync(file) && statSync(file).isFile() ? readFileSync(file, "utf8") : undefined;
    };
  }

  private publish(document: TextDocument): void {
    const diagnostics = isOurs(document) ? diagnosticsOf(document, this.analysisOf(document)) : [];
    void this.connection.sendDiagnostics({ uri: document.uri, version: document.version, diagnostics });
  }

  private definition(text: string, offset: number, analysis: Analysis, document: TextDocument) {
    const read = this.readerBeside(document.uri);
    const found = define(text, offset, analysis, read);
    if (!found) return undefined;
    if (found.file === undefined) return { uri: document.uri, range: rangeOf(document, found) };
    const uri = besides(document.uri, found.file);
    const target = TextDocument.create(uri ?? "", "yaml", 0, read(found.file) ?? "");
    return uri ? { uri, range: rangeOf(target, found) } : undefined;
  }
}

/** Policies and tests among the YAML files that an editor opens. */
function isOurs(document: TextDocument): boolean {
  const text = document.getText();
  if (/^(?:scopegateLock:|kind:[ \t]*["']?Manifest)/m.test(text)) return false;
  return (
    /^apiVersion:[ \t]*["']?(?:scopegate\/|aigateway\.envoyproxy\.io\/[^\n]*\n(?:[^\n]*\n)*?kind:[ \t]*["']?MCPRoute)/m.test(
      text,
    ) ||
    /^kind:[ \t]*["']?MCPRoute/m.test(text) ||
    (/\.test\.ya?ml$/.test(document.uri) && /^(?:policy|tests):/m.test(text))
  );
}

function fileName(uri: string): string {
  return uri.startsWith("file:") ? decodeURIComponent(uri.slice(uri.lastIndexOf("/") + 1)) : uri;
}

function besides(uri: string, path: string): string | undefined {
  if (!uri.startsWith("file:")) return undefined;
  return pathToFileURL(resolve(dirname(fileURLToPath(uri)), path)).href;
}

function rangeOf(document: TextDocument, { start, end }: { start: number; end: number }): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

const SEVERITIES = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  note: DiagnosticSeverity.Information,
};

function diagnosticsOf(document: TextDocument, { problems }: Analysis): Diagnostic[] {
  const text = document.getText();
  const starts = lineStarts(text);
  const own = fileName(document.uri);
  return problems.map((problem) => {
    const foreign = problem.line > 0 && problem.file !== own;
    const span = (foreign ? undefined : spanOf(problem, starts, text)) ?? { start: 0, end: 0 };
    const place = foreign ? `${problem.file}:${problem.line}:${problem.column}: ` : "";
    return {
      range: rangeOf(document, span),
      severity: SEVERITIES[problem.severity],
      source: "scopegate",
      message: `${place}${problem.message}${problem.hint ? `\nhint: ${problem.hint}` : ""}`,
      data: fixesOf(problem),
    };
  });
}

/** A diagnostic comes back from the client with the fixes that it was sent with. */
function actionsOf(diagnostic: Diagnostic, document: TextDocument): CodeAction[] {
  const fixes = Array.isArray(diagnostic.data) ? (diagnostic.data as Fix[]) : [];
  const text = document.getText();
  const span = { start: document.offsetAt(diagnostic.range.start), end: document.offsetAt(diagnostic.range.end) };
  return fixes.map((fix) => {
    const { from, to, insert } = editOf(fix, text, span);
    const edit = { range: rangeOf(document, { start: from, end: to }), newText: insert };
    const changes = { [document.uri]: [edit] };
    return {
      title: fix.title,
      kind: "quickfix",
      diagnostics: [diagnostic],
      isPreferred: fixes.length === 1,
      edit: { changes },
    };
  });
}

const KINDS: Record<Completion["kind"], CompletionItemKind> = {
  member: CompletionItemKind.Property,
  word: CompletionItemKind.EnumMember,
  scope: CompletionItemKind.Value,
  tool: CompletionItemKind.Method,
  argument: CompletionItemKind.Field,
  function: CompletionItemKind.Function,
  variable: CompletionItemKind.Variable,
};

function itemOf({ label, insert, from, to, kind, detail }: Completion, document: TextDocument): CompletionItem {
  return {
    label,
    kind: KINDS[kind],
    ...(detail !== undefined && { detail }),
    filterText: label,
    textEdit: { range: rangeOf(document, { start: from, end: to }), newText: insert },
  };
}
