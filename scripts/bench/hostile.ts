// Policies that somebody might write, each with bodies and tokens that somebody hostile would send to them: what costs the
// most for every byte that is sent.
import type { Struct } from "../wire.ts";

export interface Hostile {
  name: string;
  /** Members of the policy. */
  policy: object;
  /** The most bytes that make sense, if not as many as a body may have. */
  most?: number;
  /** A request of about `bytes` bytes. */
  request(bytes: number): HostileRequest;
}

export interface HostileRequest {
  body: string;
  claims?: Struct;
  headers?: [name: string, value: string][];
}

const rule = (when: string) => ({ rules: [{ target: { tools: [{ tool: "t", when }] } }] });
const rules = (whens: string[]) => ({ rules: whens.map((when) => ({ target: { tools: [{ tool: "t", when }] } })) });

const message = (method: string, params: object) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const calling = (args: object) => ({ body: message("tools/call", { name: "t", arguments: args }) });

/** Argument text of that many bytes, JSON escapes included. */
const filled = (bytes: number, unit: string) =>
  unit.repeat(Math.max(1, Math.floor(bytes / JSON.stringify(unit).slice(1, -1).length)));
const listed = <T>(bytes: number, item: T) =>
  Array<T>(Math.max(1, Math.floor(bytes / (JSON.stringify(item).length + 1)))).fill(item);
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

/** A text in `args.t`. */
const text = (name: string, policy: object, unit: string, end = ""): Hostile => ({
  name,
  policy,
  request: (bytes) => calling({ t: filled(bytes, unit) + end }),
});

/** A list in `args.l`. */
const list = (name: string, policy: object, item: unknown): Hostile => ({
  name,
  policy,
  request: (bytes) => calling({ l: listed(bytes, item) }),
});

const OLD = [["mcp-protocol-version", "2025-03-26"]] as [string, string][];
const batchOf = (bytes: number, one: object): string =>
  `[${listed(bytes, one)
    .map((item) => JSON.stringify(item))
    .join()}]`;
const PING = { jsonrpc: "2.0", method: "ping" };

/** A token as large as Envoy takes by default: 60 KiB of headers. */
const LARGE_TOKEN = 40_000;
const groups = (bytes: number, unit = "group") =>
  times(Math.floor(bytes / 14), (i) => `${unit} ${String(i).padStart(5, "0")}`);

const batches: Hostile[] = [
  {
    name: "a batch of pings, claims are read",
    policy: { rules: [{ source: { jwt: { claims: [{ name: "groups", valueType: "StringArray", values: ["a"] }] } } }] },
    request: (bytes) => ({ body: batchOf(bytes, PING), headers: OLD, claims: { groups: groups(LARGE_TOKEN) } }),
  },
  {
    name: "a batch of pings, all claims are read, full of controls",
    policy: rule("size(jwt.claims) > 3"),
    request: (bytes) => ({
      body: batchOf(bytes, PING),
      headers: OLD,
      claims: { text: "\u0001".repeat(LARGE_TOKEN), numbers: times(900, (i) => i) },
    }),
  },
  {
    name: "a batch of pings, many short scopes",
    policy: { scopes: Object.fromEntries(times(200, (i) => [`s${i}`, {}])), ...rule("true") },
    request: (bytes) => ({
      body: batchOf(bytes, PING),
      headers: OLD,
      claims: { scope: times(8_000, (i) => `s${i % 200}`).join(" ") },
    }),
  },
  {
    name: "a batch of pings, scopes that imply many",
    policy: {
      scopes: {
        all: { implies: times(2_000, (i) => `s${i}`) },
        ...Object.fromEntries(times(2_000, (i) => [`s${i}`, {}])),
      },
      ...rule("true"),
    },
    request: (bytes) => ({
      body: batchOf(bytes, PING),
      headers: OLD,
      claims: { scope: times(8_000, () => "all").join(" ") },
    }),
  },
  {
    name: "a batch of calls that read jwt.scopes",
    policy: {
      defaultAction: "Allow",
      rules: [{ action: "Deny", target: { tools: [{ tool: "t", when: '"x" in jwt.scopes' }] } }],
    },
    request: (bytes) => ({
      body: batchOf(bytes, { jsonrpc: "2.0", method: "tools/call", params: { name: "t" } }),
      headers: OLD,
      claims: { scope: times(4_000, (i) => `scope:${i}`).join(" ") },
    }),
  },
  {
    name: "a batch of calls, 200 rules with claims",
    policy: {
      defaultAction: "Allow",
      rules: times(200, (i) => ({
        action: "Deny",
        source: { jwt: { claims: [{ name: "groups", valueType: "StringArray", values: [`other ${i}`] }] } },
        target: { tools: ["t"] },
      })),
    },
    request: (bytes) => ({
      body: batchOf(bytes, { jsonrpc: "2.0", method: "tools/call", params: { name: "t" } }),
      headers: OLD,
      claims: { groups: groups(10_000) },
    }),
  },
  {
    name: "a batch of calls, 50 rules without a predicate",
    policy: {
      defaultAction: "Allow",
      rules: times(50, (i) => ({ action: "Deny", source: { jwt: { claims: [{ name: `c${i}`, values: ["x"] }] } } })),
    },
    request: (bytes) => ({
      body: batchOf(bytes, { jsonrpc: "2.0", method: "tools/call", params: { name: "t" } }),
      headers: OLD,
    }),
  },
];

