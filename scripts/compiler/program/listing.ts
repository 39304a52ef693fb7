// Program bytes → a readable listing, for `show` and golden files.
import {
  AffixField,
  Anchor,
  BackendFrom,
  BucketField,
  ClaimField,
  ClaimType,
  ENFORCED,
  Drift,
  EntryField,
  FactField,
  Flag,
  Kind,
  NONE,
  OptionField,
  Action,
  PatternField,
  RecordFlag,
  RuleField,
  ScopeField,
  Section,
  Setting,
  SourceField,
  SourceFlag,
  TemplateField,
  TermField,
} from "../../../assembly/program.ts";
import { listWords } from "../policy/lists.ts";
import { automata, names, predicates, quoted, slotName, sourceOf } from "./code-listing.ts";
import { programDigest } from "./digest.ts";
import { rangeText } from "../source/ranges.ts";
import { Program } from "./reader.ts";

export { ProgramError } from "./reader.ts";

/**
 * Lists a program: settings, scopes, rules, targets, predicates with one instruction per line, automata.
 * @throws ProgramError if the bytes are not a complete program of this version.
 */
export function listing(bytes: Uint8Array): string {
  const program = new Program(bytes);
  const parts = [settings, documents, scopes, rules, targets, predicates, automata];
  const head = `program ${program.settingText(Setting.PolicyName)}\ndigest ${programDigest(bytes)}`;
  return (
    [
      head,
      ...parts
        .map((part) => part(program))
        .filter((lines) => lines.length > 1)
        .map((lines) => lines.join("\n")),
    ].join("\n\n") + "\n"
  );
}

function settings(program: Program): string[] {
  const flags = program.setting(Setting.Flags);
  const row = (name: string, value: string | number): string => `  ${name.padEnd(18)} ${value}`;
  const governed = names(Kind).filter(([, kind]) => program.setting(Setting.Govern) & (1 << kind));
  const from: BackendFrom = program.setting(Setting.BackendFrom);
  const backend = program.settingText(Setting.BackendText);
  const action = (setting: Setting): string => Action[program.setting(setting)]!;
  return [
    "settings",
    row("default", flags & Flag.DefaultAllow ? "Allow" : "Deny"),
    row("governs", governed.map(([name]) => name).join(" ") || "nothing"),
    row("backend", backend === undefined ? BackendFrom[from]! : `${BackendFrom[from]} ${JSON.stringify(backend)}`),
    row(
      "payload keys",
      quoted(program.textRun(program.setting(Setting.MetadataKeys), program.setting(Setting.MetadataKeys + 1))),
    ),
    ...scopeClaims(program, flags).map((text) => row("scope claims", text)),
    row("resource", program.settingText(Setting.Resource) ?? "-"),
    row("resource metadata", program.settingText(Setting.ResourceMetadata) ?? "-"),
    row("baseline scopes", program.settingText(Setting.BaselineScopes) ?? "-"),
    row(
      "limits",
      `${program.setting(Setting.MaxBody)} bytes, ${program.setting(Setting.MaxDepth)} levels, ${program.setting(Setting.StepBudget) || "auto"} steps, lists ${program.setting(Setting.MaxList)} bytes`,
    ),
    row("lists", listWords(program.setting(Setting.Lists))),
    row(
      "loop",
      program.setting(Setting.LoopLimit)
        ? `${program.setting(Setting.LoopLimit)} in ${program.setting(Setting.LoopWindow)} s`
        : "off",
    ),
    row(
      "transport",
      `GET ${action(Setting.StreamAction)}, DELETE ${action(Setting.SessionAction)}, OPTIONS ${action(Setting.PreflightAction)}`,
    ),
    row("record", recordText(program)),
    ...driftRow(program, row),
    row(
      "flags",
      names(Flag)
        .filter(([, bit]) => flags & bit)
        .map(([name]) => name)
        .join(" ") || "-",
    ),
  ];
}

/** What becomes of tools that are not as in the locks, where the policy names locks. */
function driftRow(program: Program, row: (name: string, value: string) => string): string[] {
  const drift: Drift = program.setting(Setting.Drift);
  if (drift === Drift.Off) return [];
  return [
    row(
      "drift",
      `${(Drift[drift] ?? `unknown ${drift}`).toLowerCase()}, ${program.count(Section.Locked)} tools in the locks`,
    ),
  ];
}

