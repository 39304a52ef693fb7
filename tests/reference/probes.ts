// One policy for each construct, with a call that comes out otherwise where the construct is not known.
import type { RandomCase, Construct } from "./generator.ts";

type Probe = RandomCase & { decision: string };

const T = { tools: ["t"] };
const token = { payload: { sub: "s", scope: "" } };

function probe(decision: string, rules: object[], more: object = {}, caller: RandomCase["caller"] = token): Probe {
  const head = { apiVersion: "scopegate/v1", kind: "Policy", resource: "https://mcp.example.com/mcp", loop: "off" };
  return { decision, policy: { ...head, ...more, rules }, call: { tool: "t", args: { n: 1, o: "x" } }, caller };
}

const holding = (scope: string): RandomCase["caller"] => ({ payload: { sub: "s", scope } });
const scopes = (...list: (string | object)[]): object => ({ source: { jwt: { scopes: list } }, target: T });

export const PROBES: Record<Construct, Probe> = {
  stars: probe("allow", [{ target: { tools: ["*t*"] } }]),
  groups: probe("allow", [{ target: { groups: ["g"] } }], { groups: { g: T } }),
  require: probe("deny", [
    { action: "Require", source: { jwt: { claims: [{ name: "x", values: ["y"] }] } } },
    { target: T },
  ]),
  anyOf: probe("allow", [scopes({ anyOf: ["a", "b"] })], {}, holding("b")),
  templates: probe("allow", [scopes("repo:{args.o}")], {}, holding("repo:x")),
  families: probe("allow", [scopes("repo:x")], { scopes: { a: { implies: ["repo:*"] } } }, holding("a")),
  scopeClaims: probe("allow", [scopes("a")], { jwt: { scopeClaims: ["extra"] } }, { payload: { extra: ["a"] } }),
  issuedAs: probe("allow", [scopes("a")], { scopes: { a: { issuedAs: ["x/a"] } } }, holding("x/a")),
  claims: probe("allow", [{ source: { jwt: { claims: [{ name: "sub", patterns: ["*s"] }] } }, target: T }]),
  anonymous: probe("allow", [{ source: { anonymous: true }, target: T }], {}, { payload: null }),
  ip: probe("allow", [{ source: { ip: ["10.0.0.0/8"] }, target: T }], {}, { ...token, address: "10.0.0.1" }),
  principals: probe("allow", [{ source: { principals: ["a*"] }, target: T }], {}, { ...token, principal: "abc" }),
  time: probe(
    "allow",
    [{ target: T, when: "request.time.getFullYear() == 2030" }],
    {},
    { ...token, time: "2030-01-01T00:00:00Z" },
  ),
  data: probe("allow", [{ target: T, when: "args.n in data.list" }], { data: { list: [1] } }),
  args: probe("allow", [{ target: { tools: [{ tool: "t", args: { n: { maximum: 1 } } }] } }]),
};
