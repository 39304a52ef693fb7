// The program: what the compiler makes of a policy and the only thing the filter evaluates.
// Shared by the encoder (scripts/) and the VM (assembly/), so only what both compilers read: plain enums, un-annotated
// constants, and two functions on Reason. No other logic, no decorators.
//
// All numbers are little-endian u32 unless drawn otherwise; every offset counts from the first byte of the program.
//
//    0        4         8          12         16                        16 + 8 * SECTION_COUNT
//   +--------+---------+----------+----------+-------------------------+----------------------------+
//   | MAGIC  | VERSION | length   | checksum | (offset, count) x N     | sections, each at a        |
//   |        |         | in bytes | FNV-1a   | one per Section         | multiple of 8, in order   |
//   +--------+---------+----------+----------+-------------------------+----------------------------+
//   checksum: 32-bit FNV-1a over the bytes from 16 to length. count: records of the section (bytes for Bytes).
//
// A text is a pair (offset, length) of raw UTF-8 in the section Bytes. A run is a pair (first, count) of records of another
// section. NONE (0xffffffff) stands for "absent".

import { Attribute, CelType, LoopKind, OPTIONAL, Op, SORTED, Slot, Tag, TimePart } from "./instructions.ts";

export { Attribute, CelType, LoopKind, OPTIONAL, Op, SORTED, Slot, Tag, TimePart };

export const MAGIC = 0x31504753; // "SGP1"
export const VERSION = 6;
export const HEADER_SIZE = 16;
export const SECTION_COUNT = 25;
export const NONE = 0xffffffff;

// prettier-ignore
export enum HeaderField { Magic = 0, Version = 4, Length = 8, Checksum = 12 }
// prettier-ignore
export enum TextField { Offset = 0, Length = 4 }
// prettier-ignore
export enum RunField { First = 0, Count = 4 }

export enum Section {
  Bytes = 0, //      the bytes that texts and automata point into
  Settings = 1, //   one u32 per Setting; a text takes two
  Scopes = 2, //     ScopeRecord: every scope the policy names; those that can be asked for come first
  ScopeIds = 3, //   u32 indexes into Scopes, in runs that other records point to
  Nodes = 4, //      NodeRecord: the tree of member paths to find in the body and in the claims; index = slot
  Claims = 5, //     ClaimRecord
  Texts = 6, //      (offset, length): runs that other records point to
  Rules = 7, //      RuleRecord, in the policy's order
  Entries = 8, //    EntryRecord: grouped by bucket, inside a bucket by rule, then by place in the rule's target
  Buckets = 9, //    BucketRecord: the key of a target and its entries
  Anchors = 10, //   AnchorRecord: the forms in which names with stars are looked up, at most MAX_ANCHORS
  Predicates = 11, // PredicateRecord: one per distinct `when`
  Code = 12, //      Instruction, 8 bytes each
  Cells = 13, //     Cell, 16 bytes each: constants of the predicates
  Automata = 14, //  AutomatonRecord: one per distinct regex
  Reasons = 15, //   ReasonRecord: what each Reason is answered with; the last only counts
  Methods = 16, //   MethodRecord: the methods that name a target, and those of the lifecycle
  Patterns = 17, //  PatternRecord: what a name with stars must satisfy besides its anchor
  Facts = 18, //     FactRecord: the arguments that decision records have
  Sources = 19, //   SourceRecord: where a rule says that a call must come from
  Terms = 20, //     TermRecord: what rules ask of the token's scopes
  Options = 21, //   OptionRecord: the alternatives of terms
  Templates = 22, // TemplateRecord: scopes that depend on the call, at most MAX_TEMPLATES
  Parts = 23, //     PartRecord: their placeholders
  Locked = 24, //    LockedRecord: the tools of the policy's locks, by backend (none first) and name, in the order of bytes
}

