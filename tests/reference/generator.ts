// Random policies, callers and calls that meet: few names, so that rules overlap, and few scopes, so that every set can be
// tried. The constructs are those of docs/policy.md; which of them are used is the caller's choice.
import type { Choice } from "../support/random.ts";
import type { ShortCall, ShortCaller } from "./corpus.ts";
import type { Members } from "./model.ts";

/** What a policy may use beyond rules of scopes, claims, predicates and a hierarchy. */
export const CONSTRUCTS = [
  "stars",
  "groups",
  "require",
  "anyOf",
  "templates",
  "families",
  "scopeClaims",
  "issuedAs",
  "claims",
  "anonymous",
  "ip",
  "principals",
  "time",
  "data",
  "args",
] as const;
export type Construct = (typeof CONSTRUCTS)[number];

export interface RandomCase {
  policy: object;
  call: ShortCall;
  caller: ShortCaller;
}

const SCOPES = ["a", "b", "c", "repo:x", "repo:y"];
const TOOLS = ["get_one", "get_two", "set_one", "set_two"];
const PATTERNS = ["get_*", "*_one", "*", "s*_t*", "*t_*o*"];
const URIS = ["file:///pub/a", "file:///pub/x/b", "file:///priv/a", "file:///pub/../a"];
const URI_PATTERNS = ["file:///pub/*", "file:///*/a", "file:///**/b", "file:///pub/**"];
const PROMPTS = ["greet", "bye"];
const PATTERN_PROMPTS = ["gr*", "*e*"];
const METHODS = ["acme/run", "acme/stop"];
const ADDRESSES = ["10.1.2.3", "192.0.2.1", "2001:db8::1", "::ffff:10.9.9.9", null];
const RANGES = ["10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"];
const PRINCIPALS = ["spiffe://corp/a", "spiffe://corp/b", "host.corp"];
const TIMES = ["2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z", "2026-03-01T12:00:00Z"];

const PLAIN_WHENS = [
  "args.n == 1",
  "args.n < 2",
  "args.o == 'x'",
  "!has(args.n)",
  "jwt.claims.role == 'x'",
  "args.missing",
];
const FREE_WHENS = ["args.n == 1", "args.n < 2", "has(args.o)"];

/** How scopes hang together: not at all, by a hierarchy, or not at all but for predicates that read them. */
export type Shape = "flat" | "hierarchy" | "read";

const SCOPE_WHENS = ['"a" in jwt.scopes', '!("b" in jwt.scopes)', "size(jwt.scopes) < 3"];

/** A source of cases with these constructs; the same choices give the same cases. */
export class Generator {
  constructor(
    private readonly choice: Choice,
    private readonly constructs: readonly string[],
    private readonly shape: Shape,
  ) {}

  private may(construct: Construct, probability: number): boolean {
    return this.constructs.includes(construct) && this.choice.chance(probability);
  }

  policy(): object {
    const { choice } = this;
    const groups = this.may("groups", 0.4) ? { g: this.target(false), h: this.target(false) } : undefined;
    const prefix = choice.chance(0.3);
    const rules = Array.from({ length: 1 + choice.below(6) }, () => this.rule(groups !== undefined, prefix));
    return {
      apiVersion: "scopegate/v1",
      kind: "Policy",
      metadata: { name: "random" },
      resource: "https://mcp.example.com/mcp",
      loop: "off",
      ...(this.may("scopeClaims", 0.3) && { jwt: { scopeClaims: ["scope", "extra", ["x.y", "z"]] } }),
      ...this.scopes(),
      ...(prefix && { backend: { from: "toolPrefix", separator: "__" } }),
      ...(this.constructs.includes("data") && { data: { list: [1, "x"], map: { x: ["get_one"], y: [] } } }),
      ...(groups && { groups }),
      ...(choice.chance(0.1) && { challenge: { include: "granted" } }),
      defaultAction: choice.chance(0.15) ? "Allow" : "Deny",
      rules,
    };
  }

