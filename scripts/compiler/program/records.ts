// The sizes of a program's records, shared by the writer and the reader.
import {
  AUTOMATON_SIZE,
  BUCKET_SIZE,
  CELL_SIZE,
  CLAIM_SIZE,
  ENTRY_SIZE,
  INSTRUCTION_SIZE,
  METHOD_SIZE,
  NODE_SIZE,
  PREDICATE_SIZE,
  PREFIX_LENGTH_SIZE,
  REASON_SIZE,
  RULE_SIZE,
  SCOPE_SIZE,
  SETTINGS_SIZE,
  TEXT_SIZE,
} from "../../../assembly/program.ts";

/** Bytes of one record, in the order of Section. */
export const RECORD_SIZES = [
  1,
  SETTINGS_SIZE,
  SCOPE_SIZE,
  4,
  NODE_SIZE,
  CLAIM_SIZE,
  TEXT_SIZE,
  RULE_SIZE,
  ENTRY_SIZE,
  BUCKET_SIZE,
  PREFIX_LENGTH_SIZE,
  PREDICATE_SIZE,
  INSTRUCTION_SIZE,
  CELL_SIZE,
  AUTOMATON_SIZE,
  REASON_SIZE,
  METHOD_SIZE,
];
