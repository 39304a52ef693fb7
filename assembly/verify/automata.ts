// Checks the automata of a program.
import { AUTOMATON_SIZE, AutomatonField, LOOP_SIZE, MAX_PREFIX, Section } from "../program.ts";
import { program, section, sectionCount } from "../sections.ts";

const ASCII: u64 = 128;
const MOST_STATES: u32 = 65536;

/** Whether all automata of the program in use are sound: tables in bounds, every class and every state in them real. */
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

function checkShape(record: usize): bool {
  const states = load<u32>(record, AutomatonField.States);
  const classes = load<u32>(record, AutomatonField.Classes);
  if (states < 2 || states > MOST_STATES || classes < 1 || classes > MOST_STATES) return false;
  if (load<u32>(record, AutomatonField.Start) >= states || load<u32>(record, AutomatonField.AfterPrefix) >= states)
    return false;
  const loops = load<u32>(record, AutomatonField.LoopCount);
  if (loops > states - 2 || load<u32>(record, AutomatonField.PrefixLength) > <u32>MAX_PREFIX) return false;
  const ranges = <u64>load<u32>(record, AutomatonField.RangeCount) * 8;
  return (
    ranges > 0 &&
    isInside(load<u32>(record, AutomatonField.Ascii), ASCII) &&
    isInside(load<u32>(record, AutomatonField.Ranges), ranges) &&
    isInside(load<u32>(record, AutomatonField.Table), <u64>states * <u64>(classes + 1) * 2) &&
    isInside(load<u32>(record, AutomatonField.Loops), <u64>loops * LOOP_SIZE)
  );
}

/** Whether `size` bytes at `offset` lie in the section of bytes. */
function isInside(offset: u32, size: u64): bool {
  const first = <u32>(section(Section.Bytes) - program);
  const total = sectionCount(Section.Bytes);
  return offset >= first && <u64>offset + size <= <u64>first + <u64>total;
}

/** Classes of the ASCII table and of the ranges, which are in order and begin at or before the first other character. */
function checkClasses(record: usize): bool {
  const classes = load<u32>(record, AutomatonField.Classes);
  const ascii = program + <usize>load<u32>(record, AutomatonField.Ascii);
  for (let i: usize = 0; i < <usize>ASCII; i++) {
    if (<u32>load<u8>(ascii + i) >= classes) return false;
  }
  const count = load<u32>(record, AutomatonField.RangeCount);
  const ranges = program + <usize>load<u32>(record, AutomatonField.Ranges);
  if (load<u32>(ranges) > <u32>ASCII) return false;
  for (let i: u32 = 0; i < count; i++) {
    const range = ranges + ((<usize>i) << 3);
    if (load<u32>(range, 4) >= classes) return false;
    if (i && load<u32>(range) <= load<u32>(range - 8)) return false;
  }
  return true;
}

function checkTable(record: usize): bool {
  const states = load<u32>(record, AutomatonField.States);
  const size = states * (load<u32>(record, AutomatonField.Classes) + 1) * 2; // fits: checkShape found it in the program
  let at = program + <usize>load<u32>(record, AutomatonField.Table);
  const end = at + <usize>size;
  for (; at < end; at += 2) {
    if (<u32>load<u16>(at) >= states) return false;
  }
  return true;
}
