// Verifies a program, once, when a configuration is loaded: magic, version, checksum, and every offset, index and run in
// every record. Afterwards nothing that reads the program tests a bound. The code of predicates is left to code.ts.
import {
  AUTOMATON_SIZE,
  ANCHOR_SIZE,
  Action,
  ADDRESS_RANGE_SIZE,
  AffixField,
  Anchor,
  AnchorField,
  BUCKET_SIZE,
  BackendFrom,
  BucketField,
  CELL_SIZE,
  CLAIM_SIZE,
  ClaimField,
  ClaimType,
  ENFORCED,
  ENTRY_SIZE,
  EntryField,
  FACT_SIZE,
  FactField,
  Drift,
  HEADER_SIZE,
  HeaderField,
  INSTRUCTION_SIZE,
  Kind,
  LOCKED_SIZE,
  LockedField,
  MAGIC,
  MAX_ANCHORS,
  MAX_PROGRAM,
  MAX_TEMPLATES,
  METHOD_SIZE,
  MethodField,
  NODE_SIZE,
  NONE,
  NodeField,
  OPTION_SIZE,
  OptionField,
  PART_SIZE,
  PATTERN_SIZE,
  PREDICATE_SIZE,
  PartField,
  PartValue,
  PatternField,
  REASON_SIZE,
  RULE_SIZE,
  Reason,
  ReasonField,
  RuleField,
  RunField,
  SOURCE_SIZE,
  SourceField,
  SCOPE_SIZE,
  SECTION_COUNT,
  SETTINGS_SIZE,
  ScopeField,
  SenderConstrained,
  Section,
  Setting,
  Slot,
  TEMPLATE_SIZE,
  TERM_SIZE,
  TEXT_SIZE,
  TemplateField,
  TermField,
  THIRD_VALUE,
  VERSION,
} from "../program.ts";
import { program, section, sectionCount, setting, settingAt, text, textLength, useProgram } from "../sections.ts";
import { checkCode } from "./code.ts";

/** What a field of a record must be. */
enum Check {
  Run = 0, //         (first, count) within the section that is the operand
  RunOrNone = 1,
  Index = 2, //       of a record of the section that is the operand
  IndexOrNone = 3,
  ListOrNone = 4, //  a header list
  AtMost = 5, //      the operand
}

/** What one field of all records of a section must be. */
@unmanaged
class FieldCheck {
  section: u8;
  field: u8;
  kind: u8; // Check
  operand: u8;
}

