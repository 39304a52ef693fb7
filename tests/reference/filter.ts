// The shipped filter as a judge, for the policies of the generator and of the corpora.
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument, type Loaded } from "../../scripts/evaluate/load.ts";
import type { EvalRequest } from "../../scripts/evaluate/request.ts";
import type { ListItem } from "../../scripts/evaluate/list.ts";
import { callRequest } from "../../scripts/policy-test/call.ts";
import { payloadOf, type ShortCall, type ShortCaller } from "./corpus.ts";
import type { ListKind } from "./lists.ts";
import type { Answer } from "./promise.ts";

const engine = new Engine();
const loaded = new WeakMap<object, Loaded>();

/** The policy, compiled once. Throws what the compiler says about a wrong one. */
export function load(document: object): Loaded {
  const made = loaded.get(document) ?? loadDocument(document);
  if (Array.isArray(made)) throw new Error(`${made.join("\n")}\n${JSON.stringify(document)}`);
  loaded.set(document, made);
  return made;
}

/** The `eval` request of a call in short. */
export function evalRequest(document: object, call: ShortCall, caller: ShortCaller): EvalRequest {
  const { host, path, headers, badToken, address, principal, time } = caller;
  const fields = { authority: host, path, headers, badToken, address, principal, time };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return {
    ...callRequest(call, load(document).policy),
    payload: payloadOf(caller) as EvalRequest["payload"],
    ...given,
  };
}

export function byFilter(document: object, call: ShortCall, caller: ShortCaller): Answer {
  return engine.evaluate(load(document), evalRequest(document, call, caller));
}

const METHODS = {
  tools: "tools/list",
  prompts: "prompts/list",
  resources: "resources/list",
  resourceTemplates: "resources/templates/list",
};
const MEMBERS = { tools: "name", prompts: "name", resources: "uri", resourceTemplates: "uriTemplate" };

/** The items of a list, as `eval` judges them. */
export function itemsByFilter(document: object, kind: ListKind, names: string[], caller: ShortCaller): ListItem[] {
  const call = { method: METHODS[kind] };
  const result = { [kind]: names.map((name) => ({ [MEMBERS[kind]]: name })) };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, result });
  const request = { ...evalRequest(document, call, caller), response: { body } };
  const { list, reason } = engine.evaluate(load(document), request);
  if (!list) throw new Error(`no list: ${reason}`);
  return list.items;
}
