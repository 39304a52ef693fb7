// A policy test file: `policy` and `tests`, read from YAML and checked.
import { parse } from "yaml";
import { readRequest, RequestError, type EvalRequest } from "../evaluate/request.ts";
import { LIST_KINDS, type ListItem, type ListName } from "../evaluate/list.ts";
import { listRequest } from "../explain/list.ts";
import { callRequest, type Call } from "./call.ts";
import { CALL, CALLER_FIELDS, DECISIONS, EXPECTATION, TEST, TEST_FILE } from "./shapes.ts";
import type { Policy } from "../compiler/index.ts";
import { namesOf } from "../compiler/policy/shapes.ts";

export interface Expectation {
  decision: string;
  rule?: string | null;
  scopes?: string[] | null;
  reason?: string;
}

/** What a list must show: names by outcome. */
export type ListExpectation = Partial<Record<ListItem["outcome"], string[]>>;

export interface PolicyTest {
  name: string;
  expect: Expectation;
  /** In place of `expect`, where a list is tested. */
  items?: ListExpectation;
  /** The request, once the policy is known, which determines where a backend's name goes. */
  request(policy: Policy): EvalRequest;
}

interface TestFile {
  /** As written: a path relative to the file. */
  policy: string;
  tests: PolicyTest[];
}

/** A test file that cannot be used; the message begins with the place. */
export class TestFileError extends Error {}

type Json = Record<string, unknown>;

/** Reads the text of a test file; `file` is only named in errors. Throws TestFileError. */
export function readTests(text: string, file: string): TestFile {
  const document = mapping(parseYaml(text, file), file, namesOf(TEST_FILE));
  if (typeof document.policy !== "string") throw new TestFileError(`${file}: policy must be the path of a policy`);
  if (!Array.isArray(document.tests)) throw new TestFileError(`${file}: tests must be a list`);
  const tests = document.tests.map((item, i) => readTest(item, `${file}: tests[${i}]`));
  return { policy: document.policy, tests };
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new TestFileError(`${file}: ${(error as Error).message}`);
  }
}

function readTest(item: unknown, place: string): PolicyTest {
  const test = mapping(item, place, namesOf(TEST));
  if (typeof test.name !== "string") throw new TestFileError(`${place}: name must be a string`);
  if ([test.call, test.request, test.list].filter((what) => what !== undefined).length !== 1)
    throw new TestFileError(`${place}: give exactly one of call, request and list`);
  const caller = readCaller(test, place);
  if (test.list !== undefined) return readListTest(test, test.name, caller, place);
  return {
    name: test.name,
    expect: readExpectation(test.expect, `${place}.expect`),
    request: requestOf(test, caller, place),
  };
}

/** The items of a list test are those that are expected in some way. */
function readListTest({ list, expect }: Json, name: string, caller: Json, place: string): PolicyTest {
  const kind = LIST_KINDS.find((known) => known === list);
  if (!kind) throw new TestFileError(`${place}: list must be one of ${LIST_KINDS.join(", ")}`);
  const items: ListExpectation = mapping(expect, `${place}.expect`, ["callable", "obtainable", "never"]);
  const names = Object.entries(items).flatMap(([outcome, some]) => texts(some, `${place}.expect.${outcome}`));
  if (names.length === 0) throw new TestFileError(`${place}.expect: name items as callable, obtainable or never`);
  const request = checked({ ...caller, ...listRequest({ [kind]: names.map(itemOf[kind]) }) }, `${place}.list`);
  return { name, expect: { decision: "allow" }, items, request: () => request };
}

const itemOf: Record<ListName, (name: string) => object> = {
  tools: (name) => ({ name }),
  prompts: (name) => ({ name }),
  resources: (uri) => ({ uri }),
  resourceTemplates: (uriTemplate) => ({ uriTemplate }),
};

/** Who calls, from where and when; `scopes` is short for a payload that has only a scope. */
function readCaller(test: Json, place: string): Json {
  const given = CALLER_FIELDS.filter((name) => test[name] !== undefined);
  return { ...readPayload(test, place), ...Object.fromEntries(given.map((name) => [name, test[name]])) };
}

function readPayload({ payload, scopes, anonymous }: Json, place: string): Json {
  if (anonymous !== undefined) {
    if (anonymous !== true) throw new TestFileError(`${place}: anonymous can only be true`);
    if (payload !== undefined || scopes !== undefined)
      throw new TestFileError(`${place}: an anonymous call has no payload and no scopes`);
  }
  if (scopes === undefined) return payload === undefined ? {} : { payload };
  if (payload !== undefined) throw new TestFileError(`${place}: give payload or scopes, not both`);
  return { payload: { scope: texts(scopes, `${place}.scopes`).join(" ") } };
}

function requestOf(test: Json, caller: Json, place: string): PolicyTest["request"] {
  if (test.request !== undefined) {
    const request = checked({ ...caller, ...mapping(test.request, `${place}.request`) }, `${place}.request`);
    return () => request;
  }
  const call = mapping(test.call, `${place}.call`, namesOf(CALL));
  for (const key of ["tool", "backend", "resource", "prompt", "method"])
    if (call[key] !== undefined && typeof call[key] !== "string")
      throw new TestFileError(`${place}.call: ${key} must be a string`);
  const named = ["tool", "resource", "prompt", "method"].filter((key) => call[key] !== undefined);
  if (named.length !== 1) throw new TestFileError(`${place}.call: give exactly one of tool, resource, prompt, method`);
  return (policy) => checked({ ...caller, ...callRequest(call as Call, policy) }, `${place}.call`);
}

function readExpectation(value: unknown, place: string): Expectation {
  const expect = mapping(value, place, namesOf(EXPECTATION));
  if (!DECISIONS.includes(expect.decision as string))
    throw new TestFileError(`${place}: decision must be one of ${DECISIONS.join(", ")}`);
  for (const key of ["rule", "reason"])
    if (expect[key] !== undefined && expect[key] !== null && typeof expect[key] !== "string")
      throw new TestFileError(`${place}: ${key} must be a string`);
  if (expect.scopes !== undefined && expect.scopes !== null) texts(expect.scopes, `${place}.scopes`);
  return expect as unknown as Expectation;
}

function checked(request: unknown, place: string): EvalRequest {
  try {
    return readRequest(request);
  } catch (error) {
    if (error instanceof RequestError) throw new TestFileError(`${place}: ${error.message}`);
    throw error;
  }
}

/** A mapping with no other keys than these. */
function mapping(value: unknown, place: string, keys?: string[]): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TestFileError(`${place}: expected a mapping`);
  const unknown = keys && Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw new TestFileError(`${place}: unknown key "${unknown}"; known keys: ${keys!.join(", ")}`);
  return value as Json;
}

function texts(value: unknown, place: string): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
    throw new TestFileError(`${place}: expected a list of strings`);
  return value as string[];
}
