// The code of predicates: what an Instruction of the program means, the slots and attributes that it reads, and the cells
// that it works on. A part of the program's format, which program.ts hands on: import from there.

/** Slots that every program has at these indexes; the compiler writes their NodeRecords, the policy's own follow. */
export enum Slot {
  Body = 0, //              the whole message
  Claims = 1, //            the verified payload without scope and scp
  Jsonrpc = 2,
  Id = 3,
  Method = 4,
  Params = 5,
  Result = 6,
  Error = 7,
  Name = 8, //              params.name
  Arguments = 9,
  Meta = 10,
  Uri = 11,
  Ref = 12,
  RefType = 13,
  RefName = 14,
  RefUri = 15,
  TaskId = 16,
  Notifications = 17,
  ResourceSubscriptions = 18,
  MetaVersion = 19, //      params._meta["io.modelcontextprotocol/protocolVersion"]
  Answer = 20, //           a message of the server
  // prettier-ignore
  AnswerResult = 21,
  Tools = 22,
  Prompts = 23,
  Resources = 24,
  Templates = 25,
  CacheScope = 26, // in the order of ListKind
  Item = 27, //             an item of a list
  // prettier-ignore
  ItemName = 28,
  ItemUri = 29,
  ItemTemplate = 30,
  ItemMeta = 31,
  ItemScopes = 32, // _meta["scopegate/scopes"]
  Count = 33,
}

/** Attributes of a call that are not members of the body. */
export enum Attribute {
  Method = 0, //          mcp.method, request.mcp.method
  Tool = 1, //            mcp.tool: without the backend prefix
  Backend = 2,
  Uri = 3,
  Prompt = 4,
  HttpMethod = 5, //      request.method
  Host = 6,
  Path = 7,
  Headers = 8, //         map: lower-case name to its first value
  HeadersAll = 9, //      map: lower-case name to the list of its values
  Scopes = 10, //         jwt.scopes: sorted, closed under the hierarchy
  Mcp = 11, //            the map mcp as a whole
  Params = 12, //         request.mcp.params as a whole: null when the call has none
  Address = 13, //        source.address
  Principal = 14, //      source.principal
  Time = 15, //           request.time
}

// Cell (also a constant):   0: Tag u32   4: aux u32   8: payload, 8 bytes
//   Bool, Int, Uint: i64/u64.  Double: f64.  String, Bytes: pointer u32, length in bytes u32; aux 1 = JSON escapes inside.
//   JsonList, JsonMap: pointer of the bracket, pointer after the closing one (0 = not known yet).
//   CellList: pointer of its cells, count.  CellMap: pointer of its cells (key, value, key, value …), count of pairs.
//   A long constant has aux SORTED: the keys of a map ascend and are strings; after the cells of a list come the same again,
//   ascending, all strings or all doubles.
//   Timestamp: i64 seconds since 1970, aux nanoseconds 0..999999999.  Duration: i64 nanoseconds.  Type: CelType.
//   OptionalNone; a present optional is its value with tag | OPTIONAL.
//   In a program pointers are offsets; the VM turns them into addresses when it takes the program.
export enum Tag {
  Error = 0,
  Null = 1,
  Bool = 2,
  Int = 3,
  Uint = 4,
  Double = 5,
  String = 6,
  Bytes = 7,
  JsonList = 8,
  JsonMap = 9,
  CellList = 10,
  CellMap = 11,
  Timestamp = 12,
  Duration = 13,
  Type = 14,
  OptionalNone = 15,
}
export const OPTIONAL = 0x100;
export const SORTED = 1;

// prettier-ignore
export enum CelType {
  Null = 1, Bool = 2, Int = 3, Uint = 4, Double = 5, String = 6, Bytes = 7, List = 8, Map = 9, Timestamp = 12, Duration = 13,
  Type = 14, Optional = 15,
}

