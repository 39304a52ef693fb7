// Checked tree → instructions of the VM. What the VM cannot do the way cel-go does is refused here, with a hint
// on what to write instead; the planner goes on after an error to find the others.
import { LoopKind, MAX_LOOPS, MAX_STACK, Op, Tag } from "../../../assembly/program.ts";
import type { Automata } from "../regex/automaton.ts";
import { planHeaderIn, planPath } from "./access.ts";
import type { Bind, Call, ListNode, Loop, LoopName, MapNode, Node } from "./ast.ts";
import { planCall } from "./calls.ts";
import type { Checked } from "./checker.ts";
import type { Constant, Operand, PredicateCode } from "./code.ts";
import { Emitter } from "./emitter.ts";
import type { Constants } from "./fold.ts";
import type { Problems } from "./problems.ts";
import { show, type Kind, type Type } from "./types.ts";

/** What the earlier stages know about the expression. */
export interface Known {
  text: string;
  checked: Checked;
  constants: Constants;
}

/** The code of the predicate and the instructions by loop depth, or undefined if something in it is refused. */
export function plan(
  root: Node,
  known: Known,
  automata: Automata,
  problems: Problems,
): (PredicateCode & { counts: number[] }) | undefined {
  const planner = new Planner(known, automata, problems);
  planner.plan(root);
  planner.code.emit(Op.Return);
  const { instructions, stack, loops, needs, counts } = planner.code;
  if (stack > MAX_STACK)
    problems.error(root.span, "the expression needs too many values at once", "split it into several rules");
  if (loops > MAX_LOOPS) problems.error(root.span, `macros are nested more than ${MAX_LOOPS} deep`);
  if (instructions.length > 0xffff)
    problems.error(root.span, "the expression is too long", "split it into several rules");
  return problems.failed ? undefined : { instructions, stack, loops, needs, counts };
}

const LOOPS: Record<LoopName, LoopKind> = {
  all: LoopKind.All,
  exists: LoopKind.Exists,
  exists_one: LoopKind.ExistsOne,
  filter: LoopKind.Filter,
  map: LoopKind.Map,
};

const BINARY: Record<string, Op> = {
  "_==_": Op.Eq,
  "_!=_": Op.Ne,
  "_<_": Op.Lt,
  "_<=_": Op.Le,
  "_>_": Op.Gt,
  "_>=_": Op.Ge,
  "_+_": Op.Add,
  "_-_": Op.Sub,
  "_*_": Op.Mul,
  "_/_": Op.Div,
  "_%_": Op.Mod,
};

const KEY_TAGS = new Set([Tag.String, Tag.Int, Tag.Uint, Tag.Bool]);
const KEYS = new Set<Kind>(["string", "int", "uint", "bool", "dyn"]);

export class Planner {
  readonly code = new Emitter();
  readonly constants: Constants;

  constructor(
    readonly known: Known,
    readonly automata: Automata,
    readonly problems: Problems,
  ) {
    this.constants = known.constants;
  }

  plan(node: Node): void {
    const constant = this.constants.get(node);
    if (constant) return this.constant(constant);
    if (this.isOptional(node) && this.typeOf(node).params[0]?.kind === "optional") {
      return this.refuse(node, "an optional of an optional is not supported", "take the value first: x.orValue(…)");
    }
    switch (node.kind) {
      case "ident":
      case "select":
        return this.path(node);
      case "call":
        return this.call(node);
      case "list":
        return this.list(node);
      case "map":
        return this.map(node);
      case "loop":
        return this.loop(node);
      case "bind":
        return this.bind(node);
      default:
        return this.refuse(node, "this is not supported");
    }
  }

  typeOf(node: Node): Type {
    return this.known.checked.typeOf(node);
  }

  isOptional(node: Node): boolean {
    return this.typeOf(node).kind === "optional";
  }

  constant(value: Constant): void {
    this.code.emit(Op.Const, { c: { constant: value } });
  }

  /** A text constant as an operand. */
  text(value: string): Operand {
    return { constant: { tag: Tag.String, value } };
  }

  /** Reports something that cannot be planned, and pushes a value in its place. */
  refuse(node: Node, message: string, hint?: string): void {
    this.problems.error(node.span, message, hint);
    this.constant({ tag: Tag.Error });
  }

  /** The VM handles an optional only where the static type says so; one inside a dynamic value is refused. */
  plainOnly(nodes: Node[]): void {
    for (const node of nodes.filter((part) => this.isOptional(part))) {
      this.problems.error(node.span, "an optional is not allowed here", "take its value: x.orValue(…)");
    }
  }

  /** Either all parts are optional, or none is. */
  private alike(nodes: Node[]): void {
    if (!nodes.every((node) => this.isOptional(node))) this.plainOnly(nodes);
  }

  private path(node: Node): void {
    const local = node.kind === "ident" && !node.global ? this.code.local(node.name) : -1;
    if (local >= 0) this.code.emit(Op.Local, { c: local });
    else planPath(this, node);
  }