  private scopes(): object {
    const declared: Record<string, object> = {};
    if (this.shape === "hierarchy")
      Object.assign(declared, { a: { implies: ["b"] }, b: {}, c: { implies: ["repo:x"] }, "repo:x": {} });
    if (this.may("families", 0.5)) declared["c"] = { implies: ["repo:*"] };
    if (this.may("issuedAs", 0.4)) declared["a"] = { ...declared["a"], issuedAs: ["api/a"] };
    return Object.keys(declared).length > 0 ? { scopes: declared } : {};
  }

  private rule(groups: boolean, prefix: boolean): object {
    const { choice } = this;
    const action = this.may("require", 0.25) ? "Require" : choice.chance(0.25) ? "Deny" : "Allow";
    const anonymous = action === "Allow" && this.may("anonymous", 0.2);
    const source = anonymous ? { anonymous, ...this.place() } : this.source();
    const isEmpty = Object.keys(source).length === 0;
    const when = (action === "Require" && isEmpty) || choice.chance(0.25) ? this.when(anonymous, action) : undefined;
    return {
      ...(choice.chance(0.8) && { name: `r${choice.below(1e6)}` }),
      ...(action !== "Allow" && { action }),
      ...(!isEmpty && { source }),
      ...(choice.chance(0.85) && { target: this.targetOrGroup(groups, prefix) }),
      ...(when && { when }),
    };
  }

  private targetOrGroup(groups: boolean, prefix: boolean): object {
    const named = groups && this.choice.chance(0.4) ? { groups: [this.choice.one(["g", "h"])] } : {};
    return { ...this.target(prefix), ...named };
  }

  private source(): object {
    const scopes = this.choice.some(SCOPES, 0.25).map((scope) => this.scope(scope));
    const claims = this.choice.chance(0.2) ? [this.claim()] : [];
    const jwt = { ...(scopes.length > 0 && { scopes }), ...(claims.length > 0 && { claims }) };
    return { ...(Object.keys(jwt).length > 0 && { jwt }), ...this.place() };
  }

  private scope(plain: string): string | object {
    if (this.may("anyOf", 0.3)) {
      const others = SCOPES.filter((scope) => scope !== plain);
      return { anyOf: [plain, this.choice.one(others)] };
    }
    if (this.may("templates", 0.3))
      return this.choice.one(["repo:{args.o}", "n:{args.n}", "t:{mcp.tool}", "u:{jwt.claims.role}"]);
    return plain;
  }

  private claim(): object {
    if (!this.may("claims", 0.6)) return { name: "role", valueType: "String", values: [this.choice.one(["x", "y"])] };
    return this.choice.one([
      { name: "roles", values: ["x"] },
      { name: "role", patterns: ["x*"] },
      { name: "roles", valueType: "StringArray", patterns: ["*y"] },
      { name: "org.unit", present: true },
      { name: ["org.example", "unit"], values: ["x"] },
    ]);
  }

  /** Where a call must come from. */
  private place(): object {
    return {
      ...(this.may("ip", 0.25) && { ip: this.choice.some(RANGES, 0.4).concat("172.16.0.0/12") }),
      ...(this.may("principals", 0.2) && {
        principals: [this.choice.one(["spiffe://corp/*", "spiffe://corp/a", "*.corp"])],
      }),
    };
  }

  /** A requirement that fails by its `when` gets no challenge, whatever that reads: none reads scopes here. */
  private when(free: boolean, action: string): string {
    const { choice } = this;
    const more: string[] = !free && action !== "Require" && this.shape === "read" ? [...SCOPE_WHENS] : [];
    if (this.constructs.includes("ip")) more.push('cidr("10.0.0.0/8").containsIP(source.address)');
    if (this.constructs.includes("principals"))
      more.push('source.principal.startsWith("spiffe:")', "has(source.principal)");
    if (this.constructs.includes("time"))
      more.push('request.time.getHours("UTC") >= 8', "request.time.getDayOfWeek() != 0");
    if (this.constructs.includes("data")) more.push("args.n in data.list", "mcp.tool in data.map[args.o]");
    return choice.one(more.length > 0 && choice.chance(0.5) ? more : free ? FREE_WHENS : PLAIN_WHENS);
  }

