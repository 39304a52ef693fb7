// Verifies the automata of a program.
import { AUTOMATON_SIZE, AutomatonField, LOOP_SIZE, MAX_PREFIX, Section } from "../program.ts";
import { rangeAt } from "../cel/automaton.ts";
import { program, section, sectionCount } from "../sections.ts";

const ASCII: u64 = 128;
const RANGE_SIZE: u64 = 8;
const TRANSITION_SIZE: u32 = 2;
const MOST_STATES: u32 = 65536; // and classes

/** Whether all automata of the program in use are sound: tables in bounds, no class and no state in them that does not exist. */
export function checkAutomata(): bool {
  let record = section(Section.Automata);
  for (let left = sectionCount(Section.Automata); left; left--, record += AUTOMATON_SIZE) {
    if (!checkAutomaton(record)) return false;
  }
  return true;
}

export function checkAutomaton(record: usize): bool {
  return checkShape(record) && checkClasses(record) && checkTable(record);
}

/** Checks that the numbers of the record fit each other, and that its tables are within the program. */
function checkShape(record: usize): bool {
  const states = load<u32>(record, AutomatonField.States);
  const classes = load<u32>(record, AutomatonField.Classes);
  if (states < 2 || states > MOST_STATES || classes < 1 || classes > MOST_STATES) return false;
  if (load<u32>(record, AutomatonField.Start) >= states || load<u32>(record, AutomatonField.AfterPrefix) >= states)
    return false;
  const loops = load<u32>(record, AutomatonField.LoopCount);
  if (loops > states - 2 || load<u32>(record, AutomatonField.PrefixLength) > <u32>MAX_PREFIX) return false;
  const ranges = <u64>load<u32>(record, AutomatonField.RangeCount) * RANGE_SIZE;
  return (
    ranges > 0 &&
    isInside(load<u32>(record, AutomatonField.Ascii), ASCII) &&
    isInside(load<u32>(record, AutomatonField.Ranges), ranges) &&
    isInside(load<u32>(record, AutomatonField.Table), <u64>states * <u64>(classes + 1) * TRANSITION_SIZE) &&
    isInside(load<u32>(record, AutomatonField.Loops), <u64>loops * LOOP_SIZE)
  );
}

/** Whether the `size` bytes at `offset` are within the section of bytes. */
function isInside(offset: u32, size: u64): bool {
  const first = <u32>(section(Section.Bytes) - program);
  const total = sectionCount(Section.Bytes);
  return offset >= first && <u64>offset + size <= <u64>first + <u64>total;
}

/** Checks the classes of the ASCII table and of the ranges. These are in order, and no character above ASCII precedes them. */
function checkClasses(record: usize): bool {
  const classes = load<u32>(record, AutomatonField.Classes);
  const ascii = program + <usize>load<u32>(record, AutomatonField.Ascii);
  for (let i: usize = 0; i < <usize>ASCII; i++) {
    if (<u32>load<u8>(ascii + i) >= classes) return false;
  }
  const count = load<u32>(record, AutomatonField.RangeCount);
  const ranges = program + <usize>load<u32>(record, AutomatonField.Ranges);
  if (rangeAt(ranges, 0).firstCode > <u32>ASCII) return false;
  for (let i: u32 = 0; i < count; i++) {
    const range = rangeAt(ranges, i);
    if (range.column >= classes) return false;
    if (i && range.firstCode <= rangeAt(ranges, i - 1).firstCode) return false;
  }
  return true;
}

/** Checks that every transition leads to a state. */
function checkTable(record: usize): bool {
  const states = load<u32>(record, AutomatonField.States);
  const size = states * (load<u32>(record, AutomatonField.Classes) + 1) * TRANSITION_SIZE; // no overflow: it is within the program
  let at = program + <usize>load<u32>(record, AutomatonField.Table);
  const end = at + <usize>size;
  for (; at < end; at += TRANSITION_SIZE) {
    if (<u32>load<u16>(at) >= states) return false;
  }
  return true;
}
