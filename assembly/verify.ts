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
import { program, section, sectionCount, settingAt, setting, useProgram } from "./sections.ts";
import { checkCode } from "./check-code.ts";

/** What a field of a record must be. */
enum Check {
  Text = 0,
  TextOrNone = 0x10000,
  Run = 0x20000, //         (first, count) within the section of the operand
  Index = 0x30000, //       of a record of the section of the operand
  IndexOrNone = 0x40000,
  AtMost = 0x50000, //      the operand
}

// What is checked of all records of a section, one field each. The settings are one record.
const FIELD = 0x100;
const OF = 0x1000000;
// prettier-ignore
const CHECKS: usize = memory.data<i32>([
  Section.Settings + FIELD * 4 * Setting.BackendText + Check.TextOrNone,
  Section.Settings + FIELD * 4 * Setting.Resource + Check.TextOrNone,
  Section.Settings + FIELD * 4 * Setting.ResourceMetadata + Check.TextOrNone,
  Section.Settings + FIELD * 4 * Setting.BaselineScopes + Check.TextOrNone,
  Section.Settings + FIELD * 4 * Setting.Document + Check.TextOrNone,
  Section.Settings + FIELD * 4 * Setting.PolicyName + Check.TextOrNone,
  Section.Settings + FIELD * 4 * Setting.ReasonNames + Check.Run + OF * Section.Texts,
  Section.Settings + FIELD * 4 * Setting.ReasonMessages + Check.Run + OF * Section.Texts,
  Section.Settings + FIELD * 4 * Setting.MetadataKeys + Check.Run + OF * Section.Texts,
  Section.Settings + FIELD * 4 * Setting.DocumentPaths + Check.Run + OF * Section.Texts,
  Section.Settings + FIELD * 4 * Setting.BackendFrom + Check.AtMost + OF * BackendFrom.Fixed,
  Section.Scopes + FIELD * ScopeField.Name + Check.Text,
  Section.Scopes + FIELD * ScopeField.Closure + Check.Run + OF * Section.ScopeIds,
  Section.ScopeIds + Check.Index + OF * Section.Scopes,
  Section.Texts + Check.Text,
  Section.Claims + FIELD * ClaimField.Literal + Check.Index + OF * Section.Nodes,
  Section.Claims + FIELD * ClaimField.Path + Check.Index + OF * Section.Nodes,
  Section.Claims + FIELD * ClaimField.Type + Check.AtMost + OF * ClaimType.StringArray,
  Section.Claims + FIELD * ClaimField.Values + Check.Run + OF * Section.Texts,
  Section.Rules + FIELD * RuleField.Name + Check.Text,
  Section.Rules + FIELD * RuleField.Action + Check.AtMost + OF * Action.Allow,
  Section.Rules + FIELD * RuleField.Scopes + Check.Run + OF * Section.ScopeIds,
  Section.Rules + FIELD * RuleField.Claims + Check.Run + OF * Section.Claims,
  Section.Rules + FIELD * RuleField.Predicate + Check.IndexOrNone + OF * Section.Predicates,
  Section.Entries + FIELD * EntryField.Rule + Check.Index + OF * Section.Rules,
  Section.Entries + FIELD * EntryField.Predicate + Check.IndexOrNone + OF * Section.Predicates,
  Section.Buckets + FIELD * BucketField.Kind + Check.AtMost + OF * Kind.Task,
  Section.Buckets + FIELD * BucketField.Name + Check.Text,
  Section.Buckets + FIELD * BucketField.Backend + Check.TextOrNone,
  Section.Buckets + FIELD * BucketField.Entries + Check.Run + OF * Section.Entries,
]);
const CHECK_COUNT: usize = 30;

// Bytes of a record, by Section.
// prettier-ignore
const RECORD_SIZES: usize = memory.data<i32>([
  SETTINGS_SIZE, 1, SCOPE_SIZE, 4, NODE_SIZE, CLAIM_SIZE, TEXT_SIZE, RULE_SIZE, ENTRY_SIZE, BUCKET_SIZE, PREFIX_LENGTH_SIZE,
  PREDICATE_SIZE, INSTRUCTION_SIZE, CELL_SIZE, AUTOMATON_SIZE,
]);

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
  if (!checkSections()) return false;
  for (let check = CHECKS; check < CHECKS + CHECK_COUNT * 4; check += 4) {
    if (!checkField(load<u8>(check), load<u8>(check, 1), load<u32>(check) & 0xff0000, load<u8>(check, 3))) return false;
  }
  return checkSettings() && checkNodes() && checkBuckets();
}

/** Makes one check of all records of a section. */
function checkField(index: u32, field: u32, check: u32, operand: u32): bool {
  let at = section(index) + <usize>field;
  const total = index == Section.Settings ? 1 : sectionCount(index);
  for (let left = total; left; left--, at += recordSize(index)) {
    if (!isFit(at, check, operand)) return false;
  }
  return true;
}

function isFit(at: usize, check: u32, operand: u32): bool {
  const value = load<u32>(at);
  if (value == NONE && (check == Check.TextOrNone || check == Check.IndexOrNone)) return true;
  if (check <= <u32>Check.TextOrNone) return isText(at);
  if (check == Check.Run) return isRun(at, operand);
  return check == Check.AtMost ? value <= operand : value < sectionCount(operand);
}

/** FNV-1a over everything behind the header's first 16 bytes. */
function checksum(at: usize, size: u32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i: u32 = HEADER_SIZE; i < size; i++) hash = (hash ^ load<u8>(at + <usize>i)) * 0x01000193;
  return hash;
}

function recordSize(index: u32): u32 {
  return load<u32>(RECORD_SIZES + ((<usize>index) << 2));
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

/** Whether (first, count) at `run` lies within a section. */
function isRun(run: usize, target: u32): bool {
  const first = load<u32>(run);
  const total = sectionCount(target);
  return first <= total && load<u32>(run, 4) <= total - first;
}

/** What settings ask of one another. */
function checkSettings(): bool {
  const from = setting(Setting.BackendFrom);
  const named = from == BackendFrom.ToolPrefix || from == BackendFrom.Fixed;
  return (
    load<u32>(settingAt(Setting.ReasonNames), 4) >= <u32>Reason.Count &&
    load<u32>(settingAt(Setting.ReasonMessages), 4) >= <u32>Reason.Count &&
    (load<u32>(settingAt(Setting.DocumentPaths), 4) == 0 || isText(settingAt(Setting.Document))) &&
    setting(Setting.MaxBody) <= 0x10000000 &&
    (!named || (isText(settingAt(Setting.BackendText)) && load<u32>(settingAt(Setting.BackendText), 4) > 0))
  );
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

/** A bucket's entries are in the order of their rules: the decision merges buckets by it. */
function checkBuckets(): bool {
  let run = section(Section.Buckets) + <usize>BucketField.Entries;
  for (let left = sectionCount(Section.Buckets); left; left--, run += BUCKET_SIZE) {
    let entry = section(Section.Entries) + <usize>load<u32>(run) * ENTRY_SIZE;
    for (let more = load<u32>(run, 4); more > 1; more--, entry += ENTRY_SIZE) {
      if (load<u32>(entry, ENTRY_SIZE + EntryField.Rule) < load<u32>(entry, EntryField.Rule)) return false;
    }
  }
  return sectionCount(Section.PrefixLengths) <= <u32>(MAX_PREFIX_LENGTHS * 2);
}
