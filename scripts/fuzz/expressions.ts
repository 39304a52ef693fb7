// Expressions: random CEL over random JSON, through compiler and filter, against the reference evaluator. What the compiler
// refuses is only counted; what it accepts must have the same result.
import { Engine } from "../evaluate/engine.ts";
import { loadDocument } from "../evaluate/load.ts";
import { parse } from "../compiler/cel/parser.ts";
import { Problems } from "../compiler/cel/problems.ts";
import type { Struct } from "../simulate/host.ts";
import type { Choice } from "../../tests/support/random.ts";
import { draftOf, object, print, randomValue, text, verbatim, type Draft } from "./draft.ts";
import { truthOf, type Scope, type Truth } from "./cel-reference.ts";
import { fromJson, list, text as textValue, type Value } from "./cel-values.ts";
import { ExpressionText } from "./expression-text.ts";
import { hasLossyNumber, readStrict } from "./reader.ts";
import { count, type Suite } from "./suite.ts";

interface ExpressionInput {
  expression: string;
  /** JSON texts of `params.arguments` and `params._meta`. */
  calls: { args: string; meta: string }[];
}

const TRUTHS: Record<string, Truth> = { matched: "true", when_false: "false", when_error: "error" };
const CALLS = 5;
const CLAIMS: Struct = { n: 1, s: "abc", b: true, l: [1, 2], m: { k: "v" }, z: null, big: 2 ** 53, num: "1" };

const NUMBERS = [
  "0",
  "1",
  "2",
  "-1",
  "1.5",
  "100",
  "-0.0",
  "0.1",
  "3e0",
  "9007199254740993",
  "9223372036854775807",
  "1e308",
  "5e-324",
  "18446744073709551615",
  "-9223372036854775808",
  "1e-400",
];
const STRINGS = [
  "",
  "a",
  "abc",
  "é",
  "😀",
  "1",
  "k",
  "v",
  "\n",
  "\u2028",
  "it's",
  "1.5",
  "true",
  "A",
  "b",
  "aXc",
  "x".repeat(40),
];
const TIMES = [
  "2026-01-01T00:00:00Z",
  "2026-06-30T12:34:56.789+05:30",
  "1969-12-31T23:59:59.999Z",
  "2024-02-29T00:00:00-08:00",
  "2023-02-29T00:00:00Z",
  "2026-01-01 00:00:00Z",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.5Z",
];
const DURATIONS = ["1h", "90m", "-1.5h", "1h30m15.5s", "0", "1d", "100ms", "2562048h", "1us", ""];

function randomArguments(choice: Choice): Draft {
  const number = (): Draft => verbatim(choice.one(NUMBERS));
  const string = (): Draft => text(choice.one(STRINGS));
  const some = (make: () => Draft): Draft =>
    Array.from({ length: choice.below(4) }, () => (choice.chance(0.1) ? randomValue(choice, 1, 0) : make()));
  const keyed = (make: () => Draft): Draft =>
    object(...choice.some(["k", "a", "v", "a b", "é"], 0.5).map((key): [string, Draft] => [key, make()]));
  const makers: Record<string, () => Draft> = {
    b: () => verbatim(String(choice.chance(0.5))),
    c: () => verbatim(String(choice.chance(0.5))),
    n: number,
    o: number,
    i: () => verbatim(choice.one(["0", "1", "2", "3"])),
    big: number,
    s: string,
    r: string,
    ts: () => text(choice.one(TIMES)),
    dur: () => text(choice.one(DURATIONS)),
    num: () =>
      text(choice.one(["1", "-7", "+3", " 1", "1.5", "1e3", "9223372036854775808", "inf", "NaN", "0x10", "1_0", ""])),
    l: () => some(number),
    ls: () => some(string),
    lm: () => some(() => keyed(choice.chance(0.5) ? number : string)),
    e: () => [],
    m: () => keyed(string),
    mm: () => object(["l", some(number)], ["k", keyed(number)]),
    z: () => verbatim("null"),
  };
  const made = Object.entries(makers).filter(() => choice.chance(0.93));
  return object(
    ...made.map(([name, make]): [string, Draft] => [name, choice.chance(0.05) ? randomValue(choice, 2, 0) : make()]),
  );
}

export class ExpressionSuite implements Suite<ExpressionInput> {
  readonly counts: Record<string, number> = {};
  private readonly engine = new Engine();

  generate(choice: Choice): ExpressionInput {
    const expression = new ExpressionText(choice).bool(1 + choice.below(5));
    const spelling = { spaces: 0.05, escapes: choice.one([0, 0.1, 1]) };
    const calls = Array.from({ length: CALLS }, () => ({
      args: print(choice.chance(0.98) ? randomArguments(choice) : randomValue(choice, 1, 0), choice, spelling),
      meta: print(choice.chance(0.5) ? randomArguments(choice) : draftOf(null), choice, spelling),
    }));
    return { expression, calls };
  }

  check({ expression, calls }: ExpressionInput): string | undefined {
    const loaded = loadDocument({
      apiVersion: "scopegate/v1",
      kind: "Policy",
      rules: [{ action: "Allow", target: { tools: ["t"] }, when: expression }],
    });
    if (Array.isArray(loaded)) return void count(this.counts, "refused");
    const root = parse(expression, new Problems())!;
    for (const { args, meta } of calls) {
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":${args},"_meta":${meta}}}`;
      const { decision, reason, trace } = this.engine.evaluate(
        loaded,
        { payload: { ...CLAIMS, scope: "b a" }, body },
        true,
      );
      const outcome = trace?.[0]?.outcome ?? "";
      if (decision === "reject") {
        // Random keys and constants sometimes differ only by case, and random numbers have many digits.
        count(this.counts, reason);
        const tree = readStrict(Buffer.from(body));
        const isLossy = reason === "number_range" && tree !== undefined && hasLossyNumber(tree);
        if (reason !== "ambiguous_key" && tree && !isLossy)
          return `the filter refused the arguments (${reason}): ${args}`;
        continue;
      }
      const expected = truthOf(root, scopeOf(args, meta));
      count(this.counts, expected);
      if (TRUTHS[outcome] !== expected)
        return `${TRUTHS[outcome] ?? outcome}, the reference says ${expected}: ${expression} with args ${args} and meta ${meta}`;
    }
    return undefined;
  }
}

const CLAIM_VALUE = fromJson(readStrict(Buffer.from(JSON.stringify(CLAIMS)))!);
const JWT: Value = {
  type: "map",
  entries: [
    [textValue("claims"), CLAIM_VALUE],
    [textValue("scopes"), list([textValue("a"), textValue("b")])],
  ],
};

function scopeOf(args: string, meta: string): Scope {
  const value = (json: string): Value => fromJson(readStrict(Buffer.from(json))!);
  return new Map([
    ["args", value(args)],
    ["meta", value(meta)],
    ["jwt", JWT],
  ]);
}
