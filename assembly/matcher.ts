// Running a regex automaton over a string, code point by code point; the answer is known early when the automaton
// reaches its accepting or its rejecting state.
import { AutomatonField } from "./program.ts";
import { charge } from "./budget.ts";
import { auxOf, endOf, lengthOf, startOf } from "./cell.ts";
import { afterPoint, pointAt } from "./text.ts";

const ACCEPT: u32 = 1;

/** Whether the string in `text` matches the automaton whose record is given. */
export function runAutomaton(program: usize, record: usize, text: usize): bool {
  charge(lengthOf(text) >> 3);
  return load<u32>(record, AutomatonField.Width) == 1
    ? run<u8>(program, record, text)
    : run<u16>(program, record, text);
}

function run<T>(program: usize, record: usize, text: usize): bool {
  const table = program + <usize>load<u32>(record, AutomatonField.Table);
  const ascii = program + <usize>load<u32>(record, AutomatonField.Ascii);
  const classes = load<u32>(record, AutomatonField.Classes);
  const states = load<u32>(record, AutomatonField.States);
  const escaped = auxOf(text);
  const stop: u32 = escaped ? 0x5c : 0x80; // the character besides non-ASCII ones that needs a closer look
  const end = endOf(text);
  let state = load<u32>(record, AutomatonField.Start);
  let p = startOf(text);
  while (state > ACCEPT && p < end) {
    const c = <u32>load<u8>(p);
    let column: u32;
    if (c < 0x80 && c != stop) {
      column = <u32>load<u8>(ascii + <usize>c);
      p++;
    } else {
      const point = pointAt(p, end, escaped);
      p = afterPoint();
      column = point < 0x80 ? <u32>load<u8>(ascii + <usize>point) : classOf(program, record, point);
    }
    state = <u32>load<T>(table + <usize>(column * states + state) * sizeof<T>());
  }
  if (state > ACCEPT) state = <u32>load<T>(table + <usize>(classes * states + state) * sizeof<T>());
  return state == ACCEPT;
}

/** The class of a code point above ASCII: that of the last range that starts at or below it. */
function classOf(program: usize, record: usize, point: u32): u32 {
  const ranges = program + <usize>load<u32>(record, AutomatonField.Ranges);
  let low: u32 = 0;
  let high = load<u32>(record, AutomatonField.RangeCount);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (load<u32>(ranges + ((<usize>middle) << 3)) <= point) low = middle;
    else high = middle;
  }
  return load<u32>(ranges + ((<usize>low) << 3), 4);
}