// The checks, each the four bytes of a FieldCheck. The settings count as one record, and a text is a run of Bytes.
const FIELD = 0x100;
const KIND = 0x10000;
const OF = 0x1000000;
const LAST_CHECK = -1; // after the checks
// prettier-ignore
const CHECKS: usize = memory.data<i32>([
  Section.Settings + FIELD * 4 * Setting.BackendText + KIND * Check.RunOrNone,
  Section.Settings + FIELD * 4 * Setting.Document + KIND * Check.RunOrNone,
  Section.Settings + FIELD * 4 * Setting.PolicyName + KIND * Check.RunOrNone,
  Section.Settings + FIELD * 4 * Setting.Challenge + KIND * Check.ListOrNone,
  Section.Settings + FIELD * 4 * Setting.Asking + KIND * Check.ListOrNone,
  Section.Settings + FIELD * 4 * Setting.Bare + KIND * Check.ListOrNone,
  Section.Settings + FIELD * 4 * Setting.ScopesEnd + KIND * Check.Run,
  Section.Settings + FIELD * 4 * Setting.MetadataKeys + KIND * Check.Run + OF * Section.Texts,
  Section.Settings + FIELD * 4 * Setting.DocumentPaths + KIND * Check.Run + OF * Section.Texts,
  Section.Settings + FIELD * 4 * Setting.BackendFrom + KIND * Check.AtMost + OF * BackendFrom.Fixed,
  Section.Settings + FIELD * 4 * Setting.ScopeClaims + KIND * Check.Run + OF * Section.Claims,
  Section.Settings + FIELD * 4 * Setting.SenderConstrained + KIND * Check.AtMost + OF * SenderConstrained.Accept,
  Section.Settings + FIELD * 4 * Setting.Drift + KIND * Check.AtMost + OF * Drift.Hide,
  Section.Locked + FIELD * LockedField.Name + KIND * Check.Run,
  Section.Locked + FIELD * LockedField.Backend + KIND * Check.RunOrNone,
  Section.Locked + FIELD * LockedField.Digest + KIND * Check.Run,
  Section.Reasons + FIELD * ReasonField.Name + KIND * Check.Run,
  Section.Reasons + FIELD * ReasonField.Counter + KIND * Check.Run,
  Section.Reasons + FIELD * ReasonField.Error + KIND * Check.Run,
  Section.Reasons + FIELD * ReasonField.Headers + KIND * Check.ListOrNone,
  Section.Methods + FIELD * MethodField.Name + KIND * Check.Run,
  Section.Methods + FIELD * MethodField.Kind + KIND * Check.AtMost + OF * Kind.Task,
  Section.Methods + FIELD * MethodField.Slot + KIND * Check.AtMost + OF * Slot.MetaVersion,
  Section.Scopes + FIELD * ScopeField.Name + KIND * Check.Run,
  Section.Scopes + FIELD * ScopeField.Closure + KIND * Check.Run + OF * Section.ScopeIds,
  Section.Scopes + FIELD * ScopeField.Families + KIND * Check.Run + OF * Section.Texts,
  Section.ScopeIds + KIND * Check.Index + OF * Section.Scopes,
  Section.Texts + KIND * Check.Run,
  Section.Nodes + FIELD * NodeField.Name + KIND * Check.Run,
  Section.Claims + FIELD * ClaimField.Literal + KIND * Check.Index + OF * Section.Nodes,
  Section.Claims + FIELD * ClaimField.Path + KIND * Check.Index + OF * Section.Nodes,
  Section.Claims + FIELD * ClaimField.Type + KIND * Check.AtMost + OF * ClaimType.Present,
  Section.Claims + FIELD * ClaimField.Values + KIND * Check.Run + OF * Section.Texts,
  Section.Claims + FIELD * ClaimField.Patterns + KIND * Check.Run + OF * Section.Patterns,
  Section.Rules + FIELD * RuleField.Name + KIND * Check.Run,
  Section.Rules + FIELD * RuleField.Action + KIND * Check.AtMost + OF * Action.Require,
  Section.Rules + FIELD * RuleField.Scopes + KIND * Check.Run + OF * Section.Terms,
  Section.Rules + FIELD * RuleField.Claims + KIND * Check.Run + OF * Section.Claims,
  Section.Rules + FIELD * RuleField.Predicate + KIND * Check.IndexOrNone + OF * Section.Predicates,
  Section.Rules + FIELD * RuleField.Source + KIND * Check.IndexOrNone + OF * Section.Sources,
  Section.Sources + FIELD * SourceField.Ranges + KIND * Check.RunOrNone,
  Section.Sources + FIELD * SourceField.Names + KIND * Check.Run + OF * Section.Texts,
  Section.Sources + FIELD * SourceField.Patterns + KIND * Check.Run + OF * Section.Patterns,
  Section.Entries + FIELD * EntryField.Rule + KIND * Check.Index + OF * Section.Rules,
  Section.Entries + FIELD * EntryField.Predicate + KIND * Check.IndexOrNone + OF * Section.Predicates,
  Section.Buckets + FIELD * BucketField.Kind + KIND * Check.AtMost + OF * Kind.Task,
  Section.Buckets + FIELD * BucketField.Name + KIND * Check.Run,
  Section.Buckets + FIELD * BucketField.Backend + KIND * Check.RunOrNone,
  Section.Buckets + FIELD * BucketField.Entries + KIND * Check.Run + OF * Section.Entries,
  Section.Buckets + FIELD * BucketField.Anchor + KIND * Check.AtMost + OF * Anchor.BackendPiece,
  Section.Buckets + FIELD * BucketField.Pattern + KIND * Check.IndexOrNone + OF * Section.Patterns,
  Section.Anchors + FIELD * AnchorField.Kind + KIND * Check.AtMost + OF * Kind.Task,
  Section.Anchors + FIELD * AnchorField.Anchor + KIND * Check.AtMost + OF * Anchor.BackendPiece,
  Section.Patterns + FIELD * (PatternField.Name + AffixField.Prefix) + KIND * Check.RunOrNone,
  Section.Patterns + FIELD * (PatternField.Name + AffixField.Suffix) + KIND * Check.Run,
  Section.Patterns + FIELD * (PatternField.Name + AffixField.Automaton) + KIND * Check.IndexOrNone + OF * Section.Automata,
  Section.Patterns + FIELD * (PatternField.Backend + AffixField.Prefix) + KIND * Check.RunOrNone,
  Section.Patterns + FIELD * (PatternField.Backend + AffixField.Suffix) + KIND * Check.Run,
  Section.Patterns + FIELD * (PatternField.Backend + AffixField.Automaton) + KIND * Check.IndexOrNone + OF * Section.Automata,
  Section.Facts + FIELD * FactField.Slot + KIND * Check.Index + OF * Section.Nodes,
  Section.Facts + FIELD * FactField.Name + KIND * Check.Run,
  Section.Facts + FIELD * FactField.Hashed + KIND * Check.AtMost + OF * 1,
  Section.Rules + FIELD * RuleField.Mode + KIND * Check.AtMost + OF * ENFORCED,
  Section.Terms + FIELD * TermField.Scope + KIND * Check.IndexOrNone + OF * Section.Scopes,
  Section.Terms + FIELD * TermField.Options + KIND * Check.Run + OF * Section.Options,
  Section.Options + FIELD * OptionField.Scope + KIND * Check.IndexOrNone + OF * Section.Scopes,
  Section.Options + FIELD * OptionField.Template + KIND * Check.IndexOrNone + OF * Section.Templates,
  Section.Templates + FIELD * TemplateField.Source + KIND * Check.Run,
  Section.Templates + FIELD * TemplateField.Parts + KIND * Check.Run + OF * Section.Parts,
  Section.Templates + FIELD * TemplateField.Tail + KIND * Check.Run,
  Section.Parts + FIELD * PartField.Before + KIND * Check.Run,
  Section.Parts + FIELD * PartField.Value + KIND * Check.AtMost + OF * PartValue.Backend,
  Section.Parts + FIELD * PartField.Slot + KIND * Check.Index + OF * Section.Nodes,
  LAST_CHECK,
]);

