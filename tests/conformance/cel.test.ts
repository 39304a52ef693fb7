// The results of cel-go, through the whole path: compiler, program, filter. A policy has the expression as the `when`
// of its only rule; the trace tells false from error.
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument } from "../../scripts/evaluate/load.ts";
import type { Struct } from "../../scripts/simulate/host.ts";
import { readCases, score, toJson, type Difference } from "../support/cases.ts";

interface CelCase {
  id: string;
  section: string;
  expr: string;
  args?: unknown;
  args_raw?: string;
  meta?: unknown;
  claims?: Struct | null;
  ext?: string[];
  expected: "true" | "false" | "error";
  drift?: object;
}

const engine = new Engine();
const TRUTHS: Record<string, string> = { matched: "true", when_false: "false", when_error: "error" };

/** true, false or error. An expression or a request that is refused counts as an error; `how` says which it was. */
function evaluate(item: CelCase): { truth: string; how: string } {
  const loaded = loadDocument({
    apiVersion: "scopegate/v1",
    kind: "Policy",
    rules: [{ action: "Allow", target: { tools: ["t"] }, when: item.expr }],
  });
  if (Array.isArray(loaded)) return { truth: "error", how: `refused: ${loaded[0]}` };
  const args = item.args_raw ?? toJson(item.args ?? null);
  const meta = item.meta === undefined ? "" : `,"_meta":${toJson(item.meta)}`;
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":${args}${meta}}}`;
  const result = engine.evaluate(loaded, { payload: item.claims ?? {}, body }, true);
  if (result.decision === "reject") return { truth: "error", how: `request refused: ${result.reason}` };
  return { truth: TRUTHS[result.trace?.[0]?.outcome ?? ""] ?? "none", how: result.reason };
}

function compare(item: CelCase): Difference {
  const { truth, how } = evaluate(item);
  return truth === item.expected ? undefined : `${truth} (${how}), expected ${item.expected}`;
}

/** `spec/<file>/<section>` is scored by file. */
const groupOf = ({ section }: CelCase): string => section.split("/").slice(0, 2).join("/");

score(
  "cel",
  readCases<CelCase>("cel-cases")
    .filter(({ drift }) => drift === undefined)
    .map((item) => ({ id: item.id, group: groupOf(item), run: () => compare(item) })),
);
