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
import { program, section, sectionCount, settingAt, setting, useProgram } from "./sections.ts";
import { checkCode } from "./check-code.ts";

const OK = "";
let length: u32 = 0;

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
  if (!checkSections() || !checkSettings()) return false;
  return checkScopes() && checkNodes() && checkTexts() && checkClaims() && checkRules() && checkTargets();
}

/** FNV-1a over everything behind the header's first 16 bytes. */
function checksum(at: usize, size: u32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i: u32 = HEADER_SIZE; i < size; i++) hash = (hash ^ load<u8>(at + <usize>i)) * 0x01000193;
  return hash;
}

function recordSize(index: u32): u32 {
  switch (index) {
    case Section.Settings:
      return SETTINGS_SIZE;
    case Section.Bytes:
      return 1;
    case Section.Scopes:
      return SCOPE_SIZE;
    case Section.ScopeIds:
      return 4;
    case Section.Nodes:
      return NODE_SIZE;
    case Section.Claims:
      return CLAIM_SIZE;
    case Section.Texts:
      return TEXT_SIZE;
    case Section.Rules:
      return RULE_SIZE;
    case Section.Entries:
      return ENTRY_SIZE;
    case Section.Buckets:
      return BUCKET_SIZE;
    case Section.PrefixLengths:
      return PREFIX_LENGTH_SIZE;
    case Section.Predicates:
      return PREDICATE_SIZE;
    case Section.Code:
      return INSTRUCTION_SIZE;
    case Section.Cells:
      return CELL_SIZE;
    default:
      return AUTOMATON_SIZE;
  }
}

function checkSections(): bool {
  for (let i: u32 = 0; i < <u32>SECTION_COUNT; i++) {
    const offset = <u32>(section(i) - program);
    if (offset & 7 || offset > length) return false;
    if (<u64>sectionCount(i) * <u64>recordSize(i) > <u64>(length - offset)) return false;
  }
  for (let i: u32 = 0; i < <u32>SECTION_COUNT; i++) {
    if (i != <u32>Section.Cells && meetsCells(i)) return false;
  }
  return sectionCount(Section.Settings) >= <u32>Setting.Count && sectionCount(Section.Nodes) >= <u32>Slot.Count;
}

/** Whether a section shares bytes with the cells: those change when the program is taken, behind the checks. */
function meetsCells(index: u32): bool {
  const cells = section(Section.Cells);
  const other = section(index);
  const cellsEnd = cells + <usize>(sectionCount(Section.Cells) * recordSize(Section.Cells));
  return other < cellsEnd && cells < other + <usize>(sectionCount(index) * recordSize(index));
}

function isText(pair: usize): bool {
  const offset = load<u32>(pair);
  return offset <= length && load<u32>(pair, 4) <= length - offset;
}

function isTextOrNone(pair: usize): bool {
  return load<u32>(pair) == NONE || isText(pair);
}

/** Whether (first, count) at `run` lies within a section. */
function isRun(run: usize, target: u32): bool {
  const first = load<u32>(run);
  const total = sectionCount(target);
  return first <= total && load<u32>(run, 4) <= total - first;
}

function checkSettings(): bool {
  return (
    checkTextSettings() &&
    checkReasons(Setting.ReasonNames) &&
    checkReasons(Setting.ReasonMessages) &&
    isRun(settingAt(Setting.MetadataKeys), Section.Texts) &&
    isRun(settingAt(Setting.DocumentPaths), Section.Texts) &&
    (load<u32>(settingAt(Setting.DocumentPaths), 4) == 0 || isText(settingAt(Setting.Document))) &&
    setting(Setting.MaxBody) <= 0x10000000 &&
    setting(Setting.BackendFrom) <= <u32>BackendFrom.Fixed &&
    needsText(setting(Setting.BackendFrom))
  );
}

function checkTextSettings(): bool {
  return (
    isTextOrNone(settingAt(Setting.BackendText)) &&
    isTextOrNone(settingAt(Setting.Resource)) &&
    isTextOrNone(settingAt(Setting.ResourceMetadata)) &&
    isTextOrNone(settingAt(Setting.BaselineScopes)) &&
    isTextOrNone(settingAt(Setting.Document)) &&
    isTextOrNone(settingAt(Setting.PolicyName))
  );
}

function checkReasons(index: u32): bool {
  return isRun(settingAt(index), Section.Texts) && load<u32>(settingAt(index), 4) >= <u32>Reason.Count;
}

