// Whatever looks like a pattern and is none: people write these, and a Deny rule with one denies nothing. One rule for
// every place that is compared as it is: a warning, and in a Deny or Require rule an error.
import { Action, BackendFrom, Kind } from "../../../assembly/program.ts";
import type { Place, Report } from "../source/document.ts";
import { pathText } from "./claims.ts";
import { LIFECYCLE, TARGET_METHODS } from "./methods.ts";
import type { Policy, Rule, Target } from "./policy.ts";
import { optionsOf } from "./terms.ts";

interface LookAlike {
  message: string;
  hint: string;
}

const MEANT = "write literal: true in the entry if it is meant";

/** Reports look-alikes in names, backends, claims and scopes of rules. */
export function checkLiterals(report: Report, policy: Policy): void {
  const teller = new Teller(report);
  for (const rule of policy.rules) {
    const severity = rule.action === Action.Allow ? "warning" : "error";
    for (const target of rule.targets ?? []) {
      for (const found of inTarget(policy, target))
        teller.tell(found.isWarning ? "warning" : severity, target.place, found);
    }
    for (const [place, found] of inSource(rule)) teller.tell(severity, place, found);
  }
  for (const [place, found] of inDeclarations(policy)) teller.tell("warning", place, found);
  teller.finish();
  const { from, text } = policy.backend;
  if (from === BackendFrom.Fixed && text.includes("*"))
    report.warn({ path: "backend" }, `the * in the backend's name "${text}" is an ordinary character`);
}

/** A target of a group may be in many rules: each place is told once, as an error if it is one anywhere. */
class Teller {
  private readonly told = new Map<Place, Map<string, { severity: "error" | "warning"; found: LookAlike }>>();

  constructor(private readonly report: Report) {}

  tell(severity: "error" | "warning", place: Place, found: LookAlike): void {
    const here = this.told.get(place) ?? new Map<string, { severity: "error" | "warning"; found: LookAlike }>();
    this.told.set(place, here);
    if (severity === "error" || !here.has(found.message)) here.set(found.message, { severity, found });
  }

  finish(): void {
    for (const [place, here] of this.told) {
      for (const { severity, found } of here.values()) {
        if (severity === "error") this.report.error(place, found.message, found.hint);
        else this.report.warn(place, found.message, found.hint);
      }
    }
  }
}

function* inTarget(policy: Policy, target: Target): Generator<LookAlike & { isWarning?: boolean }> {
  if (target.literal) return;
  // ai-gateway's documents know neither stars nor `literal`.
  if (policy.kind === "MCPRoute") yield* inRoute(target);
  else yield* inOwn(policy, target);
}

function* inRoute({ name, backend = "", stars }: Target): Generator<LookAlike & { isWarning: boolean }> {
  if (stars) return; // of a Deny rule that a selector became
  for (const text of [name, backend]) {
    const sign = text.includes("*") ? "*" : signOf(text, false);
    if (sign === undefined) continue;
    const message = `the ${sign} in "${text}" is not a pattern`;
    yield { message, hint: "names are compared as they are; a scopegate/v1 Policy has names with *", isWarning: true };
  }
}

function* inOwn({ backend: source }: Policy, target: Target): Generator<LookAlike & { isWarning?: boolean }> {
  const { kind, name, stars, backend } = target;
  const isUri = kind === Kind.Resource;
  const [own, other] = [signOf(name, isUri), signOf(backend ?? "", false)];
  if (own !== undefined) yield { message: `the ${own} in "${name}" is not a pattern`, hint: hintFor(own, isUri) };
  if (other !== undefined)
    yield { message: `the ${other} in "${backend}" is not a pattern`, hint: hintFor(other, false) };
  if (isUri && !stars && name.endsWith("/")) {
    const hint = `write "${name}**" for everything below it; ${MEANT}`;
    yield { message: `"${name}" is only the resource of exactly this URI`, hint };
  }
  if (kind === Kind.Method) yield* inMethod(target);
  if (kind === Kind.Tool && backend === undefined && source.from === BackendFrom.ToolPrefix)
    yield* withSeparator(target, source.text);
}

/** Methods of a kind of their own are never found by a star, and all methods are compared with case. */
function* inMethod({ name, stars }: Target): Generator<LookAlike & { isWarning?: boolean }> {
  const kind = /^(tools|resources|prompts|completion|subscriptions)\//.exec(name)?.[1];
  if (stars && kind !== undefined) {
    const message = `"${name}" does not stand for calls of ${kind}, which have targets of their own`;
    yield { message, hint: `write ${OWN_TARGETS[kind] ?? kind}: ["*"], or name the method` };
  }
  const known = METHODS.find((method) => method !== name && method.toLowerCase() === name.toLowerCase());
  if (!stars && known !== undefined)
    yield { message: `no call has the method "${name}"`, hint: `methods are compared with case: ${known}` };
}