  private call(node: Call): void {
    const [left, right] = node.args;
    const binary = node.target || !left || !right ? undefined : BINARY[node.fn];
    if (binary !== undefined) return this.apply(binary, [left as Node, right as Node]);
    switch (node.fn) {
      case "_[_]":
      case "_[?_]":
        return planPath(this, node);
      case "_&&_":
        return this.logic(node.args, Op.AndJump, Op.And);
      case "_||_":
        return this.logic(node.args, Op.OrJump, Op.Or);
      case "_?_:_":
        return this.choice(node.args as [Node, Node, Node]);
      case "@in":
        return this.membership(left as Node, right as Node);
      case "!_":
        return this.apply(Op.Not, [left as Node]);
      case "-_":
        return this.apply(Op.Neg, [left as Node]);
      default:
        return planCall(this, node);
    }
  }

  /** The operands in order, then the operation. */
  apply(op: Op, operands: Node[], extra: { a?: number; b?: number; c?: number } = {}): void {
    for (const operand of operands) this.plan(operand);
    this.code.emit(op, extra);
  }

  /** a && b && c as (a && b) && c: each operand may decide the whole. */
  private logic(args: Node[], jump: Op, join: Op): void {
    const jumps: number[] = [];
    for (const [i, arg] of args.entries()) {
      if (i > 0) jumps.push(this.code.emit(jump));
      this.plan(arg);
      if (i > 0) this.code.emit(join);
    }
    for (const index of jumps) this.code.land(index);
  }

  private choice([condition, yes, no]: [Node, Node, Node]): void {
    this.alike([yes, no]);
    this.plan(condition);
    const branch = this.code.emit(Op.Branch);
    this.plan(yes);
    const jump = this.code.emit(Op.Jump);
    this.code.land(branch);
    this.plan(no);
    this.code.land(jump);
    this.code.landError(branch);
  }

  /** In cel-go, `x in []` is false even if x is an error. */
  private membership(item: Node, range: Node): void {
    const constant = this.constants.get(range);
    if (constant?.tag === Tag.CellList && constant.items.length === 0) {
      this.plan(item);
      this.code.emit(Op.Pop);
      this.constant({ tag: Tag.Bool, value: false });
    } else if (!planHeaderIn(this, item, range)) this.apply(Op.In, [item, range]);
  }

  private list(node: ListNode): void {
    const optional = this.elements(node.items);
    for (const item of node.items) this.plan(item.value);
    const c = node.items.length;
    this.code.emit(Op.List, { a: optional ? 1 : 0, c }, 1 - c);
  }

  /** Whether `?` is used; then the other elements must not be optionals, or they would be unwrapped too. */
  private elements(items: ListNode["items"]): boolean {
    const asked = items.filter((item) => item.optional);
    for (const { value } of asked.filter((item) => !this.isOptional(item.value))) {
      this.problems.error(value.span, "`?` needs an optional; this may be another value", "write x.?y");
    }
    const others = items.filter((item) => !item.optional).map((item) => item.value);
    if (asked.length > 0) this.plainOnly(others);
    else this.alike(others);
    return asked.length > 0;
  }

  private map(node: MapNode): void {
    const optional = this.elements(node.entries);
    for (const entry of node.entries) {
      this.key(entry.key);
      this.plan(entry.key);
      this.plan(entry.value);
    }
    const c = node.entries.length;
    this.code.emit(Op.Map, { a: optional ? 1 : 0, c }, 1 - 2 * c);
  }

  /** cel-go accepts any value as a key, the VM only those of the language definition; dynamic keys are checked at run time. */
  private key(node: Node): void {
    const tag = this.constants.get(node)?.tag;
    if (tag === undefined ? KEYS.has(this.typeOf(node).kind) : KEY_TAGS.has(tag)) return;
    const shown = show(this.typeOf(node));
    this.problems.error(
      node.span,
      `a key must be a string, int, uint or bool; this is ${shown}`,
      "write string(x) or int(x)",
    );
  }

  private loop(node: Loop): void {
    this.plan(node.range);
    const loop = this.code.emit(Op.Loop, { a: LOOPS[node.macro] });
    const start = this.code.next;
    this.code.open(node.variable, true);
    if (node.filter) this.plainOnly([node.body]);
    const skip = node.filter && this.skip(node.filter);
    this.plan(node.body);
    if (skip !== undefined) this.code.land(skip);
    const next = this.code.emit(Op.Next, { a: node.filter ? 1 : 0 });
    const back = this.code.instructions[next];
    if (back) back.c = start - next - 1;
    this.code.close();
    this.code.land(loop);
  }

  private skip(filter: Node): number {
    this.plan(filter);
    return this.code.emit(Op.Skip);
  }

  private bind(node: Bind): void {
    if (node.flat !== this.isOptional(node.body)) {
      const [is, other] = node.flat ? ["not an optional", "optMap"] : ["an optional", "optFlatMap"];
      this.problems.error(node.body.span, `the result is ${is}`, `use ${other}()`);
    }
    this.plan(node.operand);
    const map = this.code.emit(Op.OptMap);
    this.code.open(node.variable, false);
    this.plan(node.body);
    this.code.emit(Op.OptBind, { a: node.flat ? 1 : 0 });
    this.code.close();
    this.code.land(map);
  }
}
