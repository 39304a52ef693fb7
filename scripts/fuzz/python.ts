// Python's json as a second reader: one process that reads one body in base64 per line and prints what it parsed.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

const SCRIPT = `
import base64, json, sys
def unique(pairs):
    if len({key for key, _ in pairs}) < len(pairs): raise ValueError("duplicate key")
    return dict(pairs)
def constant(name): raise ValueError(name)
for line in sys.stdin:
    try:
        text = base64.b64decode(line).decode("utf-8", "strict")
        print(json.dumps(json.loads(text, object_pairs_hook=unique, parse_constant=constant)), flush=True)
    except (ValueError, RecursionError) as error:
        print("refused", str(error).replace("\\n", " "), flush=True)
`;

export class Python {
  private readonly waiting: ((line: string) => void)[] = [];

  private constructor(private readonly child: ChildProcess) {
    createInterface({ input: child.stdout! }).on("line", (line) => this.waiting.shift()?.(line));
  }

  /** The reader, or undefined if there is no python3. */
  static start(): Python | undefined {
    if (spawnSync("python3", ["--version"]).status !== 0) return undefined;
    return new Python(spawn("python3", ["-c", SCRIPT], { stdio: ["pipe", "pipe", "inherit"] }));
  }

  /** JSON text of what it read, or `refused` and why. */
  read(body: Uint8Array): Promise<string> {
    this.child.stdin!.write(`${Buffer.from(body).toString("base64")}\n`);
    return new Promise((done) => this.waiting.push(done));
  }

  stop(): void {
    this.child.kill();
  }
}