const WHOLE = /* as many scopes as the policy has, none of them held */ times(10, (i) => `s${i}`);
const scopesOf = (names: string[]) => Object.fromEntries(names.map((name) => [name, {}]));

const searches: Hostile[] = [
  {
    name: "a challenge for a name of the body's size",
    policy: {
      scopes: scopesOf(WHOLE),
      rules: [{ target: { tools: [{ tool: "*x", when: "size(jwt.scopes) > 999" }, "y*"] } }],
    },
    request: (bytes) => ({ body: message("tools/call", { name: "n".repeat(bytes) }) }),
  },
  {
    name: "a challenge, text is matched in every trial",
    policy: { scopes: scopesOf(WHOLE), ...rule('size(jwt.scopes) > 999 && args.t.matches("(a|b)*c$")') },
    request: (bytes) => calling({ t: filled(bytes, "ab") }),
  },
  {
    name: "a challenge, 200 rules in every trial",
    policy: {
      scopes: scopesOf(WHOLE),
      rules: [
        ...times(200, (i) => ({ target: { tools: ["t"] }, source: { jwt: { scopes: [`s${i % 10}`, `t${i}`] } } })),
        ...rule("size(jwt.scopes) > 999").rules,
      ],
    },
    request: () => calling({}),
    most: 1,
  },
  {
    name: "a challenge, a token with many scopes",
    policy: { scopes: scopesOf(WHOLE), ...rule("size(jwt.scopes) > 9999") },
    request: () => ({ ...calling({}), claims: { scope: times(8_000, (i) => `s:${i}`).join(" ") } }),
    most: 1,
  },
];

const resources: Hostile[] = [
  {
    name: "a subscription, many anchors",
    policy: {
      rules: [{ target: { resources: times(60, (i) => `file:///${"d/".repeat(i)}*`) } }],
    },
    request: (bytes) => ({
      body: message("subscriptions/listen", {
        notifications: { resourceSubscriptions: listed(bytes, `file:///${"d/".repeat(60)}`) },
      }),
    }),
  },
  {
    name: "names with stars, one long name",
    policy: { rules: [{ target: { tools: times(100, (i) => `*a*b${i}*c`) } }] },
    request: (bytes) => ({ body: message("tools/call", { name: `${"ab".repeat(bytes / 2)}c` }) }),
  },
  {
    name: "a resource with stars, one long URI",
    policy: { rules: [{ target: { resources: times(50, (i) => `file:///**/a${i}/*/b`) } }] },
    request: (bytes) => ({ body: message("resources/read", { uri: `file:///${"a/".repeat(bytes / 2)}b` }) }),
  },
];

const REGEXES = times(40, (i) => `args.t.matches("(ab|c${i})*d$")`);
const HARD = "9007199254740993.00000000000000000000000000000000000000000000000000000001";

const MANY = times(60, (i) => `s${i}`);
const CALL = { jsonrpc: "2.0", method: "tools/call", params: { name: "t", arguments: { owner: "o".repeat(64) } } };

