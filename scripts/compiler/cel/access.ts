// Paths: args.a["b"].?c[0] and has(…). As much of a path as the vocabulary knows becomes one instruction; the rest
// becomes selections and indexes, one by one.
import { Flag, Op, Attribute, Tag } from "../../../assembly/program.ts";
import type { Node } from "./ast.ts";
import type { Planner } from "./plan.ts";
import { VOCABULARY, memberOf, type Entry, type HeadersEntry, type SlotEntry } from "./vocabulary.ts";

/** One step of a path: a name known at compile time, or an index known only at run time. */
interface Step {
  name?: string;
  index?: Node;
  optional: boolean;
  /** Whether the step is applied to an optional. */
  onOptional: boolean;
  node: Node;
}

interface Path {
  base: Node;
  steps: Step[];
  /** has(): only the presence of the last step is asked for. */
  has: boolean;
}

/** Operand a of the slot operations. */
const ABSENCE: Record<SlotEntry["absent"], number> = { null: 1, missing: 2, always: 0 };

/** Writes the code of a selection or an index, or of has(). */
export function planPath(planner: Planner, node: Node): void {
  const path = pathOf(planner, node);
  const entry = entryOf(planner, path.base);
  if (entry) return planEntry(planner, entry, path);
  planner.plan(path.base);
  planSteps(planner, path.steps, path.has);
}

/** The entry of the vocabulary that a whole node names, if any. */
function wholeEntry(planner: Planner, node: Node): Entry | undefined {
  const { base, steps, has } = pathOf(planner, node);
  let entry = entryOf(planner, base);
  for (const { name, optional } of steps) {
    const members = entry && "members" in entry ? entry.members : undefined;
    entry = members && name !== undefined && !optional ? memberOf(members, name) : undefined;
  }
  return has ? undefined : entry;
}

function entryOf(planner: Planner, base: Node): Entry | undefined {
  if (base.kind !== "ident" || (!base.global && planner.code.local(base.name) >= 0)) return undefined;
  return memberOf(VOCABULARY, base.name);
}

function pathOf(planner: Planner, node: Node): Path {
  const steps: Step[] = [];
  const has = node.kind === "select" && node.mode === "has";
  let base = node;
  for (let step = stepOf(planner, base); step; step = stepOf(planner, base)) {
    steps.unshift(step.step);
    base = step.operand;
  }
  return { base, steps, has };
}

function stepOf(planner: Planner, node: Node): { step: Step; operand: Node } | undefined {
  if (planner.constants.has(node)) return undefined;
  if (node.kind === "select") {
    const step = { name: node.field, optional: node.mode === "optional", node };
    return { step: { ...step, onOptional: planner.isOptional(node.operand) }, operand: node.operand };
  }
  if (node.kind !== "call" || (node.fn !== "_[_]" && node.fn !== "_[?_]")) return undefined;
  const [operand, index] = node.args as [Node, Node];
  const constant = planner.constants.get(index);
  const key = constant?.tag === Tag.String ? { name: constant.value } : { index };
  const optional = node.fn === "_[?_]";
  return { step: { ...key, optional, onOptional: planner.isOptional(operand), node }, operand };
}

/** Applies the steps to the value on the stack. */
function planSteps(planner: Planner, steps: Step[], has: boolean): void {
  for (const [i, step] of steps.entries()) {
    const optional = step.optional || step.onOptional;
    const ask = has && i === steps.length - 1;
    if (step.index) {
      planIndex(planner, step.index);
      planner.code.emit(optional ? Op.OptIndex : Op.Index);
      continue;
    }
    const c = planner.text(step.name ?? "");
    if (ask && !optional) planner.code.emit(Op.Has, { c });
    else planner.code.emit(optional ? Op.OptSelect : Op.Select, { c });
    if (ask && optional) planner.code.emit(Op.OptHasValue);
  }
}

const INDEX_TAGS = new Set([Tag.Bool, Tag.Int, Tag.Uint, Tag.Double]);

/** cel-go also refuses an expression whose index is a constant that cannot be a key. */
function planIndex(planner: Planner, index: Node): void {
  const constant = planner.constants.get(index);
  if (!constant || INDEX_TAGS.has(constant.tag)) return planner.plan(index);
  planner.refuse(index, "this cannot be an index", "an index must be a string, a number or a bool");
}

/** Follows the names of the steps in the vocabulary as far as they lead. */
function descend(root: Entry, steps: Step[]): { entry: Entry; used: number; missing: boolean } {
  let entry = root;
  for (const [used, { name }] of steps.entries()) {
    if (name === undefined || !("members" in entry) || !entry.members) return { entry, used, missing: false };
    const next = memberOf(entry.members, name);
    if (!next) return { entry, used, missing: true };
    entry = next;
  }
  return { entry, used: steps.length, missing: false };
}

function planEntry(planner: Planner, root: Entry, { base, steps, has }: Path): void {
  const { entry, used, missing } = descend(root, steps);
  const rest = steps.slice(used);
  const optional = steps.slice(0, used).some((step) => step.optional);
  if (missing) return planMissing(planner, entry, rest, optional, has);
  if (has && rest.length === 0) return planPresence(planner, entry);
  if (entry.kind === "headers" && rest[0]?.name !== undefined) return planHeader(planner, entry, rest, optional, has);
  if (entry.kind === "slot" && !optional) return planSlot(planner, entry, rest, has);
  const value = (): void => planValue(planner, entry, steps[used - 1]?.node ?? base);
  if (optional) planOptional(planner, () => planPresence(planner, entry), value);
  else value();
  planSteps(planner, rest, has);
}

