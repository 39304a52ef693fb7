// A regex → the table that the filter follows: subset construction over code-point classes, minimised.
// The search is unanchored (Go's MatchString); state 0 rejects and state 1 accepts, whatever follows.
import { MAX_STATES } from "../../../assembly/program.ts";
import { alphabetOf, type Alphabet } from "./classes.ts";
import { compilePattern, Empty, PatternError, type Machine, type Step } from "./machine.ts";
import { minimise, type Rows } from "./minimise.ts";
import { addShortcuts, type Shortcuts, type Table } from "./shortcuts.ts";

/** Tables as drawn at AutomatonField: `table` has `classes + 1` entries per state, the last for the end of the text. */
export interface Automaton extends Table, Shortcuts {
  source: string;
  states: number;
}

/** What precedes a place in the text. */
const enum Before {
  Other,
  Text,
  Line,
  Word,
}
const REJECT = 0;
const ACCEPT = 1;
const LOOKS_AHEAD = Empty.EndLine | Empty.EndText | Empty.WordBoundary | Empty.NoWordBoundary;
/** Bound on the instructions visited, so that a pattern that will not fit is refused within a second. */
const MAX_WORK = 40_000_000;
const MAX_STEPS = 0x7fff;
const HINT = "write it with fewer counted repetitions or alternatives, or anchor it with ^";

/**
 * Compiles `pattern` to its smallest automaton.
 * @throws PatternError when Go would refuse the pattern or the automaton would exceed MAX_STATES.
 */
export function buildAutomaton(pattern: string): Automaton {
  const known = built.get(pattern);
  if (known) return known;
  const automaton = build(pattern);
  if (automaton.table.length > MAX_KEPT_TABLE) return automaton;
  if (built.size >= MAX_KEPT) built.clear();
  built.set(pattern, automaton);
  return automaton;
}

/** An editor compiles at each key, and the regexes are most of the work and rarely what changes. */
const built = new Map<string, Automaton>();
const MAX_KEPT = 1024;
const MAX_KEPT_TABLE = 4096;

function build(pattern: string): Automaton {
  const machine = compilePattern(pattern);
  if (machine.steps.length > MAX_STEPS) throw tooLarge();
  const builder = new Builder(machine);
  const { start, table, width } = minimise(builder.build());
  return pack(pattern, start, table, width, builder.alphabet);
}

/** Automata by pattern: a pattern that several predicates use is compiled once. */
export class Automata {
  private readonly known = new Map<string, Automaton>();

  /** @throws PatternError as buildAutomaton does. */
  of(pattern: string): Automaton {
    const automaton = this.known.get(pattern) ?? buildAutomaton(pattern);
    this.known.set(pattern, automaton);
    return automaton;
  }
}

function tooLarge(): PatternError {
  return new PatternError(`the regex needs more than ${MAX_STATES} states`, 0, HINT);
}

/** The subset construction. A state is a set of instructions that wait for a character or for a look-ahead. */
class Builder {
  readonly alphabet: Alphabet;
  private readonly steps: Step[];
  private readonly lines: boolean;
  private readonly words: boolean;
  private readonly ids = new Map<string, number>();
  private readonly states: { waiting: Uint16Array; before: Before; pending: boolean }[] = [];
  private readonly seen: Uint32Array;
  private round = 0;
  private work = 0;

  constructor(private readonly machine: Machine) {
    this.steps = machine.steps;
    const needs = this.steps.reduce((all, step) => (step.kind === "empty" ? all | step.needs : all), 0);
    this.lines = (needs & (Empty.BeginLine | Empty.EndLine)) !== 0;
    this.words = (needs & (Empty.WordBoundary | Empty.NoWordBoundary)) !== 0;
    this.alphabet = alphabetOf(this.steps, this.lines, this.words);
    this.seen = new Uint32Array(this.steps.length);
  }

  build(): Rows {
    const width = this.alphabet.classes + 1;
    const none = { waiting: new Uint16Array(0), before: Before.Other, pending: false };
    this.states.push(none, none);
    const table: number[] = [];
    for (let i = 0; i < width; i++) table.push(REJECT);
    for (let i = 0; i < width; i++) table.push(ACCEPT);
    const start = this.stateOf([], Before.Text);
    for (let state = 2; state < this.states.length; state++) {
      for (let cls = 0; cls < this.alphabet.classes; cls++) table.push(this.next(state, cls));
      table.push(this.atEnd(state));
    }
    return { start, width, table };
  }