// Bytes of a record, by Section.
// prettier-ignore
const RECORD_SIZES: usize = memory.data<u8>([
  1, <u8>SETTINGS_SIZE, <u8>SCOPE_SIZE, 4, <u8>NODE_SIZE, <u8>CLAIM_SIZE, <u8>TEXT_SIZE, <u8>RULE_SIZE, <u8>ENTRY_SIZE,
  <u8>BUCKET_SIZE, <u8>ANCHOR_SIZE, <u8>PREDICATE_SIZE, <u8>INSTRUCTION_SIZE, <u8>CELL_SIZE, <u8>AUTOMATON_SIZE,
  <u8>REASON_SIZE, <u8>METHOD_SIZE, <u8>PATTERN_SIZE, <u8>FACT_SIZE, <u8>SOURCE_SIZE, <u8>TERM_SIZE, <u8>OPTION_SIZE, <u8>TEMPLATE_SIZE, <u8>PART_SIZE,
  <u8>LOCKED_SIZE,
]);

const TABLES: u32 = HEADER_SIZE + SECTION_COUNT * 8;
const MOST_BITS: u32 = 128;
const OK = "";
let length: u32 = 0;

/** What is wrong with the program of `size` bytes at `at`; an empty text when nothing is. It is the program in use then. */
export function checkProgram(at: usize, size: u32): Ascii {
  if (size < TABLES || size > <u32>MAX_PROGRAM) return "the program has an invalid size";
  if (load<u32>(at, HeaderField.Magic) != MAGIC) return "this is not a Scopegate program";
  if (load<u32>(at, HeaderField.Version) != VERSION) return "the program is for another version of the filter";
  if (load<u32>(at, HeaderField.Length) != size || load<u32>(at, HeaderField.Checksum) != checksum(at, size))
    return "the program is damaged (checksum)";
  useProgram(at);
  length = size;
  return checkRecords() && checkCode() == 0 ? OK : "the program is damaged (records)";
}