/** Bytes of one record of each section, in the order of Section. */
export const SETTINGS_SIZE = 4;
export const SCOPE_SIZE = 24;
export const NODE_SIZE = 12;
export const CLAIM_SIZE = 28;
export const TEXT_SIZE = 8;
export const RULE_SIZE = 40;
export const ENTRY_SIZE = 8;
export const BUCKET_SIZE = 36;
export const ANCHOR_SIZE = 16;
export const PREDICATE_SIZE = 16;
export const INSTRUCTION_SIZE = 8;
export const CELL_SIZE = 16;
export const AUTOMATON_SIZE = 56;
export const REASON_SIZE = 36;
export const METHOD_SIZE = 16;
export const PATTERN_SIZE = 40;
export const FACT_SIZE = 16;
export const SOURCE_SIZE = 28;
export const TERM_SIZE = 12;
export const OPTION_SIZE = 8;
export const TEMPLATE_SIZE = 24;
export const PART_SIZE = 16;
export const LOCKED_SIZE = 24;
export const THIRD_VALUE = 24; // where a header list has the size of its third value

/** Word index inside Settings. A text takes this word (offset) and the next (length). A list is (first, count). */
export enum Setting {
  Flags = 0, //               Flag bits
  Govern = 1, //              1 << Kind for every governed kind
  BackendFrom = 2, //         BackendFrom
  BackendText = 3, //         separator, or the fixed name
  MetadataKeys = 5, //        run of Texts: keys of the jwt_authn namespace to try, in order
  Resource = 7, //            RFC 9728 `resource`; NONE when not set. For listings
  ResourceMetadata = 9, //    URL of the metadata document; NONE when not set. For listings
  BaselineScopes = 11, //     separated by spaces, for the 401 challenge; NONE when empty. For listings
  DocumentPaths = 13, //      run of Texts: exact request paths (without query) of the metadata document
  Document = 15, //           the metadata document, JSON
  MaxBody = 17, //            bytes
  MaxDepth = 18, //           nesting of the body
  StepBudget = 19, //         per request; 0: by its size (BASE_STEPS)
  LoopLimit = 20, //          equal challenges to one subject before the terminal answer; 0 = off
  LoopWindow = 21, //         seconds
  PolicyName = 22, //         text
  Challenge = 24, //          header list that asks for scopes, the challenge its third header; NONE without one
  AfterScopes = 26, //        bytes of it after the place of the scopes; 0 without one
  ScopesEnd = 27, //          text after the scopes in an error body
  StreamAction = 29, //       Action for GET
  SessionAction = 30, //      Action for DELETE
  PreflightAction = 31, //    Action for OPTIONS
  Lists = 32, //              four bits for each ListKind: bit ListOutcome shows such items; LISTED: the list is filtered
  MaxList = 33, //            bytes of an answer with a list
  SenderConstrained = 34, //  SenderConstrained
  Record = 35, //             RecordFlag bits
  AskedScopes = 36, //        how many of the scopes can be asked for
  ScopeClaims = 37, //        run of Claims: where the token's scopes are besides scope and scp
  Drift = 39, //              Drift
  Asking = 40, //             header list of a 401 that asks for scopes, the challenge its third header; NONE without one
  AfterAsked = 42, //         bytes of it after the place of the scopes
  Bare = 43, //               header list of a 401 that asks for no scope
  Count = 45,
}

export enum Flag {
  DefaultAllow = 1, //     defaultAction: Allow
  NeedsClaims = 2, //      some rule or predicate reads a claim
  NeedsScopeList = 4, //   some predicate reads jwt.scopes
  NeedsHeaders = 8, //     some predicate reads request.headers
  NeedsRequest = 16, //    some predicate reads request.method, .host or .path
  InBand = 32, //          denials are a 200 with a JSON-RPC error. For listings: the ReasonRecords have the statuses
  IncludeGranted = 64, //  the challenge also lists the scopes that the token holds
  LenientHeaders = 128, // a disagreement of mirror headers is counted, not refused
  NeedsAllClaims = 256, // some predicate reads the claims as a whole: those that no slot names, too
  NormalUris = 512, //     a URI in another spelling could walk around a rule: only normal ones are decided about
  AsciiUris = 1024, //     such a rule has characters beyond ASCII: only their escapes are normal then
  Annotate = 2048, //      items of lists that more scopes would open say which
  Shadow = 32768, //       calls pass that would be denied
  HasShadow = 65536, //    some rule is not enforced for everybody
  ShadowScopeList = 131072, // as NeedsScopeList, where only rules in shadow do
  Mixed = 4096, //         denials that no challenge helps are a 200 with a JSON-RPC error. For listings, like InBand
  IgnoreScope = 8192, //   the claim scope has no scopes of the token
  IgnoreScp = 16384, //    likewise scp
  Anonymous = 262144, //   some rule is for callers without a token, too
}