/** Requirements, alternatives, scopes that depend on the call, tables, ranges of addresses. */
const later: Hostile[] = [
  {
    name: "a challenge over requirements and alternatives",
    policy: {
      scopes: scopesOf(MANY),
      rules: [
        ...times(40, (i) => ({
          action: "Require",
          source: { jwt: { scopes: [{ anyOf: [`s${i}`, `s${i + 1}`, `s${i + 2}`] }] } },
          target: { tools: ["*"] },
        })),
        ...times(40, (i) => ({
          source: { jwt: { scopes: [{ anyOf: [`s${i + 3}`, `s${i + 20}`] }] } },
          target: { tools: ["*"] },
        })),
      ],
    },
    request: (bytes) => ({ body: message("tools/call", { name: "n".repeat(bytes) }) }),
  },
  {
    name: "a challenge, requirements that read jwt.scopes",
    policy: {
      scopes: scopesOf(MANY),
      rules: times(60, (i) => ({
        source: { jwt: { scopes: [`s${i}`] } },
        target: { tools: [{ tool: "t", when: `size(jwt.scopes) > ${i} && size(args.t) == ${i}` }] },
      })),
    },
    request: (bytes) => calling({ t: filled(bytes, "ab") }),
  },
  {
    name: "a batch of calls, scopes that depend on them",
    policy: {
      rules: times(50, (i) => ({ source: { jwt: { scopes: [`r${i}:{args.owner}:read`] } }, target: { tools: ["t"] } })),
    },
    request: (bytes) => ({
      body: batchOf(bytes, CALL),
      headers: OLD,
      claims: { scope: times(50, (i) => `r${i}:${"o".repeat(64)}:read`).join(" ") },
    }),
  },
  {
    name: "a batch of calls, patterns of claims",
    policy: {
      defaultAction: "Allow",
      rules: times(40, (i) => ({
        action: "Deny",
        source: { jwt: { claims: [{ name: "groups", patterns: [`*g*r${i}*x`] }] } },
        target: { tools: ["t"] },
      })),
    },
    request: (bytes) => ({ body: batchOf(bytes, CALL), headers: OLD, claims: { groups: groups(10_000) } }),
  },
  {
    name: "each element in a table",
    policy: { data: { big: times(5_000, (i) => `entry ${i}`) }, ...rule("args.l.all(x, !(x in data.big))") },
    request: (bytes) => calling({ l: listed(bytes, "aaaaaaa") }),
  },
  {
    name: "each element a name of a table",
    policy: {
      data: { big: Object.fromEntries(times(5_000, (i) => [`entry ${i}`, i])) },
      ...rule("args.l.all(x, !(x in data.big))"),
    },
    request: (bytes) => calling({ l: listed(bytes, "aaaaaaa") }),
  },
  {
    name: "arguments by keywords",
    policy: {
      rules: [
        {
          target: {
            tools: [
              {
                tool: "t",
                args: { l: { items: { type: "string", pattern: "^(a|b)*c?$", maxLength: 64 }, maxItems: 9_999_999 } },
              },
            ],
          },
        },
      ],
    },
    request: (bytes) => calling({ l: listed(bytes, "abababab") }),
  },
];