function checkRecords(): bool {
  if (!checkSections()) return false;
  for (let check = CHECKS; load<i32>(check) != LAST_CHECK; check += offsetof<FieldCheck>()) {
    if (!checkField(changetype<FieldCheck>(check))) return false;
  }
  const isBounded = setting(Setting.MaxBody) <= 0x10000000 && setting(Setting.MaxList) <= 0x10000000;
  return (
    isBounded &&
    checkChallenge(Setting.Challenge, Setting.AfterScopes) &&
    checkChallenge(Setting.Asking, Setting.AfterAsked) &&
    checkNodes() &&
    checkBuckets() &&
    checkSources() &&
    checkScopes()
  );
}

/** Checks one field of all records of a section. */
function checkField(check: FieldCheck): bool {
  const index = check.section;
  let at = section(index) + <usize>check.field;
  const total = index == Section.Settings ? 1 : sectionCount(index);
  for (let left = total; left; left--, at += recordSize(index)) {
    if (!isSound(at, check.kind, check.operand)) return false;
  }
  return true;
}

/** Whether the field at `at` is what a Check says. */
function isSound(at: usize, check: u32, operand: u32): bool {
  const value = load<u32>(at);
  if (check == Check.AtMost) return value <= operand;
  if (check == Check.Index) return value < sectionCount(operand);
  if (value == NONE && check != Check.Run) return true;
  if (check == Check.IndexOrNone) return value < sectionCount(operand);
  return isRun(at, operand) && (check != Check.ListOrNone || isHeaderList(at));
}

/** 32-bit FNV-1a of everything after the header's first 16 bytes. */
function checksum(at: usize, size: u32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i: u32 = HEADER_SIZE; i < size; i++) hash = (hash ^ load<u8>(at + <usize>i)) * 0x01000193;
  return hash;
}

function recordSize(index: u32): u32 {
  return load<u8>(RECORD_SIZES + <usize>index);
}

/**
 * Whether the sections are within the program, in order and without overlap: the cells change after the checks, when the
 * program is taken, and nothing else may be in the same bytes.
 */
function checkSections(): bool {
  let end: u64 = TABLES;
  for (let i: u32 = 0; i < <u32>SECTION_COUNT; i++) {
    const offset = offsetOf(i);
    if (offset & 7 || <u64>offset < end) return false;
    end = <u64>offset + <u64>sectionCount(i) * <u64>recordSize(i);
    if (end > <u64>length) return false;
  }
  return (
    sectionCount(Section.Settings) >= <u32>Setting.Count &&
    sectionCount(Section.Nodes) >= <u32>Slot.Count &&
    sectionCount(Section.Reasons) > <u32>Reason.Count
  );
}

function offsetOf(index: u32): u32 {
  return <u32>(section(index) - program);
}

/** Whether the (first, count) at `run` is within a section; for Bytes it is (offset, length). */
function isRun(run: usize, target: u32): bool {
  const first = load<u32>(run, RunField.First) - (target == Section.Bytes ? offsetOf(Section.Bytes) : 0);
  const total = sectionCount(target);
  return first <= total && runCount(run) <= total - first;
}