function needsText(from: u32): bool {
  const named = from == BackendFrom.ToolPrefix || from == BackendFrom.Fixed;
  return !named || (isText(settingAt(Setting.BackendText)) && load<u32>(settingAt(Setting.BackendText), 4) > 0);
}

function checkScopes(): bool {
  const total = sectionCount(Section.Scopes);
  for (let i: u32 = 0; i < total; i++) {
    const record = section(Section.Scopes) + <usize>i * SCOPE_SIZE;
    if (!isText(record + ScopeField.Name) || !isRun(record + ScopeField.Closure, Section.ScopeIds)) return false;
  }
  const ids = sectionCount(Section.ScopeIds);
  for (let i: u32 = 0; i < ids; i++) {
    if (load<u32>(section(Section.ScopeIds) + ((<usize>i) << 2)) >= total) return false;
  }
  return true;
}

/** Parents come before their children, so the tree has no cycle. */
function checkNodes(): bool {
  const total = sectionCount(Section.Nodes);
  for (let i: u32 = 0; i < total; i++) {
    const record = section(Section.Nodes) + <usize>i * NODE_SIZE;
    const parent = load<u32>(record, NodeField.Parent);
    if (i <= <u32>Slot.Claims ? parent != NONE : parent >= i) return false;
    if (i > <u32>Slot.Claims && !isText(record + NodeField.Name)) return false;
  }
  return true;
}

function checkTexts(): bool {
  const total = sectionCount(Section.Texts);
  for (let i: u32 = 0; i < total; i++) {
    if (!isText(section(Section.Texts) + <usize>i * TEXT_SIZE)) return false;
  }
  return true;
}

function checkClaims(): bool {
  const slots = sectionCount(Section.Nodes);
  const total = sectionCount(Section.Claims);
  for (let i: u32 = 0; i < total; i++) {
    const record = section(Section.Claims) + <usize>i * CLAIM_SIZE;
    if (load<u32>(record, ClaimField.Literal) >= slots || load<u32>(record, ClaimField.Path) >= slots) return false;
    if (load<u32>(record, ClaimField.Type) > 1 || !isRun(record + ClaimField.Values, Section.Texts)) return false;
  }
  return true;
}

function isPredicate(predicate: u32): bool {
  return predicate == NONE || predicate < sectionCount(Section.Predicates);
}

function checkRules(): bool {
  const total = sectionCount(Section.Rules);
  for (let i: u32 = 0; i < total; i++) {
    const record = section(Section.Rules) + <usize>i * RULE_SIZE;
    if (!isText(record + RuleField.Name) || load<u32>(record, RuleField.Action) > <u32>Action.Allow) return false;
    if (!isRun(record + RuleField.Scopes, Section.ScopeIds) || !isRun(record + RuleField.Claims, Section.Claims))
      return false;
    if (!isPredicate(load<u32>(record, RuleField.Predicate))) return false;
  }
  return true;
}

function checkTargets(): bool {
  const rules = sectionCount(Section.Rules);
  const entries = sectionCount(Section.Entries);
  for (let i: u32 = 0; i < entries; i++) {
    const record = section(Section.Entries) + <usize>i * ENTRY_SIZE;
    if (load<u32>(record, EntryField.Rule) >= rules || !isPredicate(load<u32>(record, EntryField.Predicate)))
      return false;
  }
  const buckets = sectionCount(Section.Buckets);
  for (let i: u32 = 0; i < buckets; i++) {
    if (!checkBucket(section(Section.Buckets) + <usize>i * BUCKET_SIZE)) return false;
  }
  const prefixes = sectionCount(Section.PrefixLengths);
  return prefixes <= <u32>(MAX_PREFIX_LENGTHS * 2);
}

/** A bucket's entries are in the order of their rules: the decision merges buckets by it. */
function checkBucket(record: usize): bool {
  if (load<u32>(record) > <u32>Kind.Task || !isText(record + BucketField.Name)) return false;
  if (!isTextOrNone(record + BucketField.Backend) || !isRun(record + BucketField.Entries, Section.Entries))
    return false;
  const first = load<u32>(record, BucketField.Entries);
  const total = load<u32>(record, BucketField.Entries + 4);
  for (let i: u32 = 1; i < total; i++) {
    const entry = section(Section.Entries) + <usize>(first + i) * ENTRY_SIZE;
    if (load<u32>(entry, EntryField.Rule) < load<u32>(entry - ENTRY_SIZE, EntryField.Rule)) return false;
  }
  return true;
}