  private next(state: number, cls: number): number {
    const { waiting, before, pending } = this.states[state]!;
    const after = this.alphabet.newline[cls] ? Before.Line : this.alphabet.word[cls] ? Before.Word : Before.Other;
    const ready = pending ? this.follow(waiting, before, ahead(before, after)) : waiting;
    if (!ready) return ACCEPT;
    const outs: number[] = [];
    for (const at of ready) {
      const step = this.steps[at]!;
      if (step.kind === "runes" && this.alphabet.has[this.alphabet.setOf.get(step.ranges)!]![cls]) outs.push(step.out);
    }
    this.work += ready.length;
    return this.stateOf(outs, after);
  }

  private atEnd(state: number): number {
    const { waiting, before, pending } = this.states[state]!;
    const end = ahead(before, Before.Other) | Empty.EndText | Empty.EndLine;
    return pending && !this.follow(waiting, before, end) ? ACCEPT : REJECT;
  }

  /** The number of the state after a character with `outs` alive; the search may also start here. */
  private stateOf(outs: number[], before: Before): number {
    const waiting = this.follow([...outs, this.machine.start], before, undefined);
    if (!waiting) return ACCEPT;
    // With (?m) an empty state may come alive after a newline; minimising removes those that do not.
    if (waiting.length === 0 && !this.lines) return REJECT;
    const pending = waiting.some((at) => this.steps[at]!.kind === "empty");
    waiting.sort((a, b) => a - b);
    const key = String.fromCharCode(pending ? before : 0, ...waiting);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.states.push({ waiting: Uint16Array.from(waiting), before, pending }) - 1;
      if (id >= MAX_STATES || this.work > MAX_WORK) throw tooLarge();
      this.ids.set(key, id);
    }
    return id;
  }

  /**
   * Follows empty steps from `from`. Without `known` (the facts about the place, looking ahead), steps that look ahead
   * keep waiting. Returns the waiting steps, or undefined if a match was reached.
   */
  private follow(from: Iterable<number>, before: Before, known: number | undefined): number[] | undefined {
    const held =
      (before === Before.Text ? Empty.BeginText | Empty.BeginLine : 0) | (before === Before.Line ? Empty.BeginLine : 0);
    const facts = held | (known ?? LOOKS_AHEAD);
    const round = ++this.round;
    const waiting: number[] = [];
    const todo = [...from];
    while (todo.length > 0) {
      const at = todo.pop()!;
      if (this.seen[at] === round) continue;
      this.seen[at] = round;
      this.work++;
      const step = this.steps[at]!;
      if (step.kind === "match") return undefined;
      if (step.kind === "fork") todo.push(step.out, step.other);
      else if (step.kind === "skip") todo.push(step.out);
      else if (step.kind === "runes") waiting.push(at);
      else if (step.kind === "empty" && (step.needs & ~facts) === 0) {
        if (known === undefined && step.needs & LOOKS_AHEAD) waiting.push(at);
        else todo.push(step.out);
      }
    }
    return waiting;
  }
}

/** The facts between `before` and a character of the kind `after`, besides those that follow from `before` alone. */
function ahead(before: Before, after: Before): number {
  const boundary = (before === Before.Word) !== (after === Before.Word);
  return (boundary ? Empty.WordBoundary : Empty.NoWordBoundary) | (after === Before.Line ? Empty.EndLine : 0);
}

/** Merges equal columns and numbers the classes by their first code point. */
function pack(source: string, start: number, table: Uint16Array, width: number, alphabet: Alphabet): Automaton {
  const states = table.length / width;
  const merged: Uint16Array[] = [];
  const classOf = new Map<number, number>();
  const columns = new Map<string, number>();
  const mergedClass = (cls: number): number => {
    if (!classOf.has(cls)) {
      const cells = Uint16Array.from({ length: states }, (_, state) => table[state * width + cls]!);
      const key = String.fromCharCode(...cells);
      if (!columns.has(key)) columns.set(key, merged.push(cells) - 1);
      classOf.set(cls, columns.get(key)!);
    }
    return classOf.get(cls)!;
  };
  const ascii = new Uint8Array(128);
  const ranges: Automaton["ranges"] = [];
  alphabet.segments.forEach((segment, i) => {
    const cls = mergedClass(segment.class);
    const end = alphabet.segments[i + 1]?.first ?? Infinity;
    if (segment.first < 128) ascii.fill(cls, segment.first, Math.min(end, 128));
    if (end > 128 && ranges.at(-1)?.class !== cls) ranges.push({ first: Math.max(segment.first, 128), class: cls });
  });
  const out = new Uint16Array(states * (merged.length + 1));
  for (let state = 0; state < states; state++) {
    merged.forEach((cells, cls) => (out[state * (merged.length + 1) + cls] = cells[state]!));
    out[state * (merged.length + 1) + merged.length] = table[state * width + width - 1]!;
  }
  return addShortcuts({ source, states, classes: merged.length, start, ascii, ranges, table: out });
}
