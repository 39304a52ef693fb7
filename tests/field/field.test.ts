// Situations that people reported and calls that adversaries tried, each with what is right. Those that are not right yet
// are named in not-yet.json; one that is right by now must be taken off.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileDocument } from "../../scripts/compiler/index.ts";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument } from "../../scripts/evaluate/load.ts";
import { readRequest, type EvalRequest } from "../../scripts/evaluate/request.ts";
import { readLines } from "../reference/corpus.ts";

interface FieldCase extends EvalRequest {
  id: string;
  policy: object;
  /** Decisions that are fine; `refused`: the policy is. */
  expect?: string[];
  /** The challenge. */
  scopes?: string[];
  /** What the body of a rejection must say, as a regex. */
  rejection?: string;
  /** Instead of a request: the problem that the compiler must tell. */
  check?: { severity: "error" | "warning"; says: string };
  why?: string;
}

/** Names with the reason why they are not right. */
const NOT_YET = JSON.parse(readFileSync(new URL("not-yet.json", import.meta.url), "utf8")) as Record<string, string>;
const engine = new Engine();

/** What is wrong; undefined: the case is right. */
function faultOf({ id, policy, expect, scopes, rejection, check, why: _, ...request }: FieldCase): string | undefined {
  const problems = compileDocument(policy).problems;
  if (check) {
    const told = problems.some(
      (one) => one.severity === check.severity && `${one.message} ${one.hint ?? ""}`.includes(check.says),
    );
    return told ? undefined : `no ${check.severity} about it: ${problems.map(({ message }) => message).join("; ")}`;
  }
  const loaded = loadDocument(policy);
  if (Array.isArray(loaded))
    return expect!.includes("refused") ? undefined : `the policy is refused: ${loaded.join("; ")}`;
  const { decision, reason, requiredScopes, body = "" } = engine.evaluate(loaded, readRequest(request));
  if (!expect!.includes(decision)) return `${id}: ${decision} (${reason})`;
  if (scopes && requiredScopes?.join(" ") !== scopes.join(" "))
    return `asks for ${requiredScopes?.join(" ") ?? "nothing"}`;
  return decision === "reject" && rejection && !new RegExp(rejection).test(body) ? `says ${body}` : undefined;
}

function checkCase(name: string, item: FieldCase): void {
  test(name, () => {
    const fault = faultOf(item);
    if (Object.hasOwn(NOT_YET, name)) assert.ok(fault, "right by now: take it off not-yet.json");
    else assert.equal(fault, undefined, `${item.why ?? ""}\n${JSON.stringify(item)}`);
  });
}

const field = readLines<FieldCase>("field-cases.jsonl");
const adversary = readLines<FieldCase>("adversary-cases.jsonl");
const names = [...field.map(({ id }) => `field: ${id}`), ...adversary.map(({ id }) => `adversary: ${id}`)];

test("each case has a name of its own, and not-yet.json names no other", () => {
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    Object.keys(NOT_YET).filter((name) => !names.includes(name)),
    [],
  );
});

for (const item of field) checkCase(`field: ${item.id}`, item);
// A policy that the compiler refuses, with the reason, cannot be walked around.
for (const item of adversary) checkCase(`adversary: ${item.id}`, { ...item, expect: [...item.expect!, "refused"] });