/** Which decisions are recorded, and what a record has. */
export enum RecordFlag {
  Passes = 1,
  Refusals = 2,
  Text = 4, //    one line of text, not an object
  Token = 8, //   sub, client, iss, act
  Scopes = 16, // what the token holds
  Session = 32, // mcp.session.id, hashed
}

/** What becomes of a tool in a list that is not as the policy's lock has it. */
// prettier-ignore
export enum Drift { Off = 0, Count = 1, Hide = 2 }

/** What becomes of a token that is bound to a key. */
export enum SenderConstrained {
  Refuse = 0,
  Verify = 1, // the certificate it is bound to must be the connection's
  Accept = 2, // as one that is not bound
}

// prettier-ignore
export enum ListKind { Tools = 0, Prompts = 1, Resources = 2, Templates = 3, Count = 4 }
/** What a caller can do with an item: call it; call it with more scopes; neither; it cannot be read, so it is never shown. */
// prettier-ignore
export enum ListOutcome { Callable = 0, Obtainable = 1, Never = 2, Broken = 3, Count = 4 }
/** The bit of a ListKind in Setting.Lists that says that it is filtered at all. */
export const LISTED = 8;

export enum BackendFrom {
  None = 0, //       the whole name is the tool, no backend
  ToolPrefix = 1, // text before the first separator
  Route = 2,
  Cluster = 3,
  Fixed = 4, //      Setting.BackendText
}

/** What a target names, and what a policy can govern. */
export enum Kind {
  Any = 0,
  Tool = 1,
  Resource = 2,
  Prompt = 3,
  Method = 4,
  Completion = 7, //    these three are only governed; a target names them as a resource, prompt or method
  Subscription = 8,
  Task = 9,
}

/** By which part of a call's name an entry is found: the whole name, or a literal part of a name with stars. */
export enum Anchor {
  Exact = 0,
  Prefix = 1,
  Suffix = 2,
  Piece = 3, //         anywhere in the name
  BackendPrefix = 4, // of the backend's name
  BackendSuffix = 5,
  BackendPiece = 6,
}

export enum Action {
  Deny = 0,
  Allow = 1,
  Require = 2, // only of rules; these come before all others
}