// Instruction:  0: Op u8   1: a u8   2: b u16   4: c u32
// The predicate is a stack program: "x y → z" takes y (top) and x, leaves z. Every operation with an Error among its operands
// leaves Error, unless said otherwise. A jump goes to (its own index + 1 + c); c is never negative but in Next, where it
// is an i32. The code of a predicate ends with Return, and no path runs past it.
// prettier-ignore
export enum Op {
  Return = 0, //       x →                 true, false, or error (also for what is not a bool)
  Const = 1, //        → cell c
  Slot = 2, //         → value of slot c; Error when absent. a=1: Null when absent (args, meta). a=2: a null counts as absent too
  Matches = 3, //      s → bool by automaton c
  Jump = 4, //         by c
  // a && b:  a; AndJump → L; b; And; L:      AndJump: x → x, jumps when x is false.  And: x y → false if either is, else Error if either is no bool, else true
  // a || b:  likewise with true
  AndJump = 5,
  OrJump = 6,
  And = 7,
  Or = 8,
  // c ? t : f:  c; Branch → F; t; Jump → L; F: f; L:     Branch: x →; jumps when false; an Error or no bool goes to (index + 1 + b) with Error left on the stack
  Branch = 9,
  // x.or(y), x.orValue(y):  x; OptOrJump → L; y; L:   OptOrJump: x →; present: jumps with x (a=1: with its value) left; Error: the same with Error; none: drops x and goes on
  OptOrJump = 10,
  // x.optMap(v, e): x; OptMap → L; e; Bind; L:  OptMap opens a one-element loop frame over the value (variable: Local), none or Error: jumps with it left.
  // OptBind: x → optional of x (a=1 for optFlatMap: x itself, which must be an optional); closes the frame
  OptMap = 11,
  OptBind = 12,
  // Macros. Loop: x →; opens a frame over list elements or map keys; jumps (c) with the result on the stack when x is empty, with
  // Error when x is neither. a = LoopKind. The body leaves one value; Next takes it, adds it up, and jumps back (c < 0) while elements
  // are left and the answer is open; then it closes the frame, leaves the result and goes on.
  // map(x, p, t):  Loop → L; p; Skip → N; t; N: Next a=1; L:   Skip: p →; true goes on; false jumps with OptionalNone left, an error or
  // no bool with Error left.  Next a=1 leaves an OptionalNone out.
  Loop = 13,
  Next = 14,
  Skip = 15,
  Pop = 16, //         x →
  Dup = 17, //         x → x x
  List = 18, //        c values → CellList of them. a=1: present optionals are unwrapped, none is left out ([?x])
  Map = 19, //         2c values → CellMap, the last of equal keys wins; a key that is no string, int, uint or bool: Error. a=1 as in List

  // → x
  HasSlot = 20, //      → bool: has(slot c): true when present; else as Has on the slot's parent (null when that is absent args, meta or params). a=2: a null counts as absent
  OptSlot = 21, //      → optional: none when slot c is absent or its parent is a scalar or null; Error when the parent is absent (absent args, meta and params are null)
  Attribute = 22, //    → Attribute c; Error when absent
  HasAttribute = 23, // → bool
  Header = 24, //       → first value of header (cell c, lower case); Error when absent. a=1: the list of all its values
  HasHeader = 25, //    → bool
  Local = 26, //        → variable of the loop at depth c (0 = outermost open loop)
  OptNone = 27,

  // x → y
  Select = 28, //      m → m.k, k = cell c; Error when missing or m is no map
  Has = 29, //         m → has(m.k): false on scalars and null, Error on lists
  OptSelect = 30, //   m → m.?k; also on an optional m
  Not = 31, Neg = 32, Size = 33, ToInt = 34, ToUint = 35, ToDouble = 36, ToString = 37, ToBool = 38, ToBytes = 39,
  ToTimestamp = 40, ToDuration = 41, TypeOf = 42, OptOf = 43, OptOfNonZero = 44, OptValue = 45, OptHasValue = 46,
  Time = 47, //        t → int: TimePart a of a timestamp or duration. b = 1: t z → int with the zone as a string (UTC or ±hh:mm)

  // x y → z
  Index = 48, //       x i → x[i]
  OptIndex = 49, //    x i → x[?i]; also on an optional x
  Eq = 50, Ne = 51, Lt = 52, Le = 53, Gt = 54, Ge = 55, In = 56, Add = 57, Sub = 58, Mul = 59, Div = 60, Mod = 61,
  StartsWith = 62, EndsWith = 63, Contains = 64,
  InRange = 65, //     r a → bool: the address a (a string) is in the range r (17 bytes: address, how many of its bits count)
  Count = 66,
}

// prettier-ignore
export enum LoopKind { All = 0, Exists = 1, ExistsOne = 2, Filter = 3, Map = 4 }
// prettier-ignore
export enum TimePart {
  FullYear = 0, Month = 1, DayOfYear = 2, DayOfMonth = 3, Date = 4, DayOfWeek = 5, Hours = 6, Minutes = 7, Seconds = 8,
  Milliseconds = 9,
}