/** Every hostile policy with its requests. */
export const HOSTILE: Hostile[] = [
  text("many regexes over one text", rules(REGEXES), "ab"),
  text("many regexes over one text with escapes", rules(REGEXES), '"'),
  text("many regexes over one text beyond ASCII", rules(times(40, (i) => `args.t.matches("[é-ÿ]+${i}$")`)), "é"),
  text("many regexes over one text, by category", rules(times(40, (i) => `args.t.matches("^\\\\p{L}+${i}$")`)), "é"),
  text(
    "contains, a short prefix again and again",
    rules(times(40, (i) => `args.t.contains("aaa${String.fromCharCode(98 + (i % 20))}${i}")`)),
    "a",
  ),
  text("escapes of six bytes in a regex", rules(times(40, (i) => `args.t.matches("^.*${i}$")`)), "\u0001"),
  text("contains, a prefix again and again", rules(times(40, (i) => `args.t.contains("${"a".repeat(60)}${i}")`)), "a"),
  text("contains, with escapes", rules(times(40, (i) => `args.t.contains("${"a".repeat(60)}${i}")`)), "a", "\n"),
  text("contains, nothing but escapes", rules(times(40, (i) => `args.t.contains("x${i}")`)), "\n"),
  text("endsWith, with escapes", rules(times(40, (i) => `args.t.endsWith("${i}")`)), "\n"),
  text("size of a text, again and again", rules(times(40, (i) => `size(args.t) == ${i}`)), "\n"),
  text("a text made longer", rules(times(40, (i) => `size(args.t + args.t + "${i}") == 0`)), "\n"),
  text("a text as bytes", rules(times(40, (i) => `bytes(args.t) == b"${i}"`)), "\n"),
  text("a text as a number", rules(times(40, (i) => `double(args.t) == ${i}.0`)), "1"),
  {
    name: "two texts compared, with escapes",
    policy: rules(times(40, (i) => `args.a < args.b && ${i} == 99`)),
    request: (bytes) => calling({ a: filled(bytes / 2, "\n"), b: `${filled(bytes / 2, "\n")}z` }),
  },
  {
    name: "two long texts, each element",
    policy: rule("args.l.all(x, args.a != args.b)"),
    request: (bytes) =>
      calling({ a: filled(bytes / 4, "a"), b: `${filled(bytes / 4, "a")}b`, l: listed(bytes / 2, 1) }),
  },
  {
    name: "a long text with escapes, each element",
    policy: rule('args.l.all(x, !args.a.endsWith("x"))'),
    request: (bytes) => calling({ a: filled(bytes / 2, "\n"), l: listed(bytes / 2, 1) }),
  },
  list("each element in a regex", rule('args.l.all(x, !x.matches("(a|b)*c"))'), "aaaaaaaa"),
  list("each element in a regex, empty texts", rule('args.l.all(x, !x.matches("c"))'), ""),
  list("each element with each, numbers", rule("args.l.all(x, args.l.all(y, x == y))"), 1),
  list(
    "each element with each, texts",
    rule("args.l.all(x, args.l.all(y, x == y))"),
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  ),
  list(
    "each element with each, texts with escapes",
    rule("args.l.all(x, args.l.all(y, x == y))"),
    "\n\n\n\n\n\n\n\n\n\n",
  ),
  list("each element in the list", rule("args.l.all(x, x in args.l && !(0 in args.l))"), 1),
  list("lists in lists, compared", rule("args.l.all(x, args.l.all(y, x == y))"), [[[[1]]]]),
  list("objects compared", rule("args.l.all(x, args.l.all(y, x == y))"), { a: 1, b: 2, c: 3, d: 4 }),
  list("text to double, digits that must be exact", rule("args.l.all(x, double(x) > 0.0)"), HARD),
  list("text to int", rule("args.l.all(x, int(x) > 0)"), "9"),
  list("numbers to text", rule('args.l.all(x, string(x) != "a")'), 1.7976931348623157e308),
  list(
    "text to timestamp",
    rule('args.l.all(x, timestamp(x) > timestamp("2000-01-01T00:00:00Z"))'),
    "2020-01-01T00:00:00.123456789Z",
  ),
  list(
    "parts of a timestamp",
    rule("args.l.all(x, timestamp(x).getDayOfYear() >= 0 && timestamp(x).getFullYear() > 0)"),
    "2020-01-01T00:00:00Z",
  ),
  list("text to duration", rule('args.l.all(x, duration(x) > duration("0s"))'), "1h1m1s1ms1us1ns"),
  list("a header of each element", rule("args.l.all(x, !(x in request.headers))"), "a"),
  list("a list made of each element", rule("args.l.all(x, size([x, x, x, x, x, x, x, x]) == 8)"), 1),
  list("a map made of each element", rule('args.l.all(x, size({x: 1, "b": 1, "c": 1, "d": 1}) == 4)'), "a"),
  list("texts joined", rule('args.l.all(x, size(x + "abcdefgh") > 0)'), "aaaaaaaa"),
  list("the last element, again and again", rule("args.l.all(x, args.l[size(args.l) - 1] == x)"), 1),
  list("filter and map", rule("args.l.map(x, x + 1.0).filter(x, x > 0.0).size() >= 0"), 1),
  list("optional members", rule("args.l.all(x, x.?a.?b.orValue(1.0) == 1.0)"), { a: { b: 1 } }),
  {
    name: "many names, each looked up",
    policy: rule("args.l.all(x, !(x in args.m))"),
    request: (bytes) =>
      calling({
        l: listed(bytes / 2, "x"),
        m: Object.fromEntries(times(Math.max(1, Math.floor(bytes / 22)), (i) => [`k${i}`, 1])),
      }),
  },
  {
    name: "maps of many names compared",
    policy: rule("args.a == args.b"),
    request: (bytes) => {
      const names = times(Math.max(1, Math.floor(bytes / 24)), (i) => `k${i}`);
      const of = (all: string[]) => Object.fromEntries(all.map((name) => [name, 1]));
      return calling({ a: of(names), b: of([...names].reverse()) });
    },
  },
  {
    name: "names full of _, each looked up",
    policy: rule("args.l.all(x, !has(args.m.force))"),
    request: (bytes) => calling({ l: listed(bytes / 2, 1), m: { [`f${"_".repeat(bytes / 2)}`]: 1 } }),
  },
  {
    name: "the params as a whole, each element",
    policy: rule("args.l.all(x, size(request.mcp.params) > 0)"),
    request: (bytes) => calling({ l: listed(bytes, 1) }),
  },
  ...batches,
  ...searches,
  ...resources,
  ...later,
];