// ScopeRecord       name (offset, length), closure (first, count in ScopeIds: what a holder also holds, itself included),
//                   families (first, count in Texts: beginnings of scopes that a holder holds, for scopes made by templates)
// prettier-ignore
export enum ScopeField { Name = 0, Closure = 8, Families = 16 }
// NodeRecord        parent slot (NONE for the two roots), name (offset, length)
// prettier-ignore
export enum NodeField { Parent = 0, Name = 4 }
// ClaimRecord       slot of the name as written, slot of the dotted path (equal when there is no dot), ClaimType,
//                   values (first, count in Texts), patterns (first, count in Patterns, whose backend is anything)
// prettier-ignore
export enum ClaimField { Literal = 0, Path = 4, Type = 8, Values = 12, Patterns = 20 }
/** What a claim must be: a listed text; that, or a list that has one; there, whatever it is. */
// prettier-ignore
export enum ClaimType { String = 0, StringArray = 1, Present = 2 }
// TermRecord        scope, or NONE when there are several or it depends on the call; options (first, count): one must be held
// prettier-ignore
export enum TermField { Scope = 0, Options = 4 }
// OptionRecord      scope or NONE, template or NONE: one of them
// prettier-ignore
export enum OptionField { Scope = 0, Template = 4 }
// TemplateRecord    as written (offset, length), parts (first, count), text after the last one (offset, length)
// prettier-ignore
export enum TemplateField { Source = 0, Parts = 8, Tail = 16 }
// PartRecord        text before the placeholder (offset, length), PartValue, slot
// prettier-ignore
export enum PartField { Before = 0, Value = 8, Slot = 12 }
// prettier-ignore
export enum PartValue { Slot = 0, Tool = 1, Backend = 2 }
// RuleRecord        name (offset, length), Action, scopes (first, count in Terms), claims (first, count),
//                   predicate or NONE, source or NONE, for how many of 100 subjects it is enforced: ENFORCED for all, 0 in shadow
// prettier-ignore
export enum RuleField { Name = 0, Action = 8, Scopes = 12, Claims = 20, Predicate = 28, Source = 32, Mode = 36 }
export const ENFORCED = 100;
// SourceRecord      ranges of addresses (offset, length; NONE: any), 17 bytes each: address, how many of its bits count; names of
//                   the certificate (first, count in Texts) and names with stars (first, count in Patterns); none of both: any; SourceFlag bits
// prettier-ignore
export enum SourceField { Ranges = 0, Names = 8, Patterns = 16, Flags = 24 }
export const ADDRESS_RANGE_SIZE = 17;
/** Anonymous: it holds without a token, too. Free: the rule has nothing to do with the token. */
// prettier-ignore
export enum SourceFlag { Anonymous = 1, Free = 2 }
// EntryRecord       rule, predicate or NONE
// prettier-ignore
export enum EntryField { Rule = 0, Predicate = 4 }
// BucketRecord      Kind, backend (offset or NONE = any, length), text of the anchor (offset, length), entries (first, count),
//                   Anchor, pattern or NONE. Buckets of one key (all but entries and pattern) are side by side, the one without
//                   a pattern last
// prettier-ignore
export enum BucketField { Kind = 0, Backend = 4, Name = 12, Entries = 20, Anchor = 28, Pattern = 32 }
// AnchorRecord      a form of key that buckets have: Kind, Anchor, whether it names a backend (0, 1), length of the text in bytes
// prettier-ignore
export enum AnchorField { Kind = 0, Anchor = 4, HasBackend = 8, Length = 12 }
// PatternRecord     what the name must have, and what the backend must have: prefix (offset, length), suffix (offset, length),
//                   automaton or NONE; a prefix of NONE: anything, also none
// prettier-ignore
export enum PatternField { Name = 0, Backend = 20 }
// prettier-ignore
export enum AffixField { Prefix = 0, Suffix = 8, Automaton = 16 }
// LockedRecord      name (offset, length), backend (offset or NONE: the name is the one that is sent; length), SHA-256 of the
//                   tool in canonical JSON (offset, length)
// prettier-ignore
export enum LockedField { Name = 0, Backend = 8, Digest = 16 }
// PredicateRecord   code (first, count), most cells on the stack, most loops open at once
// prettier-ignore
export enum PredicateField { Code = 0, Stack = 8, Loops = 12 }
// AutomatonRecord   states, classes, start state, offsets of: the class of each of the 128 ASCII characters (u8), the ranges
//                   (u32 first code point, u32 class; ascending; the first starts at or below 0x80), number of ranges,
//                   offset of the table (classes + 1 columns of one u16 a state, the last for the end of the text), offset of
//                   the source (u32 length, then UTF-8; for listings), number of loops, offset of the loops, bytes of the
//                   prefix (0 to MAX_PREFIX), the state after it, the prefix (8 bytes).
//                   State 0 rejects and state 1 accepts, both for good. The next states are those with a loop: they are
//                   left only by some characters. Every raw text that is not rejected begins with the prefix.
// prettier-ignore
export enum AutomatonField {
  States = 0, Classes = 4, Start = 8, Ascii = 12, Ranges = 16, RangeCount = 20, Table = 24, Source = 28,
  LoopCount = 32, Loops = 36, PrefixLength = 40, AfterPrefix = 44, Prefix = 48,
}
// ReasonRecord      texts: the name, the counter, code and message of the error, header list of the answer; status
// MethodRecord      text: the method; Kind of what it touches, Method for one of the lifecycle; slot of the target's name
// prettier-ignore
export enum MethodField { Name = 0, Kind = 8, Slot = 12 }
// FactRecord        slot of the argument, its path as written (offset, length), whether it is hashed (0, 1)
// prettier-ignore
export enum FactField { Slot = 0, Name = 4, Hashed = 12 }
// A header list     u32 count, then (u32, u32) lengths of each name and value, then name NUL value NUL …: as the host takes it
// prettier-ignore
export enum ReasonField { Name = 0, Counter = 8, Error = 16, Headers = 24, Status = 32 }
// A loop            bit h of byte l: whether the character 0xhl leaves the state, or is a backslash; byte 16: 0x80 when some
//                   character above ASCII leaves it, else 0
export const LOOP_SIZE = 17;
export const MAX_PREFIX = 8;

