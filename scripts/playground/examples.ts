// Policies to start from: an example with everything, and the policies of the repository's own tests.
import deny from "../../tests/cases/deny/policy.yaml";
import files from "../../tests/cases/files/policy.yaml";
import filesTests from "../../tests/cases/files/policy.test.yaml";
import hierarchy from "../../tests/cases/hierarchy/policy.yaml";
import route from "../../tests/cases/pr-1482/policy.yaml";
import demo from "../../envoy/policy.yaml";
import deployments from "./examples/deployments.policy.yaml";
import deploymentsLock from "./examples/deployments.lock.yaml";
import deploymentsTests from "./examples/deployments.test.yaml";
import { EMPTY_CALL, type Call, type State } from "./state.ts";

export interface Example {
  title: string;
  state: State;
}

function example(
  title: string,
  policy: string,
  call: Partial<Call>,
  more: { lock?: string; tests?: string } = {},
): Example {
  const given = { ...EMPTY_CALL, ...call };
  return {
    title,
    state: { files: { policy, lock: more.lock ?? "", tests: more.tests ?? "" }, call: given, list: "", view: "call" },
  };
}

const json = (value: unknown): string => JSON.stringify(value, null, 2);

/** By the name that stands in a link: `#example=demo`. */
export const EXAMPLES: Record<string, Example> = {
  deployments: example(
    "Deployments: scopes by environment",
    deployments,
    {
      scopes: ["deploy:read"],
      claims: json({ sub: "ann", team: "platform" }),
      name: "deploy",
      args: json({ service: "shop", environment: "staging", build: 7 }),
    },
    { lock: deploymentsLock, tests: deploymentsTests },
  ),
  demo: example("The demo of npm start: an MCPRoute", demo, {
    scopes: ["echo"],
    name: "demo__echo",
    args: json({ text: "Hello, World!" }),
  }),
  files: example(
    "Files: a public folder, claims and a hierarchy",
    files,
    { claims: json({ org: { unit: "eng" } }), name: "fs__read_file", args: json({ path: "/public/a.txt" }) },
    { tests: filesTests },
  ),
  hierarchy: example("Scopes that imply others", hierarchy, { scopes: ["files:write"], name: "audit_log" }),
  deny: example("Deny rules on arguments", deny, { name: "read_file", args: json({ path: "/tmp/../etc/passwd" }) }),
  route: example("An MCPRoute with a when on each tool", route, {
    scopes: ["echo"],
    name: "mcp-backend__sum",
    args: json({ a: 1, b: 2 }),
  }),
};

export const FIRST_EXAMPLE = "deployments";