/** Whether the place of the scopes is within the third value of a challenge. */
function checkChallenge(challenge: u32, afterScopes: u32): bool {
  const after = setting(afterScopes);
  const list = text(settingAt(challenge));
  return (
    after == 0 ||
    (textLength(settingAt(challenge)) > 0 && load<u32>(list) == 3 && after <= load<u32>(list, THIRD_VALUE) + 1)
  );
}

/** Whether a text is a list of headers from its first to its last byte: it is handed to the host as it is. */
function isHeaderList(pair: usize): bool {
  const list = text(pair);
  const size = textLength(pair);
  const end = list + <usize>size;
  if (size < 4 || load<u32>(list) > (size - 4) >> 3) return false;
  const texts = list + 4 + ((<usize>load<u32>(list)) << 3);
  let at = texts;
  for (let next = list + 4; next < texts; next += 4) {
    if (load<u32>(next) >= <u32>(end - at)) return false;
    at += <usize>load<u32>(next);
    if (load<u8>(at)) return false;
    at++;
  }
  return at == end;
}

/** Whether a slot has what is read as a whole: a message, the claims, an item. */
function isRoot(slot: u32): bool {
  return slot <= <u32>Slot.Claims || slot == <u32>Slot.Answer || slot == <u32>Slot.Item;
}

/** Parents come before their children, so that the tree has no cycle. */
function checkNodes(): bool {
  const total = sectionCount(Section.Nodes);
  for (let i: u32 = 0; i < total; i++) {
    const record = section(Section.Nodes) + <usize>i * NODE_SIZE;
    const parent = load<u32>(record, NodeField.Parent);
    if (isRoot(i) ? parent != NONE : parent >= i) return false;
  }
  return true;
}

/** Ranges are whole, and no more bits of an address count than it has. */
function checkSources(): bool {
  let ranges = section(Section.Sources) + <usize>SourceField.Ranges;
  for (let left = sectionCount(Section.Sources); left; left--, ranges += SOURCE_SIZE) {
    const size = textLength(ranges);
    if (size % ADDRESS_RANGE_SIZE) return false;
    for (let at: u32 = ADDRESS_RANGE_SIZE; at <= size; at += ADDRESS_RANGE_SIZE) {
      if (load<u8>(text(ranges) + <usize>at - 1) > MOST_BITS) return false;
    }
  }
  return true;
}

/** A bucket's entries are in the order of their rules: the decision relies on it when it merges buckets. */
function checkBuckets(): bool {
  let run = section(Section.Buckets) + <usize>BucketField.Entries;
  for (let left = sectionCount(Section.Buckets); left; left--, run += BUCKET_SIZE) {
    let entry = section(Section.Entries) + <usize>load<u32>(run, RunField.First) * ENTRY_SIZE;
    for (let more = runCount(run); more > 1; more--, entry += ENTRY_SIZE) {
      if (load<u32>(entry + ENTRY_SIZE, EntryField.Rule) < load<u32>(entry, EntryField.Rule)) return false;
    }
  }
  return sectionCount(Section.Anchors) <= <u32>MAX_ANCHORS;
}

/** An option is a scope or a template, a template has placeholders, and there are not more scopes to ask for than scopes. */
function checkScopes(): bool {
  let option = section(Section.Options);
  for (let left = sectionCount(Section.Options); left; left--, option += OPTION_SIZE) {
    const hasTemplate = load<u32>(option, OptionField.Template) != NONE;
    if ((load<u32>(option, OptionField.Scope) != NONE) == hasTemplate) return false;
  }
  let parts = section(Section.Templates) + <usize>TemplateField.Parts;
  for (let left = sectionCount(Section.Templates); left; left--, parts += TEMPLATE_SIZE) {
    if (!runCount(parts)) return false;
  }
  return (
    setting(Setting.AskedScopes) <= sectionCount(Section.Scopes) &&
    sectionCount(Section.Templates) <= <u32>MAX_TEMPLATES
  );
}

function runCount(run: usize): u32 {
  return load<u32>(run, RunField.Count);
}