/** Where the token's scopes are, if not in scope and scp. */
function scopeClaims(program: Program, flags: number): string[] {
  const others = program.run(Section.Claims, program.record(Section.Settings, Setting.ScopeClaims)).map((claim) => {
    const [literal, dotted] = [program.word(claim + ClaimField.Literal), program.word(claim + ClaimField.Path)];
    return literal === dotted
      ? slotName(program, literal)
      : `${slotName(program, literal)} or ${slotName(program, dotted)}`;
  });
  const usual = [...(flags & Flag.IgnoreScope ? [] : ["scope"]), ...(flags & Flag.IgnoreScp ? [] : ["scp"])];
  return others.length === 0 && usual.length === 2 ? [] : [[...usual, ...others].join(", ")];
}

/** Which decisions are recorded, in which form, and what a record has besides. */
function recordText(program: Program): string {
  const bits = program.setting(Setting.Record);
  if (!(bits & (RecordFlag.Passes | RecordFlag.Refusals))) return "off";
  const facts = program.each(Section.Facts, (at) => {
    const path = program.textAt(at + FactField.Name)!;
    return program.word(at + FactField.Hashed) ? `hash of ${path}` : path;
  });
  const more = (["Token", "Scopes", "Session"] as const).filter((name) => bits & RecordFlag[name]);
  return [
    bits & RecordFlag.Passes ? "all" : "denials",
    bits & RecordFlag.Text ? "text" : "object",
    ...more.map((name) => name.toLowerCase()),
    ...facts,
  ].join(", ");
}

function documents(program: Program): string[] {
  const paths = program.textRun(program.setting(Setting.DocumentPaths), program.setting(Setting.DocumentPaths + 1));
  if (paths.length === 0) return [];
  return ["metadata document", ...paths.map((path) => `  ${path}`), `  ${program.settingText(Setting.Document)}`];
}

function scopes(program: Program): string[] {
  const lines = program.each(Section.Scopes, (at) => {
    const name = program.textAt(at + ScopeField.Name);
    const implied = scopeRun(program, at + ScopeField.Closure).filter((other) => other !== name);
    const begun = program.word(at + ScopeField.Families);
    const families = program.textRun(begun, program.word(at + ScopeField.Families + 4)).map((text) => `${text}*`);
    const all = [...implied, ...families];
    return all.length ? `  ${name} -> ${all.join(" ")}` : `  ${name}`;
  });
  return ["scopes", ...lines];
}

function scopeRun(program: Program, at: number): string[] {
  return program
    .run(Section.ScopeIds, at)
    .map((id) => program.textAt(program.record(Section.Scopes, program.word(id)) + ScopeField.Name)!);
}

function rules(program: Program): string[] {
  const lines = program.each(Section.Rules, (at, index) => {
    const name = program.textAt(at + RuleField.Name);
    const held = program.run(Section.Terms, at + RuleField.Scopes).map((term) => termText(program, term));
    const claims = program.run(Section.Claims, at + RuleField.Claims).map((claim) => claimText(program, claim));
    const parts = [`${index}`.padStart(3), Action[program.word(at + RuleField.Action)]!, name!];
    const mode = program.word(at + RuleField.Mode);
    if (mode < ENFORCED) parts.push(mode === 0 ? "in shadow" : `for ${mode} of 100`);
    if (held.length) parts.push(`scopes ${held.join(" ")}`);
    const source = program.word(at + RuleField.Source);
    if (source !== NONE) parts.push(...sourceText(program, program.record(Section.Sources, source)));
    return `${[...parts, ...claims].join("  ")}${whenText(program.word(at + RuleField.Predicate))}`;
  });
  return ["rules", ...lines];
}

/** Alternatives in parentheses. */
function termText(program: Program, at: number): string {
  const options = program.run(Section.Options, at + TermField.Options).map((option) => {
    const scope = program.word(option + OptionField.Scope);
    if (scope !== NONE) return program.textAt(program.record(Section.Scopes, scope) + ScopeField.Name)!;
    const template = program.record(Section.Templates, program.word(option + OptionField.Template));
    return program.textAt(template + TemplateField.Source)!;
  });
  return options.length === 1 ? options[0]! : `(${options.join(" or ")})`;
}

