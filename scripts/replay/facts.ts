// Predicates whose outcome a record does not have, run on the arguments that it does have: where a policy lets records have
// all that a predicate reads, it is known what it would have come to.
import { Attribute, Op, Slot } from "../../assembly/program.ts";
import type { Instruction, SlotPath } from "../compiler/cel/code.ts";
import type { Policy } from "../compiler/policy/policy.ts";
import { compileWhens } from "../compiler/policy/whens.ts";
import { Report } from "../compiler/source/document.ts";
import { Probe } from "../evaluate/probe.ts";
import { whenKey, whensOf } from "./atoms.ts";
import { plain, requestOf } from "./call.ts";
import type { LogRecord } from "./records.ts";

/** What a record tells of a call besides its arguments. */
const TOLD = [Attribute.Method, Attribute.Tool, Attribute.Backend, Attribute.Uri, Attribute.Prompt];
const SLOTS = [Op.Slot, Op.HasSlot, Op.OptSlot];
const ATTRIBUTES = [Op.Attribute, Op.HasAttribute];
const HEADERS = [Op.Header, Op.HasHeader];
const LETTERS = { true: "t", false: "f", error: "e" } as const;

interface Predicate {
  /** Paths of the arguments that it reads. */
  reads: string[];
  probe: Probe;
}

/** The predicates of a policy that read nothing but arguments and names. */
export class Facts {
  private readonly predicates = new Map<string, Predicate>();

  constructor(private readonly policy: Policy) {
    const codes = compileWhens(new Report(), policy);
    for (const when of policy.rules.flatMap((rule) => whensOf(rule))) {
      const reads = readsOf(codes.get(when.value)?.instructions ?? []);
      if (reads && reads.length > 0)
        this.predicates.set(whenKey(when, policy), { reads, probe: new Probe(policy, when.value, undefined) });
    }
  }

  /** The letter of a predicate, by its key; undefined when the record of a policy `from` does not have what it reads. */
  letter(key: string, record: LogRecord, from: Policy): string | undefined {
    const predicate = this.predicates.get(key);
    const recorded = new Set(from.record.facts.filter(({ hashed }) => !hashed).map(({ path }) => path));
    if (!predicate || !predicate.reads.every((path) => recorded.has(path))) return undefined;
    const args = argumentsIn((record["facts"] ?? {}) as Record<string, unknown>, predicate.reads);
    const request = requestOf(record, this.policy);
    if (!args || typeof request === "string") return undefined;
    const message = JSON.parse(String(request.body)) as { params: object };
    const body = JSON.stringify({ ...message, params: { ...message.params, arguments: args } });
    const truth = predicate.probe.ask({ ...request, payload: { sub: "replay" }, body });
    return truth && LETTERS[truth];
  }
}

/** The arguments that the code of a predicate reads; undefined when it reads something else, too. */
function readsOf(instructions: readonly Instruction[]): string[] | undefined {
  const paths = new Set<string>();
  for (const { op, c } of instructions) {
    if (HEADERS.includes(op) || (ATTRIBUTES.includes(op) && !TOLD.includes(c as Attribute))) return undefined;
    if (!SLOTS.includes(op)) continue;
    const path = typeof c === "object" && "slot" in c ? argumentOf(c.slot) : undefined;
    if (path === undefined) return undefined;
    paths.add(path);
  }
  return [...paths];
}

function argumentOf({ root, path: [params, args, ...rest] }: SlotPath): string | undefined {
  const isArgument = root === Slot.Body && params === "params" && args === "arguments" && rest.length > 0;
  return isArgument && !rest.some((name) => name.includes(".")) ? rest.join(".") : undefined;
}

/** Arguments made of what a record has; undefined when one of them is not told whole, or as what it was. */
function argumentsIn(facts: Record<string, unknown>, paths: readonly string[]): object | undefined {
  const args: Record<string, unknown> = {};
  for (const path of paths) {
    const names = path.split(".");
    const value = facts[path];
    if (value === undefined && names.length > 1) return undefined; // what holds it may be missing, too
    if (value === undefined) continue;
    // A list or an object is told as its text, and a long text is cut.
    if (typeof value === "string" && /^[[{]|…$/.test(value)) return undefined;
    let owner = args;
    for (const name of names.slice(0, -1)) owner = (owner[name] ??= {}) as Record<string, unknown>;
    owner[names.at(-1)!] = typeof value === "string" ? plain(value) : value;
  }
  return args;
}
