// Policy → program bytes.
import {
  BackendFrom,
  Flag,
  MAX_PROGRAM,
  NONE,
  Op,
  Section,
  Setting,
  Slot,
  SourceFlag,
  Action,
} from "../../../assembly/program.ts";
import type { Instruction, PredicateCode } from "../cel/code.ts";
import { Automata } from "../regex/automaton.ts";
import type { PolicyLock } from "../lock/locks.ts";
import type { Report } from "../source/document.ts";
import type { Hierarchy } from "../policy/hierarchy.ts";
import { documentPaths, initialScopes, metadataDocument, supportedScopes } from "../policy/metadata.ts";
import { conditionOf, inOrder, type Policy, type Rule } from "../policy/policy.ts";
import type { TextTree } from "../source/shape.ts";
import { readsUri, uriFlags } from "../policy/uris.ts";
import type { Whens } from "../policy/whens.ts";
import { addAnswers } from "./answers.ts";
import { listBits } from "../policy/lists.ts";
import { MODES } from "../policy/words.ts";
import { recordBits } from "../policy/record.ts";
import { addLocked, driftOf } from "./locked.ts";
import { addMethods } from "./methods.ts";
import { addClaims, addScopeClaims } from "./claims.ts";
import { Patterns } from "./patterns.ts";
import { Sources } from "./sources.ts";
import { addScopes, Terms } from "./scopes.ts";
import { Buckets } from "./targets.ts";
import { ProgramWriter } from "./writer.ts";

/** Writes the program. What does not fit is reported, and then the bytes are of no use. */
export function encodePolicy(
  report: Report,
  policy: Policy,
  hierarchy: Hierarchy,
  whens: Whens,
  locks: readonly PolicyLock[] = [],
): Uint8Array {
  const writer = new ProgramWriter();
  const terms = new Terms(report, writer, addScopes(writer, hierarchy));
  const patterns = new Patterns(report, writer, new Automata());
  const predicates = new Predicates(writer, whens);
  const sources = new Sources(writer, patterns);
  const buckets = new Buckets();
  const isOpen = policy.rules.some(({ anonymous }) => anonymous);
  if (isOpen) writer.need(Flag.Anonymous);
  inOrder(policy.rules).forEach((rule, index) => {
    const flags = isOpen ? sourceFlags(rule, whens) : 0;
    addRule(writer, rule, { terms, patterns, predicates, sources, flags });
    buckets.addRule(rule, index, (when) => predicates.indexOf(when, rule.mode > 0));
  });
  buckets.write(writer, patterns);
  addMethods(writer);
  addFacts(writer, policy);
  addLocked(writer, policy, locks);
  addSettings(writer, policy, hierarchy);
  const program = writer.finish();
  if (program.length > MAX_PROGRAM)
    report.error({ path: "" }, `the program is ${program.length} bytes; the limit is ${MAX_PROGRAM}`);
  return program;
}

function addFacts(writer: ProgramWriter, { record }: Policy): void {
  for (const { path, hashed } of record.facts) {
    const slot = writer.slot({ root: Slot.Body, path: ["params", "arguments", ...path.split(".")] });
    writer.add(Section.Facts, [slot, ...writer.text(path), Number(hashed)]);
  }
}

interface Parts {
  terms: Terms;
  patterns: Patterns;
  predicates: Predicates;
  sources: Sources;
  /** SourceFlag bits. */
  flags: number;
}

const TOKEN_NEEDS = Flag.NeedsClaims | Flag.NeedsScopeList;

/** Only where some rule is anonymous. */
function sourceFlags(rule: Rule, whens: Whens): number {
  const conditions = [rule.when, ...(rule.targets ?? []).map((target) => conditionOf(target))];
  const reads = conditions.some((when) => when && ((whens.get(when.value)?.needs ?? 0) & TOKEN_NEEDS) !== 0);
  const isFree = !reads && rule.scopes.length === 0 && rule.claims.length === 0;
  return (rule.anonymous ? SourceFlag.Anonymous : 0) | (isFree && rule.action !== Action.Allow ? SourceFlag.Free : 0);
}

function addRule(writer: ProgramWriter, rule: Rule, { terms, patterns, predicates, sources, flags }: Parts): void {
  const scopes = terms.add(rule.scopes);
  const claims = addClaims(writer, rule.claims, patterns);
  writer.add(Section.Rules, [
    ...writer.text(rule.name),
    rule.action,
    ...scopes,
    ...claims,
    predicates.indexOf(rule.when, rule.mode > 0),
    sources.indexOf(rule, flags),
    rule.mode,
  ]);
}

/** The predicates of the program: equal texts share one, which is written where it is first used. */
class Predicates {
  private readonly indexes = new Map<string, number>();

  constructor(
    private readonly writer: ProgramWriter,
    private readonly whens: Whens,
  ) {}