/** A member that never exists: an error, or none after `.?`. */
function planMissing(planner: Planner, entry: Entry, steps: Step[], optional: boolean, has: boolean): void {
  const [first] = steps as [Step];
  const known = "members" in entry ? Object.keys(entry.members ?? {}).join(", ") : "";
  planner.problems.warn(
    first.node.span,
    `\`${first.name}\` never exists here: it counts as missing`,
    `known: ${known}`,
  );
  planNothing(planner, steps, optional, has);
}

function planNothing(planner: Planner, [first, ...rest]: Step[], optional: boolean, has: boolean): void {
  if (has && rest.length === 0) return planner.constant({ tag: Tag.Bool, value: false });
  if (optional || first?.optional) planner.code.emit(Op.OptNone);
  else planner.constant({ tag: Tag.Error });
  planSteps(planner, rest, has);
}

/** Whether the entry is present, as a bool. */
function planPresence(planner: Planner, entry: Entry): void {
  if (entry.kind === "attribute" && !entry.always) {
    if (entry.needs) planner.code.need(entry.needs);
    planner.code.emit(Op.HasAttribute, { c: entry.id });
  } else if (entry.kind === "slot" && entry.absent === "missing") {
    planner.code.emit(Op.HasSlot, { a: ABSENCE.missing, c: entry.slot });
  } else planner.constant({ tag: Tag.Bool, value: true });
}

/** The value of a whole entry. */
function planValue(planner: Planner, entry: Entry, node: Node): void {
  if (entry.kind === "group") {
    const hint = `use its members: ${Object.keys(entry.members)
      .map((name) => `${entry.name}.${name}`)
      .join(", ")}`;
    return planner.refuse(node, `\`${entry.name}\` is not a value by itself`, hint);
  }
  if (entry.kind === "headers") {
    planner.code.need(Flag.NeedsHeaders);
    planner.code.emit(Op.Attribute, { c: entry.all ? Attribute.HeadersAll : Attribute.Headers });
    return;
  }
  if (entry.needs) planner.code.need(entry.needs);
  if (entry.kind === "slot") planner.code.emit(Op.Slot, { a: ABSENCE[entry.absent], c: entry.slot });
  else planner.code.emit(Op.Attribute, { c: entry.id });
}

/** The value as an optional: of(value) if it is present, else none. */
function planOptional(planner: Planner, present: () => void, value: () => void): void {
  present();
  const branch = planner.code.emit(Op.Branch);
  value();
  planner.code.emit(Op.OptOf);
  const jump = planner.code.emit(Op.Jump);
  planner.code.land(branch);
  planner.code.emit(Op.OptNone);
  planner.code.landError(branch);
  planner.code.land(jump);
}

/** The longest run of names becomes one slot. A null argument object has no members, so its own presence is tested by steps. */
function planSlot(planner: Planner, entry: SlotEntry, steps: Step[], has: boolean): void {
  if (entry.needs) planner.code.need(entry.needs);
  const stop = steps.findIndex(
    (step, i) => step.name === undefined || step.optional || (has && i === steps.length - 1),
  );
  const run = stop < 0 ? steps.length : stop;
  const path = [...entry.path, ...steps.slice(0, run).map((step) => step.name ?? "")];
  const next = steps[run];
  if (next?.name === undefined || (run === 0 && entry.absent === "missing")) {
    if (run === 0) planner.code.emit(Op.Slot, { a: ABSENCE[entry.absent], c: entry.slot });
    else planner.code.emit(Op.Slot, { c: { slot: { root: entry.root, path } } });
    return planSteps(planner, steps.slice(run), has);
  }
  const c = { slot: { root: entry.root, path: [...path, next.name] } };
  planner.code.emit(next.optional ? Op.OptSlot : Op.HasSlot, { c });
  if (next.optional) planSteps(planner, steps.slice(run + 1), has);
}

/** A name as in the map of headers: RFC 9110 section 5.1, in lower case. */
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

function planHeader(planner: Planner, entry: HeadersEntry, steps: Step[], inherited: boolean, has: boolean): void {
  const [first, ...rest] = steps as [Step, ...Step[]];
  const name = first.name ?? "";
  if (!HEADER_NAME.test(name)) return planNoHeader(planner, steps, inherited, has);
  planner.code.need(Flag.NeedsHeaders);
  const c = planner.text(name);
  const present = (): void => void planner.code.emit(Op.HasHeader, { c });
  if (has && rest.length === 0) return present();
  const value = (): void => void planner.code.emit(Op.Header, { a: entry.all ? 1 : 0, c });
  if (inherited || first.optional) planOptional(planner, present, value);
  else value();
  planSteps(planner, rest, has);
}

/** Header names are in lower case, so this one never exists. */
function planNoHeader(planner: Planner, steps: Step[], optional: boolean, has: boolean): void {
  const [first] = steps as [Step];
  const lower = (first.name ?? "").toLowerCase();
  planner.problems.warn(first.node.span, "no header ever has this name", `header names are in lower case: ${lower}`);
  planNothing(planner, steps, optional, has);
}

/** Plans `"name" in request.headers`; returns false if the expression is something else. */
export function planHeaderIn(planner: Planner, key: Node, map: Node): boolean {
  const constant = planner.constants.get(key);
  if (constant?.tag !== Tag.String || !HEADER_NAME.test(constant.value)) return false;
  if (wholeEntry(planner, map)?.kind !== "headers") return false;
  planner.code.need(Flag.NeedsHeaders);
  planner.code.emit(Op.HasHeader, { c: planner.text(constant.value) });
  return true;
}
