// The policy of the body suite, twice: as the document that the compiler reads, and as plain functions of the call. Each
// `when` looks at one member at a time, so that it is clear which ambiguous keys it meets.
import { folded, member, type Tree } from "./reader.ts";

export const BODY_LIMIT = 65_536;

export const POLICY = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "fuzz" },
  loop: "off", // the suite asks for the same again and again
  limits: { body: BODY_LIMIT },
  rules: [
    {
      name: "greet",
      source: { jwt: { scopes: ["echo"] } },
      target: { tools: [{ tool: "echo", when: 'args.text.matches("^Hello, .*!$")' }] },
    },
    { name: "sum", source: { jwt: { scopes: ["sum"] } }, target: { tools: ["sum"] } },
    {
      name: "no-force",
      action: "Deny",
      target: { tools: [{ tool: "pay", when: "has(args.force) && args.force == true" }] },
    },
    {
      name: "pay",
      source: { jwt: { scopes: ["echo"] } },
      target: { tools: [{ tool: "pay", when: "args.amount <= 100" }] },
    },
    { name: "deep", target: { tools: [{ tool: "deep", when: "args.a.b == 1" }] } },
    { name: "list", target: { tools: [{ tool: "list", when: 'args.items.all(i, i.k == "x")' }] } },
    { name: "public", source: { jwt: { scopes: ["echo"] } }, target: { resources: ["file:///public/*"] } },
    { name: "prompt", target: { prompts: ["greet"] } },
    { name: "acme", target: { methods: ["acme/*"] } },
  ],
};

/** The token's payload: it has the scope echo but not sum. */
export const PAYLOAD = { sub: "mallory", scope: "echo" };

export type Truth = boolean | "error";
export type Target = { kind: "tool" | "resource" | "prompt" | "method"; name: string };

/** How a reader finds a member of an object: undefined if it is absent. */
export type Look = (tree: Tree | undefined, key: string) => Tree | undefined;

function isTrue(tree: Tree | undefined): boolean {
  return tree?.kind === "literal" && tree.value === true;
}

function isForced(args: Tree | undefined, look: Look): Truth {
  if (args?.kind === "array") return "error";
  return isTrue(look(args, "force"));
}

function allX(items: Tree | undefined, look: Look): Truth {
  if (items?.kind === "object") return items.members.length === 0 ? true : "error"; // keys have no members
  if (items?.kind !== "array") return "error";
  let answer: Truth = true;
  for (const item of items.items) {
    const k = look(item, "k");
    if (k?.kind === "string" && k.value === "x") continue;
    if (k) return false;
    answer = "error";
  }
  return answer;
}

function isOne(tree: Tree | undefined): Truth {
  return tree ? tree.kind === "number" && Number(tree.raw) === 1 : "error";
}

/** Whether the policy allows a call with these arguments. */
export function allows({ kind, name }: Target, args: Tree | undefined, look: Look = member): boolean {
  if (kind === "resource") return name.startsWith("file:///public/");
  if (kind === "prompt") return name === "greet";
  if (kind === "method") return name.startsWith("acme/");
  switch (name) {
    case "echo": {
      const text = look(args, "text");
      return text?.kind === "string" && /^Hello, [^\n]*!$/.test(text.value);
    }
    case "pay": {
      if (isForced(args, look) !== false) return false;
      const amount = look(args, "amount");
      return amount?.kind === "number" && Number(amount.raw) <= 100;
    }
    case "deep":
      return isOne(look(look(args, "a"), "b")) === true;
    case "list":
      return allX(look(args, "items"), look) === true;
    default:
      return false;
  }
}

/** Readers that take the first or last of equal keys, or of keys that are equal when folded. */
export const LENIENT_LOOKS: Record<string, Look> = {
  "first wins": (tree, key) => memberBy(tree, (name) => name === key, 0),
  "last wins": (tree, key) => memberBy(tree, (name) => name === key, -1),
  "folding, first wins": (tree, key) => memberBy(tree, (name) => folded(name) === folded(key), 0),
  "folding, last wins": (tree, key) => memberBy(tree, (name) => folded(name) === folded(key), -1),
};

function memberBy(tree: Tree | undefined, matches: (key: string) => boolean, at: number): Tree | undefined {
  return tree?.kind === "object" ? tree.members.filter(({ key }) => matches(key)).at(at)?.value : undefined;
}
