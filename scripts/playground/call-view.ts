// The call: token with scopes and claims, method, target, arguments as a form or as JSON.
import type { EditorView } from "@codemirror/view";
import { Kind } from "../../assembly/program.ts";
import { BackendFrom } from "../../assembly/program.ts";
import { pathText } from "../compiler/policy/claims.ts";
import { isObject, type Item, type Json, type JsonObject } from "../compiler/lock/lock.ts";
import { memberNames, memberOf, shapeOf, typesOf, valuesOf, type Shape } from "../compiler/lock/schema.ts";
import type { Claim, Policy } from "../compiler/index.ts";
import type { Analysis } from "../editor/analysis.ts";
import { byId, chip, fill, h } from "./dom.ts";
import { jsonEditor, setText } from "./editor.ts";
import { claimsOf } from "./request.ts";
import type { Call, CallKind } from "./state.ts";

/** Shows the call of the state and tells what a person changes of it. */
export class CallView {
  private readonly args: EditorView;
  private readonly claims: EditorView;
  private call: Call;
  private analysis: Analysis | undefined;
  private asForm = true;

  constructor(
    call: Call,
    private readonly changed: (call: Call) => void,
  ) {
    this.call = call;
    this.args = jsonEditor(byId("args"), "Arguments as JSON", call.args, (args) => this.change({ args }));
    this.claims = jsonEditor(byId("claims"), "Claims as JSON", call.claims, (claims) => this.change({ claims }));
    byId("token").addEventListener("click", () => this.change({ token: !this.call.token }));
    byId("kind").addEventListener("change", ({ target }) =>
      this.change({ kind: (target as HTMLSelectElement).value as CallKind }),
    );
    byId("name").addEventListener("input", ({ target }) => this.change({ name: (target as HTMLInputElement).value }));
    for (const id of ["as-form", "as-json"])
      byId(id).addEventListener("click", () => {
        this.asForm = id === "as-form";
        this.render();
      });
  }

  private change(part: Partial<Call>): void {
    if (Object.entries(part).every(([key, value]) => this.call[key as keyof Call] === value)) return;
    this.call = { ...this.call, ...part };
    this.changed(this.call);
  }

  show(call: Call, analysis: Analysis): void {
    this.call = call;
    this.analysis = analysis;
    this.render();
  }

  private render(): void {
    const { call } = this;
    setText(this.args, call.args);
    setText(this.claims, call.claims);
    byId("token").setAttribute("aria-checked", String(call.token));
    byId("token-details").hidden = !call.token;
    byId<HTMLSelectElement>("kind").value = call.kind;
    const name = byId<HTMLInputElement>("name");
    if (name.value !== call.name) name.value = call.name;
    byId("name-label").textContent = { tool: "Tool", resource: "URI", prompt: "Prompt", method: "Method" }[call.kind];
    this.renderNames();
    this.renderScopes();
    this.renderClaims();
    this.renderArguments();
  }

  private renderNames(): void {
    const names = targetNames(this.analysis, this.call.kind);
    fill(byId("names"), ...names.map((name) => h("option", { value: name })));
    const shown = names.slice(0, 12);
    fill(byId("name-chips"), ...shown.map((name) => chip(name, name === this.call.name, () => this.choose(name))));
  }

  /** Another tool wants other arguments: those that both know stay. */
  private choose(name: string): void {
    const shape = this.inputShape(name);
    const args = parsed(this.call.args);
    if (!shape || !args) return this.change({ name });
    const kept = Object.fromEntries(Object.entries(args).filter(([key]) => memberNames(shape).includes(key)));
    this.change({ name, args: JSON.stringify({ ...samples(shape), ...kept }, null, 2) });
  }

