// The call of the page and its decision as a policy test, put at the end of the test file.
import { isMap, isSeq, parseDocument } from "yaml";
import { BackendFrom } from "../../assembly/program.ts";
import type { Policy } from "../compiler/index.ts";
import type { Result } from "../evaluate/result.ts";
import { claimsOf, METHODS, payloadOf } from "./request.ts";
import { FILE_NAMES } from "./session.ts";
import type { Call, State } from "./state.ts";

/** The test file with one more test. */
export function testOf({ files, call }: State, result: Result, policy: Policy | undefined): string {
  const document = parseDocument(files.tests.trim() === "" ? `policy: ${FILE_NAMES.policy}\n` : files.tests);
  const tests = document.get("tests");
  const node = document.createNode(testFor(call, result, policy)) as unknown as {
    items?: { value?: { flow?: boolean } }[];
  };
  // Short parts on one line, as a person writes them.
  for (const { value } of node.items ?? []) if (isMap(value) || isSeq(value)) value.flow = true;
  if (isSeq(tests)) tests.add(node);
  else document.set("tests", document.createNode([node]));
  return document.toString({ lineWidth: 120 });
}

function testFor(call: Call, { decision, reason, rule, requiredScopes }: Result, policy: Policy | undefined): object {
  return {
    name: `${call.name}: ${requiredScopes && decision === "deny" ? "asks for scopes" : reason.replaceAll("_", " ")}`,
    ...token(call),
    ...asked(call, policy),
    expect: {
      decision,
      ...(decision === "allow" || rule !== null ? { rule } : {}),
      ...(decision === "deny" && { reason, scopes: requiredScopes }),
    },
  };
}

function token(call: Call): object {
  if (!call.token) return {};
  const plain = Object.keys(claimsOf(call.claims)).length === 0;
  return plain && call.scopes.length > 0 ? { scopes: call.scopes } : { payload: payloadOf(call) };
}

function asked({ kind, name, args }: Call, policy: Policy | undefined): object {
  let given: unknown;
  try {
    given = args.trim() === "" ? {} : JSON.parse(args);
  } catch {
    return { request: { body: `${METHODS[kind].method} ${args}` } };
  }
  const some = typeof given === "object" && given !== null && Object.keys(given).length > 0;
  if (kind === "resource") return { call: { resource: name } };
  if (kind === "method") return { call: { method: name, ...(some && { params: given }) } };
  const [backend, tool] = kind === "tool" ? split(name, policy) : [undefined, name];
  return { call: { ...(backend !== undefined && { backend }), [kind]: tool, ...(some && { args: given }) } };
}

/** The backend that a prefix names is said apart. */
function split(name: string, policy: Policy | undefined): [backend: string | undefined, tool: string] {
  const at = policy?.backend.from === BackendFrom.ToolPrefix ? name.indexOf(policy.backend.text) : -1;
  return at <= 0 ? [undefined, name] : [name.slice(0, at), name.slice(at + policy!.backend.text.length)];
}