  private target(prefix: boolean): Record<string, unknown> {
    const { choice } = this;
    const kinds: Record<string, unknown> = {};
    if (choice.chance(0.8)) kinds["tools"] = Array.from({ length: 1 + choice.below(2) }, () => this.tool(prefix));
    if (choice.chance(0.2)) kinds["resources"] = [this.name(URIS.slice(0, 3), URI_PATTERNS)];
    if (choice.chance(0.15)) kinds["prompts"] = [this.name(PROMPTS, PATTERN_PROMPTS)];
    if (choice.chance(0.1) || Object.keys(kinds).length === 0) kinds["methods"] = [choice.one([...METHODS, "acme/*"])];
    return kinds;
  }

  private name(names: string[], patterns: string[]): string {
    return this.choice.one(this.may("stars", 0.5) ? patterns : names);
  }

  private tool(prefix: boolean): object | string {
    const { choice } = this;
    const tool = this.name(TOOLS, PATTERNS);
    const backend = prefix && choice.chance(0.4) ? this.name(["fs", "db"], ["*", "f*"]) : undefined;
    const args = this.may("args", 0.3) ? this.arguments() : undefined;
    const when = choice.chance(0.2) ? choice.one(FREE_WHENS) : undefined;
    const literal = tool.includes("*") && choice.chance(0.1);
    return backend || args || when || literal
      ? { tool, ...(backend && { backend }), ...args, ...(when && { when }), ...(literal && { literal }) }
      : tool;
  }

  private arguments(): object {
    const { choice } = this;
    const n = choice.one([
      { maximum: 1 },
      { type: "integer", minimum: 1 },
      { enum: [1, "x"] },
      { exclusiveMaximum: 2, optional: true },
    ]);
    const o = choice.one([{ const: "x" }, { pattern: "^[xy]$" }, { minLength: 2, optional: true }]);
    return { args: choice.one([{ n }, { o }, { n, o }]), ...(choice.chance(0.2) && { onlyArgs: true }) };
  }

  call(): ShortCall {
    const { choice } = this;
    if (choice.chance(0.1)) return { resource: choice.one(URIS) };
    if (choice.chance(0.1)) return { prompt: choice.one(PROMPTS) };
    if (choice.chance(0.08)) return { method: choice.one([...METHODS, "tools/list", "ping"]) };
    const n = choice.one<Members>([{ n: 1 }, { n: 2 }, { n: "x" }, { n: -1 }, { n: 1.5 }, {}]);
    const o = choice.one<Members>([{ o: "x" }, { o: "y" }, { o: "a/b" }, {}]);
    const backend = choice.chance(0.4) ? choice.one(["fs", "db"]) : undefined;
    return {
      tool: choice.one(TOOLS),
      ...(backend && { backend }),
      ...(choice.chance(0.95) && { args: { ...n, ...o } }),
    };
  }

  caller(): ShortCaller {
    const { choice } = this;
    const has = (...names: Construct[]): boolean => names.some((name) => this.constructs.includes(name));
    return {
      ...this.token(),
      ...(has("ip") && { address: choice.one(ADDRESSES) }),
      ...(has("principals") && choice.chance(0.7) && { principal: this.principal() }),
      ...(has("time") && { time: choice.one(TIMES) }),
    };
  }

  private principal(): ShortCaller["principal"] {
    const { choice } = this;
    return choice.chance(0.5)
      ? choice.one(PRINCIPALS)
      : { uri: choice.some(PRINCIPALS.slice(0, 2), 0.5), dns: choice.some(PRINCIPALS.slice(2), 0.5) };
  }

  private token(): ShortCaller {
    const { choice } = this;
    if (choice.chance(0.12)) return { payload: null };
    const held = choice.some([...SCOPES, "n:1", "t:get_one", "u:x"], 0.25);
    const payload: Members = { sub: "s", scope: held.join(" ") };
    if (choice.chance(0.7)) payload["role"] = choice.one(["x", "y", "xx"]);
    if (choice.chance(0.4)) payload["roles"] = choice.one<Members[string]>([["x"], ["y"], "x", [1], []]);
    if (choice.chance(0.3)) payload["org"] = { unit: "x" };
    if (choice.chance(0.3)) payload["org.example"] = { unit: "x" };
    if (choice.chance(0.2)) payload["extra"] = choice.one<Members[string]>(["b c", ["b"], 5]);
    if (choice.chance(0.2)) payload["scp"] = ["api/a"];
    return { payload };
  }
}
