// The member `record`: which decisions are recorded, and what a record has.
import { RecordFlag } from "../../../assembly/program.ts";
import type { Report, Tree } from "../source/document.ts";
import { choice, flag, mapping, text, texts, type Members } from "../source/shape.ts";
import type { Policy } from "./policy.ts";
import { namesOf } from "./json-schema.ts";
import { RECORD } from "./record-shape.ts";
import { ARGUMENT_PATH, FORMS, MAX_ARGUMENT, RECORDED } from "./words.ts";

export interface RecordSettings {
  of: RecordFlag;
  form: RecordFlag;
  token: boolean;
  scopes: boolean;
  session: boolean;
  facts: Fact[];
}

/** An argument of calls that records have. */
export interface Fact {
  /** As written: a name, or several with dots between them. */
  path: string;
  hashed: boolean;
}

export function defaultRecord(): RecordSettings {
  return { of: RECORDED.all, form: FORMS.object, token: false, scopes: false, session: false, facts: [] };
}

/** The RecordFlag bits of a policy. */
export function recordBits({ record }: Policy): number {
  const more = [record.token && RecordFlag.Token, record.scopes && RecordFlag.Scopes];
  const bits = [record.of, record.form, ...more, record.session && RecordFlag.Session];
  return bits.reduce<number>((sum, bit) => sum | (bit || 0), 0);
}

/** Whether records have hashes, which need a key. */
export function needsKey({ record }: Policy): boolean {
  return record.session || record.facts.some(({ hashed }) => hashed);
}

/** Reads `record`. */
export function readRecord(report: Report, tree: Tree, policy: Policy): void {
  const members = mapping(report, tree, namesOf(RECORD));
  if (!members) return;
  const { record } = policy;
  const [of, form] = [members.get("of")?.value, members.get("form")?.value];
  if (of)
    record.of =
      choice(report, of.kind === "boolean" && !of.value ? { ...of, kind: "text", value: "off" } : of, RECORDED) ??
      record.of;
  if (form) record.form = choice(report, form, FORMS) ?? record.form;
  for (const name of ["token", "scopes", "session"] as const) {
    const value = members.get(name)?.value;
    if (value) record[name] = flag(report, value) ?? record[name];
  }
  const hashed = pathsOf(report, members, "hash");
  const plain = pathsOf(report, members, "args").filter((path) => !hashed.includes(path));
  record.facts = [...plain.map((path) => ({ path, hashed: false })), ...hashed.map((path) => ({ path, hashed: true }))];
  if (record.form === FORMS.text) warnOfText(report, members);
}

function pathsOf(report: Report, members: Members, name: "args" | "hash"): string[] {
  const list = members.get(name)?.value;
  const items = list && texts(report, list, "leave it out");
  return [...new Set(items?.flatMap((item) => argument(report, item) ?? []))];
}

function argument(report: Report, tree: Tree): string | undefined {
  const path = text(report, tree);
  if (path === undefined) return undefined;
  if (path.length <= MAX_ARGUMENT && ARGUMENT_PATH.test(path)) return path;
  return report.error(
    tree,
    "expected the name of an argument",
    "names of members, with dots between them: options.region",
  );
}

function warnOfText(report: Report, members: Members): void {
  for (const name of ["scopes", "session", "args", "hash"]) {
    const member = members.get(name);
    if (member) report.warn(member.key, `${name} has no effect: a record of the form text has no place for it`);
  }
}
