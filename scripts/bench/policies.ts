// The policies that calls are measured against. Every peer in Envoy enforces the first one too.
import { compileDocument } from "../compiler/index.ts";
import { load, type Loaded } from "../evaluate/load.ts";

export const TOOL = "hello";
export const SCOPE = "hello:call";
export const METADATA_KEY = "jwt_payload";
export const PATTERN = "^Hello, .*!$";
export const WHEN = `args.text.matches("${PATTERN}")`;

interface Tool {
  tool: string;
  when?: string;
}

function policyOf(name: string, tools: Tool[], settings: object = {}): Loaded {
  const document = {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    metadata: { name },
    jwt: { metadataKey: METADATA_KEY },
    resource: "https://mcp.example.com/mcp",
    govern: ["tools"],
    backend: { name: "files" },
    ...settings,
    rules: tools.map((tool, i) => ({
      name: `rule-${i}`,
      source: { jwt: { scopes: [SCOPE] } },
      target: { tools: [tool] },
    })),
  };
  const { program, policy, problems } = compileDocument(document);
  const loaded = load({ program, policy, problems });
  const errors = problems.filter(({ severity }) => severity === "error").map(({ message }) => message);
  if (!loaded) throw new Error(errors.join("\n"));
  return loaded;
}

/** One rule: a scope and, unless `when` is undefined, a predicate. */
export function oneRule(when: string | undefined = WHEN, settings: object = {}): Loaded {
  return policyOf("bench", [when === undefined ? { tool: TOOL } : { tool: TOOL, when }], settings);
}

/** The scope only. */
export function scopeOnly(): Loaded {
  return policyOf("bench-scope", [{ tool: TOOL }]);
}

/** Rules with a scope and a predicate each, for as many tools; the last one is for `hello`. */
export function manyTools(rules: number, settings: object = {}): Loaded {
  const tools = Array.from({ length: rules }, (_, i) => ({ tool: i === rules - 1 ? TOOL : `tool-${i}`, when: WHEN }));
  return policyOf(`bench-${rules}`, tools, settings);
}

/** Rules with a predicate each, all for `hello`; `greetingOf(i)` is the text that only rule i allows. */
export function sameTool(rules: number): Loaded {
  const when = (i: number) => `args.text.matches("^Hello ${i}, .*!$")`;
  return policyOf(
    `bench-same-${rules}`,
    Array.from({ length: rules }, (_, i) => ({ tool: TOOL, when: when(i) })),
  );
}

export function greetingOf(rule: number): string {
  return `Hello ${rule}, World!`;
}