  private renderScopes(): void {
    const { call } = this;
    const known = [...(this.analysis?.closures.keys() ?? [])].sort();
    const all = [...new Set([...known, ...call.scopes])];
    const toggle = (scope: string): void => {
      const held = call.scopes.includes(scope);
      this.change({ scopes: held ? call.scopes.filter((other) => other !== scope) : [...call.scopes, scope] });
    };
    const implied = (scope: string): string | undefined => {
      const more = (this.analysis?.closures.get(scope) ?? []).slice(1);
      return more.length > 0 ? `implies ${more.join(", ")}` : undefined;
    };
    const chips = all.map((scope) => chip(scope, call.scopes.includes(scope), () => toggle(scope), implied(scope)));
    fill(
      byId("scopes"),
      ...(chips.length > 0 ? chips : [h("span", { class: "quiet" }, "The policy names no scopes.")]),
    );
  }

  private renderClaims(): void {
    const claims = (this.analysis?.policy?.rules ?? []).flatMap((rule) => rule.claims);
    const pairs = claims.flatMap((claim) => claim.values.map((value) => ({ claim, value })));
    const seen = new Set<string>();
    const chips = pairs.flatMap(({ claim, value }) => {
      const label = `${pathText(claim.name)}: ${value}`;
      if (seen.has(label)) return [];
      seen.add(label);
      return chip(label, holds(this.call.claims, claim, value), () =>
        this.change({ claims: toggled(this.call.claims, claim, value) }),
      );
    });
    fill(byId("claim-chips"), ...chips.slice(0, 24));
  }

  private inputShape(name: string): Shape | undefined {
    const item = toolNamed(this.analysis, name);
    const schema = item?.content["inputSchema"];
    return isObject(schema) ? shapeOf(schema, schema) : undefined;
  }

  private renderArguments(): void {
    const { kind, name } = this.call;
    const shape = kind === "tool" ? this.inputShape(name) : undefined;
    const args = parsed(this.call.args);
    const formFits = shape !== undefined && args !== undefined && memberNames(shape).length > 0;
    const form = formFits && this.asForm;
    byId("args-switch").hidden = !formFits;
    byId("args-section").hidden = kind === "resource";
    byId("args-title").textContent = kind === "method" ? "Params" : "Arguments";
    byId("as-form").setAttribute("aria-pressed", String(form));
    byId("as-json").setAttribute("aria-pressed", String(!form));
    byId("args").hidden = form;
    byId("form").hidden = !form;
    if (form) fill(byId("form"), ...memberNames(shape).map((key) => this.field(key, shape, args)));
  }

  /** One argument as a labelled control. */
  private field(name: string, shape: Shape, args: JsonObject): HTMLElement {
    const { shape: member, state } = memberOf(shape, name);
    const put = (value: Json | undefined): void => {
      const { [name]: _old, ...others } = args;
      this.change({ args: JSON.stringify(value === undefined ? others : { ...others, [name]: value }, null, 2) });
    };
    const control = controlFor(member, args[name], put);
    control.id = `arg-${name}`;
    control.dataset["key"] = `arg ${name}`;
    const needed = state === "required" && h("span", { class: "needed", title: "required" }, "required");
    return h("div", { class: "field" }, h("label", { for: control.id }, h("code", {}, name), needed), control);
  }
}

/** A control for a value of this shape; an empty one leaves the argument out. */
function controlFor(shape: Shape, value: Json | undefined, put: (value: Json | undefined) => void): HTMLElement {
  const words = valuesOf(shape);
  if (words && words.length > 0) return choice(words, value, put);
  const types = typesOf(shape);
  const only = types.length === 1 ? types[0] : undefined;
  const text =
    value === undefined ? "" : typeof value === "string" && only === "string" ? value : JSON.stringify(value);
  const input = h("input", {
    type: only === "number" ? "number" : "text",
    step: "any",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: only === "string" ? "" : only === "number" ? "" : "JSON",
  }) as HTMLInputElement;
  input.value = text;
  input.addEventListener("input", () => put(read(input.value, only === "string")));
  return input;
}

