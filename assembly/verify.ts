// The check of a program, once, when a configuration is taken: magic, version, checksum, and every offset, index and
// run in every record. Afterwards nothing that reads the program tests a bound. The code itself is check-code.ts's.
import {
  AUTOMATON_SIZE,
  Action,
  BUCKET_SIZE,
  BackendFrom,
  BucketField,
  CELL_SIZE,
  CLAIM_SIZE,
  ClaimField,
  ClaimType,
  ENTRY_SIZE,
  EntryField,
  HEADER_SIZE,
  INSTRUCTION_SIZE,
  Kind,
  MAGIC,
  MAX_PREFIX_LENGTHS,
  MAX_PROGRAM,
  NODE_SIZE,
  NONE,
  NodeField,
  PREDICATE_SIZE,
  PREFIX_LENGTH_SIZE,
  RULE_SIZE,
  Reason,
  RuleField,
  SCOPE_SIZE,
  SECTION_COUNT,
  SETTINGS_SIZE,
  ScopeField,
  Section,
  Setting,
  Slot,
  TEXT_SIZE,
  VERSION,
} from "./program.ts";
import { program, section, sectionCount, setting, useProgram } from "./sections.ts";
import { checkCode } from "./check-code.ts";

const OK = "";
let length: u32 = 0;

/** Bytes of one record, in the order of Section. */
// prettier-ignore
const SIZES: usize = memory.data<i32>([
  SETTINGS_SIZE, 1, SCOPE_SIZE, 4, NODE_SIZE, CLAIM_SIZE, TEXT_SIZE, RULE_SIZE, ENTRY_SIZE, BUCKET_SIZE,
  PREFIX_LENGTH_SIZE, PREDICATE_SIZE, INSTRUCTION_SIZE, CELL_SIZE, AUTOMATON_SIZE,
]);

// What a field of a record has to be.
const TEXT: i32 = 0 << 16; //          (offset, length) in the program
const TEXT_OR_NONE: i32 = 1 << 16;
const RUN: i32 = 2 << 16; //           (first, count) of the section named
const INDEX: i32 = 3 << 16; //         of a record of the section named
const INDEX_OR_NONE: i32 = 4 << 16;
const AT_MOST: i32 = 5 << 16; //       the number named

/** A byte each: section, field, what it has to be, and of what. The settings are one record, of words. */
// prettier-ignore
const FIELDS: usize = memory.data<i32>([
  Section.Settings | (Setting.BackendFrom << 10) | AT_MOST | (BackendFrom.Fixed << 24),
  Section.Settings | (Setting.BackendText << 10) | TEXT_OR_NONE,
  Section.Settings | (Setting.MetadataKeys << 10) | RUN | (Section.Texts << 24),
  Section.Settings | (Setting.Resource << 10) | TEXT_OR_NONE,
  Section.Settings | (Setting.ResourceMetadata << 10) | TEXT_OR_NONE,
  Section.Settings | (Setting.BaselineScopes << 10) | TEXT_OR_NONE,
  Section.Settings | (Setting.DocumentPaths << 10) | RUN | (Section.Texts << 24),
  Section.Settings | (Setting.Document << 10) | TEXT_OR_NONE,
  Section.Settings | (Setting.PolicyName << 10) | TEXT_OR_NONE,
  Section.Settings | (Setting.ReasonNames << 10) | RUN | (Section.Texts << 24),
  Section.Settings | (Setting.ReasonMessages << 10) | RUN | (Section.Texts << 24),
  Section.Scopes | (ScopeField.Name << 8) | TEXT,
  Section.Scopes | (ScopeField.Closure << 8) | RUN | (Section.ScopeIds << 24),
  Section.ScopeIds | INDEX | (Section.Scopes << 24),
  Section.Claims | (ClaimField.Literal << 8) | INDEX | (Section.Nodes << 24),
  Section.Claims | (ClaimField.Path << 8) | INDEX | (Section.Nodes << 24),
  Section.Claims | (ClaimField.Type << 8) | AT_MOST | (ClaimType.StringArray << 24),
  Section.Claims | (ClaimField.Values << 8) | RUN | (Section.Texts << 24),
  Section.Texts | TEXT,
  Section.Rules | (RuleField.Name << 8) | TEXT,
  Section.Rules | (RuleField.Action << 8) | AT_MOST | (Action.Allow << 24),
  Section.Rules | (RuleField.Scopes << 8) | RUN | (Section.ScopeIds << 24),
  Section.Rules | (RuleField.Claims << 8) | RUN | (Section.Claims << 24),
  Section.Rules | (RuleField.Predicate << 8) | INDEX_OR_NONE | (Section.Predicates << 24),
  Section.Entries | (EntryField.Rule << 8) | INDEX | (Section.Rules << 24),
  Section.Entries | (EntryField.Predicate << 8) | INDEX_OR_NONE | (Section.Predicates << 24),
  Section.Buckets | (BucketField.Kind << 8) | AT_MOST | (Kind.Task << 24),
  Section.Buckets | (BucketField.Name << 8) | TEXT,
  Section.Buckets | (BucketField.Backend << 8) | TEXT_OR_NONE,
  Section.Buckets | (BucketField.Entries << 8) | RUN | (Section.Entries << 24),
]);
const FIELD_COUNT: u32 = 30;