/** Where a call must come from. */
function sourceText(program: Program, at: number): string[] {
  const [offset, length] = [program.word(at + SourceField.Ranges), program.word(at + SourceField.Ranges + 4)];
  const bytes = offset === NONE ? new Uint8Array() : program.slice(offset, length);
  const ranges = Array.from({ length: bytes.length / 17 }, (_, i) => rangeText(bytes.subarray(i * 17, i * 17 + 17)));
  const plain = program.textRun(program.word(at + SourceField.Names), program.word(at + SourceField.Names + 4));
  const starred = program.run(Section.Patterns, at + SourceField.Patterns).map((one) => affixText(program, one) ?? "*");
  const principals = [...plain.map((name) => JSON.stringify(name)), ...starred];
  const flags = program.word(at + SourceField.Flags);
  return [
    ...(flags & SourceFlag.Anonymous ? ["anonymous"] : []),
    ...(offset === NONE ? [] : [`from ${ranges.join(" ")}`]),
    ...(principals.length > 0 ? [`principals ${principals.join(" ")}`] : []),
  ];
}

function claimText(program: Program, at: number): string {
  const [literal, dotted] = [program.word(at + ClaimField.Literal), program.word(at + ClaimField.Path)];
  const path =
    literal === dotted ? slotName(program, literal) : `${slotName(program, literal)} or ${slotName(program, dotted)}`;
  const type: ClaimType = program.word(at + ClaimField.Type);
  if (type === ClaimType.Present) return `${path} present`;
  const values = program.textRun(program.word(at + ClaimField.Values), program.word(at + ClaimField.Values + 4));
  const patterns = program
    .run(Section.Patterns, at + ClaimField.Patterns)
    .map((pattern) => affixText(program, pattern));
  const fits = patterns.length ? ` or fits ${patterns.join(" ")}` : "";
  return `${path} ${ClaimType[type]} in [${quoted(values)}]${fits}`;
}

function whenText(predicate: number): string {
  return predicate === NONE ? "" : `  when p${predicate}`;
}

function targets(program: Program): string[] {
  const lines = program.each(Section.Buckets, (at) => {
    const [backend, name] = [program.textAt(at + BucketField.Backend), program.textAt(at + BucketField.Name)!];
    const entries = program.run(Section.Entries, at + BucketField.Entries);
    const listed = entries.map(
      (entry) => `rule ${program.word(entry + EntryField.Rule)}${whenText(program.word(entry + EntryField.Predicate))}`,
    );
    const kind: Kind = program.word(at + BucketField.Kind);
    const named = kind === Kind.Any ? "" : ` ${keyText(program, at, name)}`;
    const of = backend === undefined ? "" : ` of ${JSON.stringify(backend)}`;
    return `  ${Kind[kind]}${named}${of}${patternText(program, at)}: ${listed.join(", ")}`;
  });
  const anchors = program.each(Section.Anchors, (at) => {
    const [kind, anchor, hasBackend, length] = [0, 4, 8, 12].map((field) => program.word(at + field));
    return `  ${Kind[kind!]} is looked up by ${Anchor[anchor!]} of ${length} bytes${hasBackend ? " and backend" : ""}`;
  });
  return ["targets", ...lines, ...anchors];
}

/** A whole name, or the part of it by which it is found. */
function keyText(program: Program, at: number, name: string): string {
  const anchor: Anchor = program.word(at + BucketField.Anchor);
  return anchor === Anchor.Exact ? JSON.stringify(name) : `${Anchor[anchor]} ${JSON.stringify(name)}`;
}

/** What else the name and the backend must satisfy. */
function patternText(program: Program, bucket: number): string {
  const pattern = program.word(bucket + BucketField.Pattern);
  if (pattern === NONE) return "";
  const at = program.record(Section.Patterns, pattern);
  const parts = [affixText(program, at + PatternField.Name), affixText(program, at + PatternField.Backend)];
  return ` fits ${parts[0] ?? "*"}${parts[1] === undefined ? "" : ` of ${parts[1]}`}`;
}

function affixText(program: Program, at: number): string | undefined {
  const prefix = program.textAt(at + AffixField.Prefix);
  if (prefix === undefined) return undefined;
  const automaton = program.word(at + AffixField.Automaton);
  if (automaton !== NONE) return `/${sourceOf(program, program.record(Section.Automata, automaton))}/`;
  return JSON.stringify(`${prefix}*${program.textAt(at + AffixField.Suffix)}`);
}
