// Hover: what a member means, what a scope implies, what a tool is, what a `when` reads and costs. Markdown.
import { optionsOf } from "../compiler/policy/terms.ts";
import { children, type Node } from "../compiler/cel/ast.ts";
import { parse } from "../compiler/cel/parser.ts";
import { Problems } from "../compiler/cel/problems.ts";
import { VARIABLES } from "../compiler/cel/vocabulary.ts";
import { annotation, isObject, type Item } from "../compiler/lock/lock.ts";
import { memberNames, memberOf, shapeOf, typesOf, valuesOf } from "../compiler/lock/schema.ts";
import { lineStarts, spanOf, type Analysis } from "./analysis.ts";
import { descriptionsAt, shapesAt } from "./shapes-at.ts";
import { spotAt, type Spot } from "./spot.ts";
import { toolsNamed } from "./tools.ts";

export interface Hover {
  markdown: string;
  start: number;
  end: number;
}

/** What there is to say about the text under the cursor. */
export function hover(text: string, cursor: number, analysis: Analysis): Hover | undefined {
  const spot = spotAt(text, cursor);
  if (!spot) return undefined;
  const parts = spot.role === "key" ? aboutKey(spot, analysis) : aboutValue(text, spot, analysis);
  const markdown = parts.filter((part) => part !== "").join("\n\n");
  return markdown === "" ? undefined : { markdown, start: spot.start, end: spot.end };
}

function aboutKey(spot: Spot, analysis: Analysis): string[] {
  const shapes = shapesAt(analysis.shape, spot.path);
  if (shapes.some(({ propertyNames }) => propertyNames?.means === "scope")) return [aboutScope(spot.text, analysis)];
  return [`**${spot.text}**`, ...descriptionsAt(analysis.shape, [...spot.path, spot.text])];
}

function aboutValue(text: string, spot: Spot, analysis: Analysis): string[] {
  const means = shapesAt(analysis.shape, spot.path).flatMap((shape) => shape.means ?? []);
  if (means.includes("scope")) return [aboutScope(spot.text, analysis)];
  if (means.includes("when")) return aboutWhen(text, spot, analysis);
  if (means.includes("tool")) return toolsNamed([spot.text], analysis).map(aboutTool);
  return descriptionsAt(analysis.shape, spot.path).slice(0, 1);
}

function aboutScope(name: string, { policy, closures }: Analysis): string {
  const implied = (closures.get(name) ?? []).slice(1);
  const holders = [...closures]
    .filter(([other, held]) => other !== name && held.includes(name))
    .map(([other]) => other);
  const rules = (policy?.rules ?? [])
    .filter((rule) => optionsOf(rule).some((option) => option.name === name))
    .map((rule) => rule.name);
  return [
    `scope **${escape(name)}**`,
    implied.length > 0 ? `implies ${codes(implied)}` : "implies no other scope",
    holders.length > 0 ? `implied by ${codes(holders)}` : "",
    rules.length > 0 ? `asked for by ${codes(rules)}` : "no rule asks for it",
  ]
    .filter((line) => line !== "")
    .join("  \n");
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

/** The server's words are shown as text, never as markup. */
function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|~-]/g, "\\$&");
}

function aboutTool(tool: Item): string {
  const { title, description, inputSchema } = tool.content;
  const marks = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"].filter(
    (name) => annotation(tool, name) === true,
  );
  const head = `tool **${escape(tool.id)}**${typeof title === "string" ? `: ${escape(title)}` : ""}`;
  const input = isObject(inputSchema) ? inputSchema : {};
  return [
    head,
    typeof description === "string" ? escape(description) : "",
    marks.length > 0 ? `says of itself: ${codes(marks)}` : "",
    argumentsOf(shapeOf(input, input)),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function argumentsOf(shape: ReturnType<typeof shapeOf>): string {
  return memberNames(shape)
    .map((name) => {
      const { shape: member, state } = memberOf(shape, name);
      const words = valuesOf(member)?.map((value) => JSON.stringify(value));
      const type = words && words.length <= 8 ? words.join(" | ") : typesOf(member).join(" | ");
      return `- \`${name}\`: \`${type}\`${state === "required" ? ", required" : ""}`;
    })
    .join("\n");
}

function aboutWhen(text: string, spot: Spot, { notes }: Analysis): string[] {
  const root = parse(spot.text, new Problems());
  const reads = root ? [...new Set(pathsOf(root, spot.text))] : [];
  const starts = lineStarts(text);
  const note = notes.find((problem) => {
    const span = spanOf(problem, starts, text);
    return span && span.start >= spot.start && span.start <= spot.end;
  });
  return [
    "**when**: the rule or entry matches only where this is true",
    reads.length > 0 ? `reads ${codes(reads)}` : "reads nothing",
    note ? `costs ${note.message}` : "",
  ];
}

/** The longest paths from the variables. */
function pathsOf(node: Node, text: string): string[] {
  if (isPath(node)) return [text.slice(node.span.start, node.span.end).replace(/^has\(|\)$/g, "")];
  return children(node).flatMap((child) => pathsOf(child, text));
}

function isPath(node: Node): boolean {
  if (node.kind === "ident") return VARIABLES.includes(node.name);
  return node.kind === "select" && isPath(node.operand);
}