/** What is wrong with the program of `size` bytes at `at`; an empty text when nothing is. Uses the program. */
export function checkProgram(at: usize, size: u32): string {
  const tables = HEADER_SIZE + SECTION_COUNT * 8;
  if (size < <u32>tables || size > <u32>MAX_PROGRAM)
    return "the program has an impossible size; compile the policy again";
  if (load<u32>(at) != MAGIC) return "the program is none of scopegate's; use the output of scopegate compile";
  if (load<u32>(at, 4) != VERSION)
    return "the program is for another version of the filter; compile it with the scopegate of this filter";
  if (load<u32>(at, 8) != size || load<u32>(at, 12) != checksum(at, size))
    return "the program is damaged (checksum); compile the policy again";
  useProgram(at);
  length = size;
  return checkRecords() && checkCode(at) == 0 ? OK : "the program is damaged (records); compile the policy again";
}

function checkRecords(): bool {
  return checkSections() && checkFields() && checkSettings() && checkNodes() && checkBuckets();
}

/** FNV-1a over everything behind the header's first 16 bytes. */
function checksum(at: usize, size: u32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i: u32 = HEADER_SIZE; i < size; i++) hash = (hash ^ load<u8>(at + <usize>i)) * 0x01000193;
  return hash;
}

function recordSize(index: u32): u32 {
  return <u32>load<u32>(SIZES + ((<usize>index) << 2));
}

function checkSections(): bool {
  const cells = <u64>section(Section.Cells);
  const cellsEnd = cells + <u64>sectionCount(Section.Cells) * CELL_SIZE;
  for (let i: u32 = 0; i < <u32>SECTION_COUNT; i++) {
    const offset = <u32>(section(i) - program);
    const start = <u64>section(i);
    const size = <u64>sectionCount(i) * <u64>recordSize(i);
    if (offset & 7 || offset > length || size > <u64>(length - offset)) return false;
    // None may share bytes with the cells: those change when the program is taken, behind the checks.
    if (i != <u32>Section.Cells && start < cellsEnd && cells < start + size) return false;
  }
  return sectionCount(Section.Settings) >= <u32>Setting.Count && sectionCount(Section.Nodes) >= <u32>Slot.Count;
}

function isText(pair: usize): bool {
  const offset = load<u32>(pair);
  return offset <= length && load<u32>(pair, 4) <= length - offset;
}

/** Whether (first, count) at `run` lies within a section. */
function isRun(run: usize, target: u32): bool {
  const first = load<u32>(run);
  const total = sectionCount(target);
  return first <= total && load<u32>(run, 4) <= total - first;
}

/** Checks every field of FIELDS in every record of its section. */
function checkFields(): bool {
  for (let i: u32 = 0; i < FIELD_COUNT; i++) {
    const field = load<u32>(FIELDS + ((<usize>i) << 2));
    const index = field & 0xff;
    const size = recordSize(index);
    let at = section(index) + <usize>((field >> 8) & 0xff);
    for (let left = index ? sectionCount(index) : 1; left; left--) {
      if (!isSound(at, (<i32>field) & 0xff0000, field >> 24)) return false;
      at += <usize>size;
    }
  }
  return true;
}

function isSound(at: usize, kind: i32, target: u32): bool {
  const value = load<u32>(at);
  if (kind == AT_MOST) return value <= target;
  if (kind == RUN) return isRun(at, target);
  if (value == NONE && (kind == TEXT_OR_NONE || kind == INDEX_OR_NONE)) return true;
  return kind <= TEXT_OR_NONE ? isText(at) : value < sectionCount(target);
}

function checkSettings(): bool {
  const from = setting(Setting.BackendFrom);
  const named = from == BackendFrom.ToolPrefix || from == BackendFrom.Fixed;
  return (
    setting(Setting.ReasonNames + 1) >= <u32>Reason.Count &&
    setting(Setting.ReasonMessages + 1) >= <u32>Reason.Count &&
    (setting(Setting.DocumentPaths + 1) == 0 || setting(Setting.Document) != NONE) &&
    setting(Setting.MaxBody) <= 0x10000000 &&
    (!named || (setting(Setting.BackendText) != NONE && setting(Setting.BackendText + 1) > 0)) &&
    sectionCount(Section.PrefixLengths) <= <u32>(MAX_PREFIX_LENGTHS * 2)
  );
}

/** Parents come before their children, so the tree has no cycle. */
function checkNodes(): bool {
  const total = sectionCount(Section.Nodes);
  for (let i: u32 = 0; i < total; i++) {
    const record = section(Section.Nodes) + <usize>i * NODE_SIZE;
    const parent = load<u32>(record, NodeField.Parent);
    if (i <= <u32>Slot.Claims ? parent != NONE : parent >= i || !isText(record + NodeField.Name)) return false;
  }
  return true;
}

/** A bucket's entries are in the order of their rules: the decision merges buckets by it. */
function checkBuckets(): bool {
  const total = sectionCount(Section.Buckets);
  for (let i: u32 = 0; i < total; i++) {
    const run = section(Section.Buckets) + <usize>i * BUCKET_SIZE + BucketField.Entries;
    let entry = section(Section.Entries) + <usize>load<u32>(run) * ENTRY_SIZE;
    for (let left = load<u32>(run, 4); left > 1; left--, entry += ENTRY_SIZE) {
      if (load<u32>(entry, ENTRY_SIZE) < load<u32>(entry)) return false;
    }
  }
  return true;
}
