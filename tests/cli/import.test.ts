// `scopegate import --from agentgateway`: what the rules become, what is refused, and that the policy decides as the rules do.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Report } from "../../scripts/compiler/source/document.ts";
import { Source } from "../../scripts/compiler/source/problem.ts";
import { compilePolicy } from "../../scripts/compiler/index.ts";
import { readAuthorization } from "../../scripts/import/agentgateway.ts";
import { importPolicy, type ImportOptions } from "../../scripts/import/policy.ts";
import { parse } from "yaml";
import { readLines, type RealPolicy } from "../reference/corpus.ts";
import { byFilter } from "../reference/filter.ts";
import { folder, run } from "../support/cli.ts";

interface Imported {
  text?: string;
  problems: string[];
}

function imported(yaml: string, options: Partial<ImportOptions> = {}): Imported {
  const source = new Source(yaml, "gateway.yaml");
  const report = new Report(source);
  const found = readAuthorization(source, report);
  const text = found && importPolicy(report, found, { name: "gateway", ...options });
  const problems = report
    .sorted()
    .map(({ line, column, severity, message }) => `${line}:${column} ${severity}: ${message}`);
  return { problems, ...(text !== undefined && { text }) };
}

/** A configuration with these rules, from line 3 on. */
const rules = (...items: string[]): string =>
  `mcpAuthorization:\n  rules:\n${items.map((item) => `  - ${item}\n`).join("")}`;
/** The rules of the policy, without comments. */
const rulesOf = (yaml: string): unknown => (parse(imported(yaml).text!) as { rules: unknown }).rules;

describe("the policy", () => {
  test("is one to keep: names, comments with the line, what the file says of its surroundings", () => {
    const yaml = `\
mcp:
  policies:
    mcpAuthentication:
      issuer: https://auth.example.com
      resourceMetadata: { resource: "https://mcp.example.com/mcp" }
    mcpAuthorization:
      rules:
        # Anyone may echo.
        - 'mcp.tool.name == "echo"'
        - allow: 'jwt.company == "globex" && mcp.tool.target == "reports" && (mcp.tool.name.startsWith("list_") || mcp.tool.name.startsWith("get_"))'
        - deny: 'mcp.tool.name.contains("delete") && !("admin" in jwt.groups)'
  targets: [{ name: reports }, { name: notes }]
`;
    assert.deepEqual(imported(yaml), {
      problems: [],
      text: `\
# Imported from agentgateway by \`scopegate import\`. Each rule has the line that it comes from. Read it, then keep it:
# the scopes that a challenge can ask for are for you to add (source.jwt.scopes).
apiVersion: scopegate/v1
kind: Policy
metadata: { name: gateway }
resource: https://mcp.example.com/mcp
authorizationServers: [https://auth.example.com]
backend: { from: toolPrefix, separator: "_" }
defaultAction: Deny
rules:
  # line 11: mcp.tool.name.contains("delete") && !("admin" in jwt.groups)
  # An error of this rule now denies; in agentgateway it did not.
  - name: deny-delete
    action: Deny
    target: { tools: ["*delete*"] }
    when: '!("admin" in jwt.claims.groups)'
  # line 9: mcp.tool.name == "echo"
  - name: echo
    target: { tools: [echo] }
  # line 10: jwt.company == "globex" && mcp.tool.target == "reports" && (mcp.tool.name.startsWith("list_") || mcp.tool.name.startsWith("get_"))
  - name: globex-reports
    source: { jwt: { claims: [{ name: company, values: [globex], valueType: String }] } }
    target: { tools: [{ backend: reports, tool: list_* }, { backend: reports, tool: get_* }] }
`,
    });
    const warnings = compilePolicy(imported(yaml).text!, "policy.yaml").problems;
    assert.deepEqual(warnings, []);
  });

  test("parts of an expression that are targets and claims, alternatives, and the rest", () => {
    assert.deepEqual(
      rulesOf(
        rules(
          `'mcp.prompt.name == "p" || mcp.resource.name.startsWith("file:///pub/")'`,
          `'"x" == jwt.role && mcp.tool.name in ["a", "b"]'`,
          `'jwt.nested.key == "v" && !mcp.tool.name.startsWith("x")'`,
          `'jwt.email.endsWith("@corp.example") ? true : has(jwt.admin)'`,
        ),
      ),
      [
        { name: "p", target: { prompts: ["p"] } },
        { name: "filepub", target: { resources: ["file:///pub/**"] } },
        {
          name: "x",
          source: { jwt: { claims: [{ name: "role", values: ["x"], valueType: "String" }] } },
          target: { tools: ["a", "b"] },
        },
        {
          name: "allow",
          target: { tools: ["*"] },
          when: 'jwt.claims.nested.key == "v" && !mcp.tool.startsWith("x")',
        },
        { name: "allow-2", when: '(jwt.claims.email.endsWith("@corp.example") ? true : has(jwt.claims.admin))' },
      ],
    );
  });

  test("a requirement holds for every call, whatever it is about", () => {
    const { text } = imported(
      rules(`require: 'mcp.tool.name != "x" || jwt.role == "admin"'`, `require: 'jwt.org == "acme"'`, "'true'"),
    );
    assert.match(
      text!,
      /- name: require\n {4}action: Require\n {4}when: \(mcp\.tool != "x" \|\| jwt\.claims\.role == "admin"\)/,
    );
    assert.match(text!, /action: Require\n {4}source: \{ jwt: .*name: org.* \}\n/);
  });
});

