// Event streams of a server, filtered event by event. Read as the HTML standard says, and watched for what a reader that
// splits at LF alone (Go's SDK) would find.
import { decode, NotJson } from "./json.ts";
import { errorText, filterText, mayHoldResult, type Filtering } from "./messages.ts";

interface Line {
  /** Field and value as they stand, without the line's end. */
  text: string;
  eol: string;
}

interface Block {
  lines: Line[];
  /** Where it begins and ends in the stream. */
  start: number;
  end: number;
}

/** Streams are read byte by byte: as Latin-1, a character a byte. */
type Bytes = string;

/**
 * The stream that the client gets. `id`: JSON of the request's id; undefined on a GET stream, where broken events go.
 * `limit`: the most bytes of an event that is read.
 */
export function filterEvents(stream: Uint8Array, id: string | undefined, filtering: Filtering, limit: number): Buffer {
  const bytes = Buffer.from(stream).toString("latin1");
  const bom = bytes.startsWith("\xef\xbb\xbf") ? 3 : 0;
  const torn = tornLines(bytes);
  let failed = false;
  const out = blocksOf(bytes, bom).map((block): Bytes => {
    try {
      if (torn.some(([start, end]) => start < block.end && end > block.start)) throw new NotJson("not_json");
      if (block.end - block.start > limit) throw new NotJson("not_json");
      return filterBlock(block, filtering);
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      // Text that is no JSON and holds no result is no answer, unless it is the rest of one that was broken.
      if (!failed && error.reason === "not_json" && !mayHoldResult(written(block.lines))) return written(block.lines);
      if (id === undefined || failed) return "";
      failed = true;
      return errorBlock(block, errorText(id, error.reason));
    }
  });
  return Buffer.from(bytes.slice(0, bom) + out.join(""), "latin1");
}

/** Events and what stands between them; the last may be unfinished. */
function blocksOf(bytes: Bytes, from: number): Block[] {
  const blocks: Block[] = [];
  const line = /([^\r\n]*)(\r\n|\r|\n|$)/gy;
  line.lastIndex = from;
  let block: Block = { lines: [], start: from, end: from };
  while (line.lastIndex < bytes.length) {
    const [, text = "", eol = ""] = line.exec(bytes)!;
    block.lines.push({ text, eol });
    block.end = line.lastIndex;
    if (text !== "" || eol === "") continue;
    blocks.push(block);
    block = { lines: [], start: line.lastIndex, end: line.lastIndex };
  }
  return block.lines.length > 0 ? [...blocks, block] : blocks;
}

/** Lines of a reader that knows only LF, with a CR inside, that could bring it a list. */
function tornLines(bytes: Bytes): [start: number, end: number][] {
  const found: [number, number][] = [];
  for (const match of bytes.matchAll(/[^\n]+/g)) {
    const line = match[0].replace(/\r$/, "");
    const isData = /^(?:\xef\xbb\xbf)?\s*data\s*:/.test(line);
    if (isData && line.includes("\r") && mayHoldResult(line)) found.push([match.index, match.index + match[0].length]);
  }
  return found;
}

const isData = ({ text }: Line): boolean => text === "data" || text.startsWith("data:");
const valueOf = ({ text }: Line): Bytes => text.slice(5).replace(/^ /, "");
const written = (lines: Line[]): Bytes => lines.map(({ text, eol }) => text + eol).join("");

function filterBlock({ lines }: Block, filtering: Filtering): Bytes {
  const data = lines.filter(isData).map(valueOf).join("\n");
  if (data.trim() === "") return written(lines);
  const text = decode(Buffer.from(data, "latin1"));
  const filtered = filterText(text, filtering);
  return filtered === text ? written(lines) : withData(lines, filtered);
}

/** The event with other data, where its first line of data stood. */
function withData(lines: Line[], text: string): Bytes {
  const first = lines.find(isData)!;
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  const data = bytes.split("\n").map((part): Line => ({ text: `data: ${part}`, eol: first.eol || "\n" }));
  if (first.eol === "") data.at(-1)!.eol = "";
  return written(lines.flatMap((line) => (line === first ? data : isData(line) ? [] : [line])));
}

/** The error as an event: the id and retry of the event it stands for are kept. */
function errorBlock({ lines }: Block, error: string): Bytes {
  const kept = lines.filter(({ text }) => /^(?:id|retry|event)(?::|$)/.test(text));
  const eol = lines[0]!.eol || "\n";
  const ended = lines.at(-1)!.text === "";
  return written([...kept, { text: `data: ${error}`, eol }, ...(ended ? [{ text: "", eol }] : [])]);
}
