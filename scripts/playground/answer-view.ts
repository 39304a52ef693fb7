// The answer: the decision, the rules with their parts, the challenge, and what the client would get.
import { OUTCOME_TEXTS, type ExplainedRule } from "../explain/rules.ts";
import { MESSAGES } from "../compiler/program/reasons.ts";
import { Reason } from "../../assembly/program.ts";
import type { Policy } from "../compiler/index.ts";
import type { Part } from "../explain/parts.ts";
import type { Result, Step } from "../evaluate/result.ts";
import { byId, fill, h, icon, ICONS } from "./dom.ts";

export interface AnswerActions {
  grant(scopes: string[]): void;
  addTest(): void;
  copyLine(): void;
  goToRule(name: string): void;
}

const HEADLINES: Record<Result["decision"], string> = {
  allow: "Allowed",
  deny: "Denied",
  reject: "Rejected",
  unauthenticated: "Not authenticated",
  answer: "Answered",
};

/** Shows a decision; `previous` says that it is the one of before, since the policy does not compile now. */
export function showAnswer(result: Result, policy: Policy, actions: AnswerActions): void {
  const scopes = result.decision === "deny" ? result.requiredScopes : null;
  const tone = scopes ? "ask" : result.decision === "allow" || result.decision === "answer" ? "good" : "bad";
  const box = byId("decision");
  box.className = `decision ${tone}`;
  const pictures = { good: ICONS.yes, ask: ICONS.key, bad: ICONS.no };
  fill(
    box,
    h("div", { class: "badge" }, icon(pictures[tone])),
    h(
      "div",
      { class: "verdict" },
      h("p", { class: "headline", id: "headline" }, scopes ? "Needs more scopes" : HEADLINES[result.decision]),
      h("p", { class: "why" }, sentence(result)),
      h(
        "p",
        { class: "facts" },
        fact("reason", result.reason),
        result.rule !== null && fact("rule", result.rule),
        result.status !== undefined && fact("status", String(result.status)),
      ),
    ),
  );
  fill(
    byId("grant-box"),
    scopes &&
      h(
        "button",
        { type: "button", class: "primary", id: "grant", "data-key": "grant", onclick: () => actions.grant(scopes) },
        icon(ICONS.key),
        `Grant ${scopes.join(" ")} and try again`,
      ),
    h("button", { type: "button", "data-key": "add test", id: "add-test", onclick: actions.addTest }, "Add as a test"),
    h(
      "button",
      { type: "button", "data-key": "copy line", id: "copy-line", onclick: actions.copyLine },
      "Copy for eval",
    ),
  );
  showResponse(result);
  showRules(result, policy, undefined, actions);
}

function fact(name: string, value: string): HTMLElement {
  return h("span", { class: "fact" }, `${name} `, h("code", {}, value));
}

function sentence({ reason, requiredScopes, decision }: Result): string {
  const text = MESSAGES[Reason[reason as keyof typeof Reason] as keyof typeof MESSAGES] ?? "";
  return decision === "deny" && requiredScopes
    ? `A token with ${requiredScopes.join(" ")} would be let through.`
    : text;
}

/** Each rule with what became of it; `explained` comes a moment later, with the parts. */
export function showRules(
  result: Result,
  policy: Policy,
  explained: ExplainedRule[] | undefined,
  { goToRule }: Pick<AnswerActions, "goToRule">,
): void {
  const steps = explained ?? (result.trace ?? []).map((step): ExplainedRule => ({ ...step, whens: [] }));
  const tried = new Map(steps.map((step) => [step.rule, step]));
  const others = policy.rules.filter(({ name }) => !tried.has(name));
  const about = steps.filter(({ outcome }) => outcome !== "target");
  const elsewhere = [...steps.filter(({ outcome }) => outcome === "target").map(({ rule }) => rule)];
  const after = others.map(({ name }) => name);
  fill(
    byId("rules"),
    ...about.map((step) => ruleItem(step, result, goToRule)),
    elsewhere.length + after.length > 0 &&
      h(
        "li",
        { class: "rest" },
        elsewhere.length > 0 && h("p", {}, "About other calls: ", ...codes(elsewhere)),
        after.length > 0 &&
          h(
            "p",
            {},
            about.some(({ outcome }) => outcome === "matched") ? "Not looked at any more: " : "Not about this call: ",
            ...codes(after),
          ),
      ),
    steps.length + after.length === 0 && h("li", { class: "rest" }, "No rule was looked at."),
  );
}

function codes(names: readonly string[]): (Node | string)[] {
  const shown = names.slice(0, 12).flatMap((name, i) => [i > 0 ? ", " : "", h("code", {}, name)]);
  return names.length > 12 ? [...shown, ` and ${names.length - 12} more`] : shown;
}

const TONES: Record<Step["outcome"], string> = {
  matched: "yes",
  target: "skip",
  claims: "no",
  when_false: "no",
  when_error: "warn",
  scopes: "key",
  source: "no",
  met: "yes",
};

function ruleItem(
  { rule, outcome, whens }: ExplainedRule,
  { decision }: Result,
  goToRule: (name: string) => void,
): HTMLElement {
  const tone = outcome === "matched" && decision === "deny" ? "no" : TONES[outcome];
  return h(
    "li",
    { class: `rule ${tone}` },
    icon(ICONS[tone as keyof typeof ICONS]),
    h(
      "div",
      {},
      h("button", { type: "button", class: "link", "data-key": `rule ${rule}`, onclick: () => goToRule(rule) }, rule),
      h("span", { class: "outcome" }, ` ${OUTCOME_TEXTS[outcome]}`),
      ...whens.map((parts) => h("div", { class: "parts" }, ...parts.map(partLine))),
    ),
  );
}

function partLine({ text, truth, depth, values }: Part): HTMLElement {
  const read = values.map(([path, value]) =>
    h("span", { class: "value" }, h("code", {}, path), ` is `, h("code", {}, value)),
  );
  const shown = text.replace(/\s+/g, " ");
  return h(
    "div",
    { class: "part", style: `--depth:${depth}` },
    h("span", { class: `truth ${truth}` }, truth),
    h("code", { class: "expression" }, shown),
    ...read,
  );
}

function showResponse({ status, headers = {}, body, decision }: Result): void {
  const challenge = headers["www-authenticate"];
  byId("challenge-section").hidden = challenge === undefined;
  if (challenge !== undefined) fill(byId("challenge"), ...challengeLines(challenge));
  const title = decision === "allow" ? "What the server gets" : "What the client gets";
  byId("response-title").textContent = title;
  if (status === undefined) {
    fill(byId("response"), h("p", { class: "quiet" }, "The request, untouched: every byte as the client sent it."));
    return;
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  fill(byId("response"), h("pre", { tabindex: "0" }, [`HTTP/1.1 ${status}`, ...lines, "", pretty(body)].join("\n")));
}

/** One parameter a line. */
function challengeLines(challenge: string): HTMLElement[] {
  const [, scheme = "", rest = ""] = /^(\w+) ?([^]*)$/.exec(challenge) ?? [];
  const parameters = [...rest.matchAll(/(\w+)="([^"]*)"/g)];
  return [
    h("div", {}, h("span", { class: "scheme" }, scheme)),
    ...parameters.map(([, name, value]) =>
      h(
        "div",
        { class: name === "scope" ? "parameter important" : "parameter" },
        h("span", { class: "name" }, name),
        h("span", {}, value),
      ),
    ),
  ];
}

function pretty(body: string | undefined): string {
  try {
    return JSON.stringify(JSON.parse(body ?? ""), null, 2);
  } catch {
    return body ?? "";
  }
}
