// docs/clients.md: what each client shows its user for each reply, as observed by the tests.
import { format } from "prettier";
import type { Answer } from "./answers.ts";
import type { Era, Shown } from "./session.ts";

/** One client's encounter with one reply. */
export interface Meeting {
  client: string;
  era: Era;
  answer: Answer;
  shown: Shown;
}

const REVISIONS: Record<Era, string> = { legacy: "2025-11-25", modern: "2026-07-28" };

const INTRODUCTION = `# Clients

What the official MCP SDKs make of the filter's refusals, measured in a real Envoy. \`tests/clients/clients.test.ts\` writes
this page. In every case it also checks that the session goes on: the next allowed call of the same session succeeds, and
the refused one never reached the server.

The clients here had a fixed token. With an OAuth client of their own, all of them answer a
[challenge](challenges.md) by themselves: they read the metadata document, get a larger token and make the call again
(\`tests/clients/step-up.test.ts\`).

"(the body)" stands for the text of the JSON-RPC error that the filter sends, \`data\` for its \`error.data\`
([reasons](reasons.md)). Python and TypeScript \`client\` answer a header mismatch by listing the tools and trying once
more, so the log has it twice.

## Type of the error

`;

const LISTS = `## Lists

All of these clients, in both revisions, page through a [filtered list](lists.md) to its end, also where whole pages are
hidden; see a tool appear after a step-up, and can call it then (\`tests/clients/lists.test.ts\`). In sessions of 2025-11-25
the news that the list changed reaches them unchanged; in 2026-07-28 a client that wants them asks with
\`subscriptions/listen\`, which is a call that the policy can govern. So does the Python SDK 1.x, where the policy suits it
([below](#lists-in-the-python-sdk-1x)).
`;

/** What `npm run clients:older` writes; the tests leave it as it is. */
export const OLDER = "## Older Python clients";

/** The page, as formatted by prettier; `older` is its last section. */
export function clientsPage(meetings: readonly Meeting[], answers: readonly Answer[], older: string): Promise<string> {
  const sections = answers.map((answer) =>
    section(
      answer,
      meetings.filter((meeting) => meeting.answer === answer),
    ),
  );
  return format(`${INTRODUCTION}${overview(meetings, answers)}\n${sections.join("\n")}\n${LISTS}\n${older}`, {
    parser: "markdown",
    printWidth: 120,
  });
}

/** A row for each client and revision, a column for each reply. */
function overview(meetings: readonly Meeting[], answers: readonly Answer[]): string {
  const kinds = [...new Set(meetings.map(({ client, era }) => `${client}, ${REVISIONS[era]}`))];
  const rows = kinds.map((kind) => {
    const own = meetings.filter(({ client, era }) => `${client}, ${REVISIONS[era]}` === kind);
    const cells = answers.map((answer) => own.find((meeting) => meeting.answer === answer)?.shown.type);
    return [kind, ...cells.map((type) => (type === undefined ? "–" : code(type)))];
  });
  return table([["client", ...answers.map(({ title }) => title)], ...rows]);
}

/** How a reply looks in each client; revisions of a client share a row if they are the same. */
function section(answer: Answer, meetings: readonly Meeting[]): string {
  const rows = new Map<string, [client: string, revisions: string[], shows: string[]]>();
  for (const { client, era, shown } of meetings) {
    const shows = [code(shown.message), members(shown.details).map(code).join(", ") || "nothing"];
    const key = JSON.stringify([client, shows]);
    const row = rows.get(key) ?? [client, [], shows];
    row[1].push(REVISIONS[era]);
    rows.set(key, row);
  }
  const lines = [...rows.values()].map(([client, revisions, shows]) => [client, revisions.join(", "), ...shows]);
  const heading = `## ${answer.title[0]!.toUpperCase()}${answer.title.slice(1)}\n\n${answer.cause}\n\n`;
  return heading + table([["client", "revision", "message", "members that a program can read"], ...lines]);
}

/** Names of the members of an error, codes and statuses with their values; `data` of the filter's error in one word. */
function members(details: unknown, within = ""): string[] {
  return Object.entries((details ?? {}) as object).flatMap(([name, value]: [string, unknown]) => {
    const path = within + name;
    if (name === "code" || name === "status") return [`${path}: ${JSON.stringify(value)}`];
    const ours = typeof value === "object" && value !== null && "reason" in value;
    return typeof value === "object" && !ours ? members(value, `${path}.`) : [path];
  });
}

function code(text: string): string {
  return `\`${text}\``;
}

function table([head, ...rows]: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return line(head!) + line(head!.map(() => "-")) + rows.map(line).join("");
}

/** Omits what changes from run to run, or is long and always the same. */
export function settled(message: string): string {
  return message.replace(/\{"jsonrpc":"2\.0",.*\}/, "(the body)");
}