function read(text: string, isText: boolean): Json | undefined {
  if (text === "") return undefined;
  if (isText) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function choice(words: Json[], value: Json | undefined, put: (value: Json | undefined) => void): HTMLElement {
  const options = [undefined, ...words];
  const select = h("select") as HTMLSelectElement;
  for (const [i, word] of options.entries())
    select.append(h("option", { value: String(i), selected: word === value }, word === undefined ? "—" : String(word)));
  select.addEventListener("change", () => put(options[Number(select.value)]));
  return select;
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Something for each required argument. */
function samples(shape: Shape): JsonObject {
  const needed = memberNames(shape).filter((name) => memberOf(shape, name).state === "required");
  return Object.fromEntries(needed.map((name) => [name, sample(memberOf(shape, name).shape)]));
}

function sample(shape: Shape): Json {
  const [first] = valuesOf(shape) ?? [];
  if (first !== undefined) return first;
  const defaults = { null: null, boolean: false, number: 1, string: "", array: [], object: {} };
  return defaults[typesOf(shape).find((type) => type !== "null") ?? "null"];
}

const TARGET_KINDS: Record<CallKind, Kind> = {
  tool: Kind.Tool,
  resource: Kind.Resource,
  prompt: Kind.Prompt,
  method: Kind.Method,
};
const METHODS = ["tools/list", "initialize", "ping", "completion/complete", "tasks/get"];

/** Names that a call can have: those of the policy's targets and of its locks. */
function targetNames(analysis: Analysis | undefined, kind: CallKind): string[] {
  const policy = analysis?.policy;
  const targets = (policy?.rules ?? []).flatMap((rule) => rule.targets ?? []);
  const named = targets.filter((target) => target.kind === TARGET_KINDS[kind]);
  const own = named.map(({ name, backend }) => withPrefix(policy, backend, name));
  const lists = { tool: "tools", resource: "resources", prompt: "prompts" } as const;
  const locked =
    kind === "method"
      ? []
      : (analysis?.locks ?? []).flatMap(({ lock, backend }) =>
          lock[lists[kind]].map(({ id }) => (kind === "tool" ? withPrefix(policy, backend, id) : id)),
        );
  return [...new Set([...locked, ...own, ...(kind === "method" ? METHODS : [])])];
}

function withPrefix(policy: Policy | undefined, backend: string | undefined, name: string): string {
  const prefixed = backend !== undefined && policy?.backend.from === BackendFrom.ToolPrefix;
  return prefixed ? `${backend}${policy.backend.text}${name}` : name;
}

function toolNamed(analysis: Analysis | undefined, name: string): Item | undefined {
  for (const { lock, backend } of analysis?.locks ?? []) {
    const found = lock.tools.find(({ id }) => name === withPrefix(analysis?.policy, backend, id));
    if (found) return found;
  }
  return undefined;
}

/** The claim, under its whole name or by the dots of it. */
function claimAt(claims: JsonObject, name: Claim["name"]): Json | undefined {
  return pathOf(claims, name).reduce<Json | undefined>((at, step) => (isObject(at) ? at[step] : undefined), claims);
}

function pathOf(claims: JsonObject, name: Claim["name"]): string[] {
  if (typeof name !== "string") return name;
  return Object.hasOwn(claims, name) ? [name] : name.split(".");
}

function holds(text: string, { name }: Claim, value: string): boolean {
  const found = claimAt(parsed(text) ?? {}, name);
  return found === value || (Array.isArray(found) && found.includes(value));
}

/** The claims with one value more or less. */
function toggled(text: string, claim: Claim, value: string): string {
  const claims = structuredClone(claimsOf(text)) as JsonObject;
  const steps = [...pathOf(claims, claim.name)];
  const last = steps.pop()!;
  let at = claims;
  for (const step of steps) at = (isObject(at[step]) ? at[step] : (at[step] = {})) as JsonObject;
  const found = at[last];
  if (Array.isArray(found)) {
    at[last] = found.includes(value) ? found.filter((item) => item !== value) : [...found, value];
  } else if (found === value) delete at[last];
  else at[last] = value;
  return JSON.stringify(claims, null, 2);
}
