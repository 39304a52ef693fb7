// The page: the state, and what happens when a part of it changes. compile → decide → show, at each keystroke.
import type { Problem } from "../compiler/index.ts";
import { lineStarts, spanOf } from "../editor/analysis.ts";
import type { Fix } from "../editor/fixes.ts";
import { nodeAt } from "../editor/spot.ts";
import { showAnswer, showRules, type AnswerActions } from "./answer-view.ts";
import { CallView } from "./call-view.ts";
import { byId, h } from "./dom.ts";
import { FileEditor } from "./editor.ts";
import { EXAMPLES, FIRST_EXAMPLE } from "./examples.ts";
import { listedNames } from "./list-text.ts";
import { FILE_NAMES, Session, type Decided } from "./session.ts";
import { showList, showProblems, showTests } from "./side-views.ts";
import { decodeState, encodeState, type FileName, type State, type View } from "./state.ts";
import { connectTabs, connectTheme, toast } from "./chrome.ts";
import { testOf } from "./test-text.ts";

const session = new Session();
let state: State;
let editors: Record<FileName, FileEditor>;
let callView: CallView;
let selectTab: { file(name: FileName): void; view(name: View): void };
let openFile: FileName = "policy";

/** Changes the state and everything that follows from it. */
function update(part: Partial<State>): void {
  state = { ...state, ...part };
  byId<HTMLSelectElement>("example").value = "";
  render();
}

const later = { rules: 0, slow: 0 };

function render(): void {
  const analysis = session.analyse(state, "policy");
  for (const name of ["policy", "tests"] as const) editors[name].showProblems();
  showProblems(problemsOf(openFile), goTo, fixProblem);
  callView.show(state.call, analysis);
  const decided = session.decide(state);
  renderAnswer(decided);
  // What takes longer than a keystroke should comes when the typing pauses.
  window.clearTimeout(later.rules);
  window.clearTimeout(later.slow);
  later.rules = window.setTimeout(() => explainRules(decided), 60);
  later.slow = window.setTimeout(renderSlow, 120);
}

function problemsOf(name: FileName): Problem[] {
  return name === "lock" ? [] : session.analyse(state, name).problems;
}

let answered: Decided | undefined;

function renderAnswer(decided: ReturnType<Session["decide"]>): void {
  const { policy } = session.compile(state).compilation;
  const fresh = decided !== undefined && "result" in decided;
  byId("stale").hidden = decided !== undefined;
  byId("panel-call").classList.toggle("is-stale", decided === undefined);
  if (fresh && policy) {
    answered = decided;
    showAnswer(decided.result, policy, actions);
  } else if (decided && "error" in decided) {
    byId("stale").hidden = false;
    byId("stale").textContent = decided.error;
  }
  if (decided === undefined) byId("stale").textContent = STALE;
}

const STALE = "The policy has errors: this is the answer of the last one that compiled.";

function explainRules(decided: ReturnType<Session["decide"]>): void {
  const { policy } = session.compile(state).compilation;
  if (!decided || !("result" in decided) || !policy) return;
  showRules(decided.result, policy, session.explain(state, decided), actions);
}

function renderSlow(): void {
  const analysis = session.analyse(state, "policy");
  const { names, note } = listedNames(state.list, analysis);
  const listed = session.list(state, names);
  showList(
    listed ?? [],
    listed || note ? note : "This list is not filtered: there is no token, or the policy says off.",
    grant,
  );
  showTests(session.test(state));
  void encodeState(state).then((fragment) => history.replaceState(null, "", `#${fragment}`));
}

function grant(scopes: string[]): void {
  const { call } = state;
  update({ call: { ...call, token: true, scopes: [...new Set([...call.scopes, ...scopes])] } });
}

