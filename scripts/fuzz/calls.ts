// Random JSON-RPC messages that are close to what the policy of policy.ts allows.
import type { Choice } from "../../tests/support/random.ts";
import { object, randomValue, STRINGS, text, verbatim, type Draft } from "./draft.ts";

const METHODS = [
  ...[
    "initialize",
    "ping",
    "tools/list",
    "notifications/initialized",
    "notifications/x",
    "server/discover",
    "logging/setLevel",
    "tools/calls",
    "Tools/call",
  ],
  ...[
    "acme/do",
    "acme/",
    "acme",
    "tasks/list",
    "tasks/get",
    "tasks/cancel",
    "resources/read",
    "resources/subscribe",
    "prompts/get",
    "completion/complete",
  ],
  ...["subscriptions/listen", "other", "", "tools/call\0"],
];
const TOOLS = ["echo", "sum", "pay", "deep", "list", "Echo", "echo\0", "ec\u0068o", "other", ""];
const URIS = [
  ...[
    "file:///public/a",
    "file:///public/",
    "file:///public",
    "file:///public/../etc",
    "file:///public/%2e%2e/x",
    "file:///public/a%20b",
    "File:///public/a",
  ],
  ...[
    "file:///public/a%2",
    "file:///public/%zz",
    "file:///public/.",
    "file:///public/...",
    "file:///public/a?/..",
    "file:///public/a\\b",
    "file:///public/é",
    "http://EX/a",
    "x",
    "",
  ],
];
const VERSIONS = ["2025-03-26", "2025-06-18", "2026-07-28", "2027-01-01", "2026-07-2", "9999-99-99x", "draft"];

function randomArguments(choice: Choice, tool: string): Draft {
  const noise: [string, Draft][] = choice.chance(0.3) ? [[choice.one(STRINGS), randomValue(choice, 3, 0.02)]] : [];
  const some = (): Draft => (choice.chance(0.75) ? text("x") : randomValue(choice, 1, 0));
  switch (tool) {
    case "echo":
      return object(["text", text(choice.one(STRINGS))], ...noise);
    case "pay": {
      const force: [string, Draft][] = choice.chance(0.4)
        ? [["force", verbatim(choice.one(["true", "false", "1", "null"]))]]
        : [];
      const amount = choice.one([
        "0",
        "100",
        "1e2",
        "100.00000000000001",
        "101",
        "-5",
        '"5"',
        "99.99999999999999999999",
        "1e-400",
        "100.000000000000000000001",
      ]);
      return object(["amount", verbatim(amount)], ...force, ...noise);
    }
    case "deep":
      return object(
        [
          "a",
          choice.chance(0.8)
            ? object(["b", verbatim(choice.one(["1", "1.0", "2", '"1"', "1e0", "10e-1"]))])
            : randomValue(choice, 2, 0),
        ],
        ...noise,
      );
    case "list":
      return object(
        [
          "items",
          choice.chance(0.9)
            ? Array.from({ length: choice.below(4) }, () => object(["k", some()]))
            : randomValue(choice, 2, 0),
        ],
        ...noise,
      );
    default:
      return choice.chance(0.5) ? object(...noise) : randomValue(choice, 3, 0.02);
  }
}

function randomParams(choice: Choice, method: string): Draft {
  const version: [string, Draft][] = choice.chance(0.08)
    ? [["_meta", object(["io.modelcontextprotocol/protocolVersion", text(choice.one(VERSIONS))])]]
    : [];
  const noise: [string, Draft][] = choice.chance(0.15)
    ? [[choice.one(["x", "uri", "name", "ref", "taskId"]), randomValue(choice, 2, 0.02)]]
    : [];
  if (method === "tools/call") {
    const tool = choice.chance(0.85) ? choice.one(TOOLS.slice(0, 5)) : choice.one(TOOLS);
    const args: [string, Draft][] = choice.chance(0.95) ? [["arguments", randomArguments(choice, tool)]] : [];
    return object(["name", text(tool)], ...args, ...version, ...noise);
  }
  const uri = (): Draft => text(choice.one(URIS));
  if (method.startsWith("resources/")) return object(["uri", uri()], ...version, ...noise);
  if (method === "completion/complete") {
    const type = choice.one(["ref/prompt", "ref/resource", "ref/other"]);
    return object(
      ["ref", object(["type", text(type)], ["name", text(choice.one(["greet", "other", ""]))], ["uri", uri()])],
      ...version,
    );
  }
  if (method === "subscriptions/listen") {
    const list = choice.chance(0.8) ? Array.from({ length: choice.below(4) }, uri) : randomValue(choice, 2, 0);
    return choice.chance(0.8)
      ? object(["notifications", object(["resourceSubscriptions", list])], ...version)
      : object(...version);
  }
  if (method === "prompts/get") return object(["name", text(choice.one(["greet", "other"]))], ...noise);
  return choice.chance(0.7) ? object(["taskId", text("7")], ...version, ...noise) : randomValue(choice, 2, 0.02);
}

/** One message: mostly a tool call. */
export function randomMessage(choice: Choice): Draft {
  const method = choice.chance(0.7) ? "tools/call" : choice.one(METHODS);
  const ids = ["1", '"a"', "-7", "0", "9007199254740993", '"é\\u0000"', "null", "1.5", "1e3", "true", "[1]"];
  const id: [string, Draft][] = choice.chance(0.92)
    ? [["id", verbatim(choice.chance(0.9) ? ids[choice.below(6)]! : choice.one(ids))]]
    : [];
  if (choice.chance(0.04)) return object(["jsonrpc", text("2.0")], ...id, [choice.one(["result", "error"]), object()]);
  return object(
    ["jsonrpc", text(choice.chance(0.98) ? "2.0" : "1.0")],
    ...id,
    ["method", text(method)],
    ["params", randomParams(choice, method)],
  );
}
