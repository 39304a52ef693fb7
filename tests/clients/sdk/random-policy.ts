// Random policies and requests that try to get text into a challenge where some reader mistakes it for another
// parameter: in scopes, URLs, rule and tool names, and in the scopes of the token.
import type { EvalRequest } from "../../../scripts/evaluate/request.ts";
import { Choice } from "../../support/random.ts";

export interface Case {
  policy: object;
  request: EvalRequest;
  /** The `error` that the challenge must have, if any. */
  error: "insufficient_scope" | "invalid_token" | undefined;
}

const PRINTABLE = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i));
/** Braces would make a scope that depends on the call, and such a challenge has only its own characters. */
const SCOPE_CHARACTERS = PRINTABLE.filter((char) => !'"\\{}'.includes(char));
const URL_CHARACTERS = [..."abcXYZ019-._~:/@!$&'()*+,;=%"].map((char) => (char === "%" ? "%2F" : char));
const BAIT = ["scope=admin", "error=invalid_token", "resource_metadata=https://evil.example/", "error_description=x"];
const ODD_SCOPES = [
  ",",
  "=",
  "a,Bearer",
  "scope",
  "'scope'",
  "patient/*.rs?category=lab",
  "https://api.example/.default",
];
const ODD_TEXT = [
  ...BAIT.map((text) => text.replace(/=(.*)/, '="$1"')),
  'Bearer scope="admin"',
  '"',
  "\\",
  "\r\nWWW-Authenticate: Bearer scope=admin",
  "größe",
  "\u{1f511}",
  "\u0000",
  "a".repeat(300),
];

/** One case; equal choices give equal cases. */
export function randomCase(choice: Choice): Case {
  const scopes = Array.from({ length: 1 + choice.below(4) }, () => randomScope(choice));
  const rules = Array.from({ length: 1 + choice.below(3) }, () => randomRule(choice, scopes));
  const tools = rules.map(({ target }) => target.tools[0]!.tool);
  const policy = {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    ...(choice.chance(0.9) && { resource: randomUrl(choice) }),
    ...(choice.chance(0.3) && { resourceMetadata: randomUrl(choice) }),
    ...(choice.chance(0.3) && { challenge: { include: "granted" } }),
    ...(choice.chance(0.2) && { scopes: randomHierarchy(scopes) }),
    rules,
  };
  return { policy, ...randomRequest(choice, choice.one(tools), scopes) };
}

function randomScope(choice: Choice): string {
  // Rare, because the compiler may refuse them: most policies should get as far as a challenge.
  if (choice.chance(0.02)) return choice.one(BAIT);
  if (choice.chance(0.3)) return choice.one(ODD_SCOPES);
  return Array.from({ length: 1 + choice.below(24) }, () => choice.one(SCOPE_CHARACTERS)).join("");
}

function randomUrl(choice: Choice): string {
  const path = Array.from({ length: choice.below(16) }, () => choice.one(URL_CHARACTERS)).join("");
  const query = choice.chance(0.05) ? `?${choice.some(BAIT, 0.5).join("&")}` : "";
  return `https://mcp.example.com/${path}${query}`;
}

interface RandomRule {
  name?: string;
  source: { jwt: { scopes: string[] } };
  target: { tools: { tool: string; when?: string }[] };
}

function randomRule(choice: Choice, scopes: string[]): RandomRule {
  const own = [...new Set([choice.one(scopes), ...choice.some(scopes, 0.4)])];
  const name = choice.one(ODD_TEXT).replace(/[\p{C}"\\]/gu, "");
  return {
    ...(choice.chance(0.5) && name !== "" && { name: name.slice(0, 100) }),
    source: { jwt: { scopes: own } },
    target: {
      tools: [
        {
          tool: choice.chance(0.5) ? choice.one(ODD_TEXT) : `tool${choice.below(9)}`,
          ...(choice.chance(0.2) && { when: "args.x == 1" }),
        },
      ],
    },
  };
}

/** Each scope implies the next one. */
function randomHierarchy(scopes: string[]): Record<string, object | null> {
  const names = [...new Set(scopes)];
  return Object.fromEntries(names.map((name, i) => [name, i + 1 < names.length ? { implies: [names[i + 1]] } : null]));
}

function randomRequest(choice: Choice, tool: string, scopes: string[]): Omit<Case, "policy"> {
  const params = { name: tool, arguments: { x: 1, text: choice.one(ODD_TEXT) } };
  const request: EvalRequest = {
    body: JSON.stringify({ jsonrpc: "2.0", id: choice.one(ODD_TEXT), method: "tools/call", params }),
  };
  if (choice.chance(0.1)) return { request, error: undefined };
  if (choice.chance(0.1))
    return { request: { ...request, headers: { authorization: "Bearer x" } }, error: "invalid_token" };
  const held = [
    ...choice.some(scopes, 0.1),
    ...choice.some([...BAIT, ...ODD_SCOPES], 0.1),
    ...choice.some(ODD_TEXT, 0.1),
  ];
  const payload = { sub: `user${choice.below(1e9)}`, scope: choice.chance(0.5) ? held.join(" ") : held };
  return { request: { ...request, payload }, error: "insufficient_scope" };
}
