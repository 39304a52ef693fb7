// The other two views, and the list of problems below the editor.
import type { Problem } from "../compiler/index.ts";
import { fixesOf, type Fix } from "../editor/fixes.ts";
import { byId, fill, h, icon, ICONS } from "./dom.ts";
import type { ListedItem } from "./lists.ts";
import type { TestReport } from "./session.ts";

const OUTCOMES = {
  callable: "callable: some arguments are allowed with this token",
  obtainable: "obtainable: with more scopes",
  never: "never: no scope opens it",
};

/** A list of tools with the three outcomes. */
export function showList(items: readonly ListedItem[], note: string, grant: (scopes: string[]) => void): void {
  const count = (outcome: ListedItem["outcome"]): number => items.filter((item) => item.outcome === outcome).length;
  const counts = (["callable", "obtainable", "never"] as const).map((outcome) =>
    h(
      "span",
      { class: `count ${outcome}`, title: OUTCOMES[outcome] },
      h("strong", {}, String(count(outcome))),
      ` ${outcome}`,
    ),
  );
  fill(byId("list-summary"), ...(items.length > 0 ? counts : []), note !== "" && h("span", { class: "quiet" }, note));
  fill(byId("list-rows"), ...items.map((item) => listRow(item, grant)));
  byId("list-table").hidden = items.length === 0;
}

function listRow({ name, outcome, scopes, rule }: ListedItem, grant: (scopes: string[]) => void): HTMLElement {
  const button = h(
    "button",
    { type: "button", class: "grant", "data-key": `grant ${name}`, onclick: () => grant(scopes) },
    "Grant",
  );
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("code", {}, name)),
    h("td", {}, h("span", { class: `outcome-chip ${outcome}` }, outcome)),
    h("td", {}, rule === null ? h("span", { class: "quiet" }, "none") : h("code", {}, rule)),
    h("td", { class: "scopes-cell" }, ...scopes.map((scope) => h("code", {}, scope)), scopes.length > 0 && button),
  );
}

/** The policy tests, run. */
export function showTests({ tests, missing, reached, goals, error }: TestReport): void {
  const failed = tests.filter(({ differences }) => differences.length > 0).length;
  const all = tests.length;
  const percent = goals === 0 ? 100 : Math.floor((100 * reached) / goals);
  fill(
    byId("tests-summary"),
    error !== undefined && h("p", { class: "fault" }, error),
    error === undefined &&
      all === 0 &&
      h("p", { class: "quiet" }, "No tests yet: “Add as a test” keeps the call and its decision in policy.test.yaml."),
    all > 0 &&
      h(
        "p",
        { class: `total ${failed > 0 ? "bad" : "good"}` },
        h("strong", {}, failed > 0 ? `${failed} of ${all} failed` : `${all} passed`),
        h("span", { class: "meter", role: "img", "aria-label": `coverage ${percent} %`, style: `--part:${percent}%` }),
        ` coverage ${percent} %`,
      ),
  );
  fill(byId("tests-list"), ...tests.map((test) => testItem(test)));
  byId("missing-section").hidden = missing.length === 0;
  fill(byId("missing"), ...missing.map((what) => h("li", {}, what)));
  const badge = byId("tests-badge");
  badge.textContent = all === 0 ? "" : failed > 0 ? `${failed}` : `${all}`;
  badge.className = `tab-badge ${failed > 0 ? "bad" : "good"}`;
}

function testItem({ name, differences }: TestReport["tests"][number]): HTMLElement {
  const passed = differences.length === 0;
  return h(
    "li",
    { class: passed ? "test yes" : "test no" },
    icon(passed ? ICONS.yes : ICONS.no),
    h(
      "div",
      {},
      h("span", {}, name),
      h("span", { class: "hidden" }, passed ? ": passed" : ": failed"),
      ...differences.map((line) => h("p", { class: "difference" }, line)),
    ),
  );
}

/** The messages about a file, each a way to its place. */
export function showProblems(
  problems: readonly Problem[],
  goTo: (problem: Problem) => void,
  fix: (problem: Problem, fix: Fix) => void,
): void {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const said = [errors > 0 && plural(errors, "error"), warnings > 0 && plural(warnings, "warning")].filter(
    (part) => part !== false,
  );
  const summary = byId("problem-summary");
  summary.className = errors > 0 ? "bad" : warnings > 0 ? "warn" : "good";
  fill(summary, icon(errors > 0 ? ICONS.no : warnings > 0 ? ICONS.warn : ICONS.yes), said.join(", ") || "No problems");
  fill(byId("problems"), ...problems.slice(0, 50).map((problem) => problemItem(problem, goTo, fix)));
}

function problemItem(
  problem: Problem,
  goTo: (problem: Problem) => void,
  fix: (problem: Problem, fix: Fix) => void,
): HTMLElement {
  const { severity, line, column, message, hint, file } = problem;
  const place = line > 0 ? `${line}:${column}` : "";
  const key = `problem ${file} ${place} ${message}`;
  const fixes = fixesOf(problem).map((found) =>
    h(
      "button",
      { type: "button", class: "fix", "data-key": `${key} fix`, onclick: () => fix(problem, found) },
      found.title,
    ),
  );
  return h(
    "li",
    { class: severity },
    h(
      "button",
      { type: "button", class: "to-place", "data-key": key, onclick: () => goTo(problem) },
      h("span", { class: "place" }, place),
      h(
        "span",
        {},
        h("span", { class: "hidden" }, `${severity}: `),
        message,
        hint !== undefined && h("span", { class: "hint" }, ` ${hint}`),
      ),
    ),
    ...fixes,
  );
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
