// The editors of the page: CodeMirror 6 with the messages, completion and hover of scripts/editor/.
import { autocompletion, completionKeymap, type Completion as CmCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { lineStarts, spanOf, type Analysis } from "../editor/analysis.ts";
import { complete, type Completion } from "../editor/complete.ts";
import { editOf, fixesOf, type Fix } from "../editor/fixes.ts";
import type { Problem } from "../compiler/index.ts";
import { hover } from "../editor/hover.ts";
import { FILE_NAMES, type Session } from "./session.ts";
import type { FileName, State } from "./state.ts";
import { markdown } from "./markdown.ts";

const highlighting = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--code-sign)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: "transparent", color: "var(--ink)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--line-active)" },
  "&.cm-focused": { outline: "none" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--card)",
    color: "var(--ink)",
    border: "1px solid var(--edge)",
    borderRadius: "8px",
    boxShadow: "var(--shadow)",
    overflow: "hidden",
  },
  ".cm-tooltip-autocomplete ul li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { color: "inherit", opacity: "0.75", fontStyle: "normal" },
  ".cm-diagnostic": { padding: "6px 10px" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--on-accent)", borderRadius: "5px" },
  ".cm-foldGutter span": { color: "var(--faint)" },
});

const common = (label: string): Extension => [
  lineNumbers(),
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  syntaxHighlighting(highlighting),
  look,
  EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
  keymap.of([...defaultKeymap, ...historyKeymap, ...completionKeymap, ...foldKeymap, ...lintKeymap]),
];

const CM_TYPES: Record<Completion["kind"], string> = {
  member: "property",
  word: "enum",
  scope: "constant",
  tool: "method",
  argument: "property",
  function: "function",
  variable: "variable",
};

/** One file of the page in an editor. */
export class FileEditor {
  readonly view: EditorView;

  constructor(
    parent: HTMLElement,
    private readonly name: FileName,
    private readonly session: Session,
    private readonly state: () => State,
    changed: (text: string) => void,
  ) {
    const extensions = [
      common(FILE_NAMES[name]),
      foldGutter(),
      yaml(),
      lintGutter(),
      EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
      ...(name === "lock" ? [] : this.assistance()),
    ];
    this.view = new EditorView({ parent, state: EditorState.create({ doc: state().files[name], extensions }) });
  }

  private analysis(): Analysis {
    return this.session.analyse(this.state(), this.name);
  }

  private assistance(): Extension[] {
    const source = ({ state, pos, explicit }: { state: EditorState; pos: number; explicit: boolean }) => {
      const found = complete(state.doc.toString(), pos, this.analysis());
      const [first] = found;
      if (!first || (!explicit && first.from === first.to && !/(?:[.["']|: )$/.test(state.sliceDoc(0, pos))))
        return null;
      const options = found.map(({ label, insert, kind, detail }): CmCompletion => ({
        label,
        apply: insert,
        boost: kind === "function" ? -10 : 0,
        type: CM_TYPES[kind],
        ...(detail !== undefined && { detail: detail.length > 60 ? `${detail.slice(0, 59)}…` : detail }),
      }));
      return { from: first.from, options };
    };
    const tip = hoverTooltip((view, pos) => {
      const found = hover(view.state.doc.toString(), pos, this.analysis());
      if (!found) return null;
      const create = () => ({ dom: markdown(found.markdown) });
      return { pos: found.start, end: found.end, above: true, create };
    });
    return [autocompletion({ override: [source], icons: false }), tip];
  }

  /** Shows the problems at their places. */
  showProblems(): void {
    const text = this.view.state.doc.toString();
    const starts = lineStarts(text);
    const diagnostics = this.analysis().problems.flatMap((problem): Diagnostic[] => {
      const span = problem.file === FILE_NAMES[this.name] ? spanOf(problem, starts, text) : undefined;
      if (!span) return [];
      const actions = fixesOf(problem).map((fix) => ({
        name: fix.title,
        apply: (view: EditorView) => view.dispatch({ changes: editOf(fix, text, span) }),
      }));
      const message = problem.message + (problem.hint ? `\n${problem.hint}` : "");
      const severity = problem.severity === "note" ? "info" : problem.severity;
      return [{ from: span.start, to: span.end, severity, message, actions }];
    });
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  /** Makes the change that a hint names. */
  fix(problem: Problem, fix: Fix): void {
    const text = this.view.state.doc.toString();
    const span = spanOf(problem, lineStarts(text), text);
    if (span) this.view.dispatch({ changes: editOf(fix, text, span) });
  }

  /** Replaces the text, from outside. */
  setText(text: string): void {
    const { doc } = this.view.state;
    if (doc.toString() !== text) this.view.dispatch({ changes: { from: 0, to: doc.length, insert: text } });
  }

  goTo(offset: number): void {
    this.view.dispatch({ selection: { anchor: offset }, effects: EditorView.scrollIntoView(offset, { y: "center" }) });
    this.view.focus();
  }
}

/** A small editor for JSON. */
export function jsonEditor(
  parent: HTMLElement,
  label: string,
  text: string,
  changed: (text: string) => void,
): EditorView {
  const extensions = [
    common(label),
    json(),
    EditorView.lineWrapping,
    EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
  ];
  return new EditorView({ parent, state: EditorState.create({ doc: text, extensions }) });
}

export function setText(view: EditorView, text: string): void {
  const { doc } = view.state;
  if (doc.toString() !== text) view.dispatch({ changes: { from: 0, to: doc.length, insert: text } });
}