  /** The number of the predicate; NONE without an expression, or for one with errors. */
  indexOf(when: TextTree | undefined, isEnforced: boolean): number {
    const code = when && this.whens.get(when.value);
    if (!code) return NONE;
    this.need(code, isEnforced);
    const index = this.indexes.get(when.value) ?? this.write(code);
    this.indexes.set(when.value, index);
    return index;
  }

  /** What is only in shadow must not change what is decided. */
  private need({ instructions, needs }: PredicateCode, isEnforced: boolean): void {
    this.writer.need(isEnforced ? needs : needs & ~Flag.NeedsScopeList);
    if (!isEnforced && needs & Flag.NeedsScopeList) this.writer.need(Flag.ShadowScopeList);
    if (instructions.some(readsAllClaims)) this.writer.need(Flag.NeedsAllClaims);
    if (isEnforced && instructions.some(readsUri)) this.writer.need(Flag.NormalUris);
  }

  private write({ instructions, stack, loops }: PredicateCode): number {
    const words = instructions.map((instruction) => this.words(instruction));
    return this.writer.add(Section.Predicates, [...this.writer.run(Section.Code, words), stack, loops]);
  }

  private words({ op, a = 0, b = 0, c = 0 }: Instruction): number[] {
    return [(op as Op) | (a << 8) | (b << 16), this.writer.operand(c)];
  }
}

/** Whether an instruction takes the claims as a whole: single members have slots of their own. */
function readsAllClaims({ op, c }: Instruction): boolean {
  return (op === Op.Slot || op === Op.HasSlot || op === Op.OptSlot) && c === (Slot.Claims as number);
}

function addSettings(writer: ProgramWriter, policy: Policy, { closures, asked }: Hierarchy): void {
  const settings = new Array<number>(Setting.Count).fill(0);
  const put = (setting: Setting, ...words: readonly number[]): void =>
    words.forEach((word, i) => (settings[setting + i] = word));
  const paths = documentPaths(policy);
  const document = paths.length > 0 ? metadataDocument(policy, supportedScopes(policy, closures)) : undefined;
  put(
    Setting.Govern,
    policy.govern.reduce((bits, kind) => bits | (1 << kind), 0),
  );
  put(
    Setting.BackendFrom,
    policy.backend.from,
    ...writer.text(policy.backend.from === BackendFrom.None ? undefined : policy.backend.text),
  );
  put(Setting.MetadataKeys, ...writer.textRun(policy.metadataKeys));
  put(Setting.Resource, ...writer.text(policy.resource));
  put(Setting.ResourceMetadata, ...writer.text(policy.resourceMetadata));
  const scopes = initialScopes(policy, closures).join(" ");
  put(Setting.BaselineScopes, ...writer.text(scopes || undefined));
  put(Setting.DocumentPaths, ...writer.textRun(paths));
  put(Setting.Document, ...writer.text(document));
  put(Setting.MaxBody, policy.limits.body, policy.limits.depth, policy.limits.steps);
  put(Setting.LoopLimit, policy.loop.limit, policy.loop.window);
  put(Setting.PolicyName, ...writer.text(policy.name));
  addAnswers(writer, policy, scopes, put);
  put(Setting.StreamAction, policy.transport.stream, policy.transport.session, policy.transport.preflight);
  put(Setting.Lists, listBits(policy), policy.limits.list);
  put(Setting.SenderConstrained, policy.senderConstrained);
  put(Setting.Record, recordBits(policy));
  put(Setting.Drift, driftOf(policy));
  put(Setting.AskedScopes, asked.length);
  put(Setting.ScopeClaims, ...addScopeClaims(writer, policy.scopeClaims));
  put(Setting.Flags, flagsOf(writer, policy));
  for (const word of settings) writer.add(Section.Settings, [word]);
}

function flagsOf(writer: ProgramWriter, policy: Policy): number {
  return (
    writer.flags |
    uriFlags(policy.rules.filter(({ mode }) => mode > 0)) |
    (policy.shadow ? Flag.Shadow : 0) |
    (policy.rules.some(({ mode }) => mode < MODES.enforce) ? Flag.HasShadow : 0) |
    (policy.defaultAction === Action.Allow ? Flag.DefaultAllow : 0) |
    (policy.denial === "in-band" ? Flag.InBand : 0) |
    (policy.scopeClaims.includes("scope") ? 0 : Flag.IgnoreScope) |
    (policy.scopeClaims.includes("scp") ? 0 : Flag.IgnoreScp) |
    (policy.denial === "mixed" ? Flag.Mixed : 0) |
    (policy.lists.annotate ? Flag.Annotate : 0) |
    (policy.includeGranted ? Flag.IncludeGranted : 0) |
    (policy.lenientHeaders ? Flag.LenientHeaders : 0)
  );
}