describe("what is refused", () => {
  test("an allow rule is left out, with the reason; for others nothing is printed", () => {
    const yaml = rules(`'mcp.tool.name == "a"'`, `'jwt.scope.contains("x")'`, `'llm.model == "x"'`);
    const { text, problems } = imported(yaml);
    assert.deepEqual(problems, [
      "4:6 error: jwt.scope has the scopes, which are not among the claims here",
      "5:6 error: there is no llm.model here",
    ]);
    assert.match(text!, /# line 4: jwt\.scope\.contains\("x"\)\n {2}# Refused: jwt\.scope has the scopes/);
    for (const mode of ["deny", "require"]) {
      const { text: none, problems: reasons } = imported(
        rules(`'mcp.tool.name == "a"'`, `${mode}: 'llm.model == "x"'`),
      );
      assert.equal(none, undefined, mode);
      assert.equal(reasons.length, 1);
    }
  });

  test("expressions that mean nothing here, and no expressions", () => {
    const messageOf = (item: string): string => imported(rules(item)).problems.join("; ");
    assert.match(messageOf(`'mcp.tool.name == '`), /3:\d+ error: /);
    assert.match(messageOf(`'mcp.tool.name == "a" && mcp.prompt.name == "b"'`), /no call is about two kinds of thing/);
    assert.match(messageOf(`'mcp.prompt.target == "a"'`), /a prompt has no target here/);
    assert.match(messageOf(`'jwt.name.matches(jwt.pattern)'`), /the pattern of matches\(\) must be a constant/);
    assert.match(messageOf(`'mcp.tool.target == "my_server"'`), /has the separator "_"/);
    assert.match(messageOf("{ audit: x }"), /expected an expression, or one of allow, deny and require/);
    assert.deepEqual(imported("a: 1").problems, ["1:1 error: there is no mcpAuthorization"]);
    const two = `a: { mcpAuthorization: { rules: [] } }\nb: { mcpAuthorization: { rules: [] } }`;
    assert.match(imported(two).problems.join(), /2:\d+ error: there is more than one mcpAuthorization/);
  });

  test("without allow rules: deny rules alone mean that the rest passes; beside require rules somebody has to say", () => {
    const denies = imported(rules(`deny: 'mcp.tool.name == "a"'`));
    assert.match(denies.text!, /\ndefaultAction: Allow\n/);
    assert.match(denies.problems.join(), /warning: there are no allow rules: every call passes that no rule denies/);
    const requires = rules(`require: 'jwt.org == "acme"'`);
    assert.equal(imported(requires).text, undefined);
    assert.match(imported(requires).problems.join(), /agentgateway then allows every call/);
    assert.match(imported(requires, { otherwise: "Deny" }).text!, /\ndefaultAction: Deny\n/);
  });
});

test("policies that people wrote decide as their rules do", () => {
  const real = readLines<RealPolicy & { agentgateway?: object }>("real-policies.jsonl");
  const some = real.filter(({ agentgateway, id }) => agentgateway && id !== "agw-require"); // it has only a require rule
  assert.ok(some.length > 0);
  for (const { agentgateway, cases } of some) {
    const { text, problems } = imported(JSON.stringify(agentgateway));
    assert.deepEqual(problems, []);
    const document = parse(text!) as object;
    for (const { name, call, expect, ...caller } of cases)
      assert.equal(byFilter(document, call, caller).decision, expect.decision, name);
  }
});

test("the command: the policy on stdout or in a file, messages on stderr", () => {
  writeFileSync(join(folder, "gateway.yaml"), rules(`'mcp.tool.name == "echo"'`));
  const { code, out, err } = run(["import", "--from", "agentgateway", "gateway.yaml"]);
  assert.equal(code, 0);
  assert.equal(err, "");
  assert.match(out, /^# Imported from agentgateway[^]*name: gateway[^]*target: \{ tools: \[echo\] \}\n$/);
  const written = run(["import", "--from", "agentgateway", "gateway.yaml", "-o", "made.yaml"]);
  assert.deepEqual([written.code, written.out], [0, ""]);
  assert.equal(run(["check", "made.yaml"]).code, 0);
  assert.equal(run(["import", "gateway.yaml"]).code, 2);
});
