// `data` and `dataFile`: constants for predicates, any JSON.
import { Tag } from "../../../assembly/program.ts";
import type { Constant } from "../cel/code.ts";
import type { ReadFile } from "../lock/locks.ts";
import { readYaml, Report, type Member, type Place, type Tree } from "../source/document.ts";
import { Source, type Problem } from "../source/problem.ts";
import { mapping, text } from "../source/shape.ts";
import type { Policy } from "./policy.ts";

/** Bytes of all data, as compact JSON. */
const MAX_DATA = 256 * 1024;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One name of `data`, and where it stands. */
export interface Datum {
  place: Place;
  value: Json;
}

/** Reads the member `data`. */
export function readData(report: Report, tree: Tree, policy: Policy): void {
  for (const member of mapping(report, tree, "*")?.values() ?? []) addDatum(report, member, policy);
  checkSize(report, tree, policy);
}

function addDatum(report: Report, { name, key, value }: Member, policy: Policy): void {
  if (name === "") report.error(key, "an empty name is not allowed here");
  policy.data.set(name, { place: key, value: jsonOf(report, value) });
}

/** Reads the member `dataFile`. */
export function readDataFile(report: Report, tree: Tree, policy: Policy): void {
  const file = text(report, tree);
  if (file !== undefined) policy.dataFile = { file, place: tree };
}

/** Adds what the file says that the policy names; what is wrong inside it is returned, with its own file. */
export function openDataFile(report: Report, policy: Policy, read: ReadFile | undefined): Problem[] {
  if (!policy.dataFile) return [];
  const { file, place } = policy.dataFile;
  const content = read?.(file);
  if (content === undefined) {
    report.error(place, `the data file ${file} cannot be read`, "its path is relative to the policy");
    return [];
  }
  const source = new Source(content, file);
  const own = new Report(source);
  const [tree] = readYaml(source, own);
  if (!tree && !own.failed) report.error(place, `the data file ${file} is empty`);
  if (tree) mergeFile(own, tree, policy);
  if (own.failed) report.error(place, `the data file ${file} is wrong`);
  checkSize(report, place, policy);
  return own.sorted();
}

function mergeFile(own: Report, tree: Tree, policy: Policy): void {
  for (const member of mapping(own, tree, "*")?.values() ?? []) {
    if (policy.data.has(member.name))
      own.error(member.key, `"${member.name}" is also in data of the policy`, "give it in one of the two");
    else addDatum(own, member, policy);
  }
}

function checkSize(report: Report, place: Place, policy: Policy): void {
  const size = new TextEncoder().encode(JSON.stringify(plainData(policy))).length;
  if (size > MAX_DATA) report.error(place, `the data is ${size} bytes as JSON; the limit is ${MAX_DATA}`);
}

/** The JSON that a part of a document stands for. */
export function jsonOf(report: Report, tree: Tree): Json {
  switch (tree.kind) {
    case "map":
      return Object.fromEntries([...tree.members.values()].map(({ name, value }) => [name, jsonOf(report, value)]));
    case "list":
      return tree.items.map((item) => jsonOf(report, item));
    case "null":
      return null;
    case "number":
      if (!Number.isFinite(tree.value)) report.error(tree, "JSON has no such number");
      return tree.value;
    default:
      return tree.value;
  }
}

/** The data as an object. */
export function plainData({ data }: Policy): { [name: string]: Json } {
  return Object.fromEntries([...data].map(([name, { value }]) => [name, value]));
}

/** The data as predicates see it; undefined for a policy without any. Numbers are doubles, as all JSON. */
export function dataConstant(policy: Policy): Constant | undefined {
  return policy.data.size > 0 ? constantOf(plainData(policy)) : undefined;
}

function constantOf(value: Json): Constant {
  if (value === null) return { tag: Tag.Null };
  if (typeof value === "boolean") return { tag: Tag.Bool, value };
  if (typeof value === "number") return { tag: Tag.Double, value };
  if (typeof value === "string") return textConstant(value);
  if (Array.isArray(value)) return { tag: Tag.CellList, items: value.map(constantOf) };
  const entries = Object.entries(value).map(([key, item]): [Constant, Constant] => [
    textConstant(key),
    constantOf(item),
  ]);
  return { tag: Tag.CellMap, entries };
}

function textConstant(value: string): Constant {
  return { tag: Tag.String, value };
}