const actions: AnswerActions = {
  grant,
  addTest() {
    if (!answered) return;
    const { policy } = session.compile(state).compilation;
    const tests = testOf(state, answered.result, policy);
    update({ files: { ...state.files, tests } });
    editors.tests.setText(tests);
    toast("Added to policy.test.yaml");
  },
  copyLine() {
    if (answered) void copy(JSON.stringify(answered.request), "Copied: a line for scopegate eval policy.yaml");
  },
  goToRule(name) {
    const { policy } = session.compile(state).compilation;
    const index = policy?.rules.findIndex((rule) => rule.name === name) ?? -1;
    const paths = [
      ["rules", index],
      ["spec", "securityPolicy", "authorization", "rules", index],
    ];
    const node = paths.map((path) => nodeAt(state.files.policy, path)?.value).find((value) => value !== undefined);
    selectTab.file("policy");
    if (node?.range) editors.policy.goTo(node.range[0]);
  },
};

function fixProblem(problem: Problem, fix: Fix): void {
  editors[openFile].fix(problem, fix);
}

function goTo(problem: Problem): void {
  const text = state.files[openFile];
  const span = spanOf(problem, lineStarts(text), text);
  if (span) editors[openFile].goTo(span.start);
}

async function copy(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    // Pages from files have no clipboard in some browsers.
    window.prompt("Copy this", text);
  }
}

/** Shows a whole other state. */
function open(next: State): void {
  state = next;
  for (const name of Object.keys(editors) as FileName[]) editors[name].setText(next.files[name]);
  byId<HTMLTextAreaElement>("list").value = next.list;
  selectTab.file("policy");
  selectTab.view(next.view);
  state = next;
  render();
}

function connect(): void {
  const changed = (name: FileName) => (text: string) => {
    if (state.files[name] !== text) update({ files: { ...state.files, [name]: text } });
  };
  const editor = (name: FileName) => new FileEditor(byId(`editor-${name}`), name, session, () => state, changed(name));
  editors = { policy: editor("policy"), lock: editor("lock"), tests: editor("tests") };
  callView = new CallView(state.call, (call) => update({ call }));
  selectTab = {
    file: connectTabs("file", ["policy", "lock", "tests"], "editor", (name) => {
      openFile = name;
      editors[name].view.requestMeasure();
      showProblems(problemsOf(name), goTo, fixProblem);
    }),
    view: connectTabs("view", ["call", "list", "tests"], "panel", (view) => {
      state = { ...state, view };
      byId("token-card").hidden = view === "tests";
    }),
  };
  byId("list").addEventListener("input", ({ target }) => update({ list: (target as HTMLTextAreaElement).value }));
  byId("share").addEventListener("click", () => {
    void encodeState(state).then((fragment) => {
      history.replaceState(null, "", `#${fragment}`);
      return copy(location.href, "Link copied: it holds all of this page");
    });
  });
  const examples = byId<HTMLSelectElement>("example");
  examples.append(h("option", { value: "", disabled: true }, "Your own"));
  for (const [name, { title }] of Object.entries(EXAMPLES)) examples.append(h("option", { value: name }, title));
  examples.addEventListener("change", () => showExample(examples.value));
  window.addEventListener("hashchange", () => void fromLink(location.hash));
  connectTheme();
}

function showExample(name: string): void {
  open(EXAMPLES[name]!.state);
  byId<HTMLSelectElement>("example").value = name;
}

/** Follows a link that was pasted while the page is open. */
async function fromLink(fragment: string): Promise<void> {
  const name = /^#example=(\w+)$/.exec(fragment)?.[1];
  if (name !== undefined && Object.hasOwn(EXAMPLES, name)) return showExample(name);
  const linked = await decodeState(fragment);
  if (linked) open(linked);
}

function start(): void {
  state = EXAMPLES[FIRST_EXAMPLE]!.state;
  connect();
  const { hash } = location;
  showExample(FIRST_EXAMPLE);
  if (hash.length > 1) void fromLink(hash);
  // For tests: what the page shows, as data.
  Object.assign(window, { playground: { state: () => state, answer: () => answered, names: FILE_NAMES } });
}

start();
