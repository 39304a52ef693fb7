// Operators and functions: one line per overload. A leading dot is a method, `*` marks comparisons between number
// types, which cel-go's checker allows only once it has been inside a macro. Order matters: the first overload that
// fits decides the result type, a second one with another result makes it dyn.
import { parameter, type, type Kind, type Type } from "./types.ts";

const ORDER = `
  int int; int double*; int uint*; uint uint; uint double*; uint int*; double double; double int*; double uint*
  string string; bytes bytes; timestamp timestamp; duration duration`;

const TABLE = `
!_                       bool                      bool
-_                       double                    double
-_                       int                       int
_?_:_                    bool A A                  A
_==_                     A A                       bool
_!=_                     A A                       bool
@in                      A list(A)                 bool
@in                      A map(A,B)                bool
_+_                      bytes bytes               bytes
_+_                      double double             double
_+_                      duration duration         duration
_+_                      duration timestamp        timestamp
_+_                      timestamp duration        timestamp
_+_                      int int                   int
_+_                      list(A) list(A)           list(A)
_+_                      string string             string
_+_                      uint uint                 uint
_-_                      double double             double
_-_                      duration duration         duration
_-_                      int int                   int
_-_                      timestamp duration        timestamp
_-_                      timestamp timestamp       duration
_-_                      uint uint                 uint
_*_                      double double             double
_*_                      int int                   int
_*_                      uint uint                 uint
_/_                      double double             double
_/_                      int int                   int
_/_                      uint uint                 uint
_%_                      int int                   int
_%_                      uint uint                 uint
_[_]                     list(A) int               A
_[_]                     map(A,B) A                B
_[_]                     optional(list(V)) int     optional(V)
_[_]                     optional(map(K,V)) K      optional(V)
_[?_]                    list(V) int               optional(V)
_[?_]                    optional(list(V)) int     optional(V)
_[?_]                    map(K,V) K                optional(V)
_[?_]                    optional(map(K,V)) K      optional(V)
bool                     bool                      bool
bool                     string                    bool
bytes                    bytes                     bytes
bytes                    string                    bytes
double                   double                    double
double                   int                       double
double                   string                    double
double                   uint                      double
duration                 duration                  duration
duration                 string                    duration
dyn                      A                         dyn
int                      int                       int
int                      double                    int
int                      duration                  int
int                      string                    int
int                      timestamp                 int
int                      uint                      int
string                   string                    string
string                   bool                      string
string                   bytes                     string
string                   double                    string
string                   duration                  string
string                   int                       string
string                   timestamp                 string
string                   uint                      string
timestamp                timestamp                 timestamp
timestamp                int                       timestamp
timestamp                string                    timestamp
type                     A                         type(A)
uint                     uint                      uint
uint                     double                    uint
uint                     int                       uint
uint                     string                    uint
cidr                     string                    cidr
.containsIP              cidr string               bool
size                     bytes                     int
.size                    bytes                     int
size                     list(A)                   int
.size                    list(A)                   int
size                     map(A,B)                  int
.size                    map(A,B)                  int
size                     string                    int
.size                    string                    int
.contains                string string             bool
.startsWith              string string             bool
.endsWith                string string             bool
matches                  string string             bool
.matches                 string string             bool
.getFullYear             timestamp                 int
.getFullYear             timestamp string          int
.getMonth                timestamp                 int
.getMonth                timestamp string          int
.getDayOfYear            timestamp                 int
.getDayOfYear            timestamp string          int
.getDayOfMonth           timestamp                 int
.getDayOfMonth           timestamp string          int
.getDate                 timestamp                 int
.getDate                 timestamp string          int
.getDayOfWeek            timestamp                 int
.getDayOfWeek            timestamp string          int
.getHours                timestamp                 int
.getHours                timestamp string          int
.getHours                duration                  int
.getMinutes              timestamp                 int
.getMinutes              timestamp string          int
.getMinutes              duration                  int
.getSeconds              timestamp                 int
.getSeconds              timestamp string          int
.getSeconds              duration                  int
.getMilliseconds         timestamp                 int
.getMilliseconds         timestamp string          int
.getMilliseconds         duration                  int
optional.of              V                         optional(V)
optional.ofNonZeroValue  V                         optional(V)
optional.none            -                         optional(V)
optional.unwrap          list(optional(V))         list(V)
.unwrapOpt               list(optional(V))         list(V)
.value                   optional(V)               V
.hasValue                optional(V)               bool
.or                      optional(V) optional(V)   optional(V)
.orValue                 optional(V) V             V
.first                   list(V)                   optional(V)
.last                    list(V)                   optional(V)
`;

interface Overload {
  args: Type[];
  result: Type;
  /** Names of the type parameters. */
  params: string[];
  mixed: boolean;
}

const METHODS = new Map<string, Overload[]>();
const FUNCTIONS = new Map<string, Overload[]>();

/** Overloads of a method (`x.f()`) or of a function or operator; undefined if the name exists in neither form. */
export function overloads(fn: string, method: boolean): Overload[] | undefined {
  const found = (method ? METHODS : FUNCTIONS).get(fn);
  return found ?? (METHODS.has(fn) || FUNCTIONS.has(fn) ? [] : undefined);
}

/** Names that an author can call, for suggestions. */
export function names(method: boolean): string[] {
  return [...(method ? METHODS : FUNCTIONS).keys()].filter((name) => /^\w/.test(name) && !name.startsWith("_"));
}

/** `list(A)`, `map(K,V)`, `int`; one capital letter is a type parameter. */
function readType(text: string): Type {
  const open = text.indexOf("(");
  if (open < 0) return /^[A-Z]$/.test(text) ? parameter(text) : type(text as Kind);
  const inner = text.slice(open + 1, -1);
  const parts =
    inner.startsWith("list") || inner.startsWith("map") || inner.startsWith("optional") ? [inner] : inner.split(",");
  return type(text.slice(0, open) as Kind, ...parts.map(readType));
}

function add(name: string, args: string[], result: string, mixed = false): void {
  const method = name.startsWith(".");
  const table = method ? METHODS : FUNCTIONS;
  const key = method ? name.slice(1) : name;
  const params = [...new Set([...args, result].join(" ").match(/\b[A-Z]\b/g) ?? [])];
  const overload = { args: args.map(readType), result: readType(result), params, mixed };
  table.set(key, [...(table.get(key) ?? []), overload]);
}

for (const line of TABLE.trim().split("\n")) {
  const [name = "", ...types] = line.split(/\s+/);
  add(
    name,
    types.slice(0, -1).filter((t) => t !== "-"),
    types.at(-1) ?? "",
  );
}
for (const op of ["_<_", "_<=_", "_>_", "_>=_"]) {
  add(op, ["bool", "bool"], "bool");
  for (const pair of ORDER.trim().split(/;\s*|\n\s*/)) {
    add(op, pair.replace("*", "").split(" "), "bool", pair.endsWith("*"));
  }
}
add("_&&_", ["bool", "bool"], "bool");
add("_||_", ["bool", "bool"], "bool");