/** Bounds that the compiler keeps and the filter checks when it takes a program. */
export const MAX_PROGRAM = 16777216; // bytes
export const MAX_STACK = 256; //        cells of one predicate
export const MAX_LOOPS = 12; //         open at once
export const MAX_STATES = 4096; //      of an automaton before it is minimised
export const MAX_ANCHORS = 2048;
export const MAX_TEMPLATES = 256;
export const MAX_VALUE = 64; //         bytes that stand for a placeholder
export const SCRATCH_SIZE = 262144; //  bytes for lists and strings that a predicate makes
export const MAX_CHALLENGE = 6144; //   bytes of a WWW-Authenticate; a longer one is left out
export const DEFAULT_MAX_BODY = 4194304;
export const DEFAULT_MAX_LIST = 8388608;
export const DEFAULT_MAX_DEPTH = 128;

// `limits.steps: auto`. A step takes at most about 12 ns (`npm run bench -- --worst`): with these a request holds a worker for
// no longer than 5 ms and 100 ns for each of its bytes.
export const BASE_STEPS = 327680; // of every request
export const STEPS_PER_BYTE = 6; //  more for each byte of body, headers and token

/**
 * Why a request got its answer: the name in metrics, the access log, `eval` and the error body. The order decides what lets
 * a call through, see isPass and isDenial: a new Reason goes into the group that it belongs to, a refusal never into the first.
 */
// prettier-ignore
export enum Reason {
  host_error = 0, //            something that must not fail did: refused
  // The request is forwarded.
  allowed = 1, //               by a rule
  default_allow = 2, //         no rule matched, defaultAction Allow
  not_governed = 3, //          a kind of call that the policy leaves open
  lifecycle = 4, //             initialize, ping, lists, notifications …
  response = 5, //              a client's response (up to 2025-11-25)
  stream = 6, //                GET
  session_end = 7, //           DELETE
  preflight = 8, //             OPTIONS
  shadowed = 9, //              the policy is in shadow: it would be denied
  // The filter answers the request.
  metadata_document = 10,
  // The call is denied.
  insufficient_scope = 11, //   and the challenge helps
  rule_denied = 12, //          by a Deny rule, no grant helps
  no_rule = 13, //              by default, no grant helps
  requirement_unmet = 14, //    by a Require rule, no grant helps
  challenge_loop = 15, //       the same challenge again and again
  // The request is refused.
  no_token = 16, invalid_token = 17, not_json = 18, invalid_utf8 = 19, duplicate_key = 20,
  ambiguous_key = 21, //        differs only by case from a key that matters
  too_deep = 22, too_many_members = 23, number_range = 24, not_jsonrpc = 25, invalid_id = 26, invalid_params = 27,
  batch = 28, unsupported_version = 29, header_mismatch = 30, repeated_header = 31, empty_body = 32,
  unexpected_body = 33, body_too_large = 34, content_type = 35, content_encoding = 36, method_not_allowed = 37,
  upgrade = 38,
  early_answer = 39, //         the server answered before the request was judged
  lone_surrogate = 40, //       half of a pair, escaped
  sender_constrained = 41, //   a token that is bound to a key, without the proof
  no_policy = 42, //            of several policies none is for the host and path
  Count = 43,
}

/** Where a check returns a Reason why it refuses: it does not. */
export const NO_REASON = -1;

// What security hangs on; tests/compiler/reasons.test.ts holds the groups against the HTTP statuses.
const FIRST_PASS = Reason.allowed;
const LAST_PASS = Reason.shadowed;
const FIRST_DENIAL = Reason.insufficient_scope;
const LAST_DENIAL = Reason.challenge_loop;

/** Whether a request with this Reason is forwarded. Whatever is not known to be is refused. */
export function isPass(reason: Reason): boolean {
  return reason >= FIRST_PASS && reason <= LAST_PASS;
}

/** Whether a call with this Reason was understood and is denied by the policy. */
export function isDenial(reason: Reason): boolean {
  return reason >= FIRST_DENIAL && reason <= LAST_DENIAL;
}