const METHODS = [...TARGET_METHODS.map(([method]) => method), ...LIFECYCLE];
const OWN_TARGETS: Record<string, string> = { completion: "prompts", subscriptions: "resources" };

/** A whole name as clients show it, where tools are named without the backend. */
function* withSeparator({ name, stars }: Target, separator: string): Generator<LookAlike & { isWarning: boolean }> {
  const at = name.indexOf(separator);
  if (at < 0) return;
  const [before, after] = [name.slice(0, at), name.slice(at + separator.length)];
  const message = `"${name}" holds the separator "${separator}": tools are named without the backend's prefix`;
  const hint = `write { backend: ${quoted(before)}, tool: ${quoted(after)} }; ${MEANT}`;
  yield { message, hint, isWarning: stars !== undefined };
}

function quoted(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : JSON.stringify(text);
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
/** A host that is an IPv6 address. */
const BRACKETED_HOST = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/\[[0-9A-Fa-f:.]+\]/;

/** What only regular expressions have; a dot before a star stands in many names. */
const REGEX = /^\^|\$$|\\.|\||\.\+/;

/** What in a text looks like a part of a pattern; undefined without any. */
function signOf(text: string, isUri: boolean): string | undefined {
  const plain = isUri ? text.replace(BRACKETED_HOST, "") : text;
  const found = /\[[^\]]+\]|\{[^}]*\}/.exec(plain);
  if (found) return found[0];
  const regex = REGEX.exec(plain);
  if (regex && !isUri) return regex[0];
  if (!isUri) return plain.includes("?") ? "?" : undefined;
  return plain.includes("?") && !hasQuery(text) ? "?" : undefined;
}

/** Whether the `?` of a URI begins a query: always in http, elsewhere before `name=`. */
function hasQuery(uri: string): boolean {
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase();
  if (scheme === "http" || scheme === "https") return true;
  return /^[^?]*\?[\w.~-]+=[^?]*$/.test(uri);
}

function hintFor(sign: string, isUri: boolean): string {
  if (REGEX.test(sign)) return `names are no regular expressions: only * stands for other characters; ${MEANT}`;
  const other =
    sign.startsWith("{") || sign.startsWith("[") ? "list several names" : "only * stands for other characters";
  return `${isUri && sign.startsWith("{") ? "only * and ** stand for other characters" : other}; ${MEANT}`;
}

/** Claims' values and scopes with a star, and what looks like a pattern in names of certificates. */
function* inSource(rule: Rule): Generator<[Place, LookAlike]> {
  const { claims, principals = [] } = rule;
  for (const { name, values, place, literal } of claims) {
    if (typeof name === "string" && name.includes("*") && !literal) {
      const message = `the * in the claim's name "${name}" is an ordinary character`;
      yield [place, { message, hint: "name the claim; dots lead into objects" }];
    }
    const value = literal ? undefined : values.find((text) => text.includes("*"));
    if (value === undefined) continue;
    const message = `the * in the value "${value}" of the claim "${pathText(name)}" is an ordinary character`;
    yield [place, { message, hint: "list it under patterns; write literal: true in the claim if it is meant" }];
  }
  for (const { name, place } of principals) {
    const sign = signOf(name, true);
    if (sign === undefined) continue;
    const hint = sign === "?" ? "only * stands for other characters" : "list several names";
    yield [place, { message: `the ${sign} in "${name}" is not a pattern`, hint }];
  }
  for (const { name, place } of optionsOf(rule)) {
    if (name !== "*" && name.includes("*")) yield [place, starIn(name)];
  }
}

/** In the hierarchy a star stands for a family only at the end of what is implied. */
function* inDeclarations({ scopes }: Policy): Generator<[Place, LookAlike]> {
  for (const [name, { place, implies, issuedAs }] of scopes) {
    if (name.includes("*")) yield [place, starIn(name)];
    for (const item of issuedAs) if (item.value.includes("*")) yield [item, starIn(item.value)];
    for (const item of implies) if (/\*./.test(item.value)) yield [item, starIn(item.value)];
  }
}

/** A scope with a star where none is taken. */
function starIn(scope: string): LookAlike {
  const message = `the * in the scope "${scope}" is an ordinary character: no token has other scopes by it`;
  return { message, hint: "name the scopes; a family of them stands under implies" };
}
