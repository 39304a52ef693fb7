// The official clients of all languages, those of other languages only where this machine can run them.
import { goProgram, pythonProgram, type Available } from "./programs.ts";
import type { Client, Outcome } from "./session.ts";
import { typescript1, typescript2 } from "./typescript.ts";

/** `missing`: why it cannot run here, for `skip`. */
export type AvailableClient = Client & { missing?: string | undefined };

function external(name: string, { run, missing }: Available): AvailableClient {
  return { name, eras: ["legacy", "modern"], missing, play: async (task) => (await run!("play", task)) as Outcome[][] };
}

export const clients: AvailableClient[] = [
  typescript1,
  typescript2,
  external("Python `mcp` 2.3.0", await pythonProgram()),
  external("Go `go-sdk` 1.8.0", await goProgram()),
];
