import { createInterface } from "node:readline";
import { Exit, UsageError, type Command } from "../command.ts";
import { Engine } from "../evaluate/engine.ts";
import { loadBeside, loadDocument, loadDocuments, type Loaded } from "../evaluate/load.ts";
import { readRequest, RequestError, type EvalRequest } from "../evaluate/request.ts";
import { FilterFailure } from "../evaluate/result.ts";
import { loadFiles, readerBeside } from "../input.ts";

export const evaluate: Command = {
  summary: "decide requests: JSON lines in, JSON lines out",
  help: `Usage: scopegate eval [POLICY…] [--candidate NEXT] [--explain]

Reads one request per line from standard input and prints the filter's decisions in the same order. A line may have
its own policy; POLICY applies to the lines that do not. Of several policies the host and path of a request choose one.

Input (everything is optional except the body of a POST):
  id           copied to the output
  policy       a policy document, for this line only; policies: a list of them
  candidate    with a policy: a policy document that is evaluated beside it
  payload      the verified JWT payload; null (default): no token
  payloadForm  plain (default), or normalized: scope and scp as lists, as Envoy Gateway stores them
  method, path, authority    default POST, /mcp, mcp.example.com
  headers      name: string, list of strings, or null to omit the default content-type: application/json
  body, bodyBase64           the request body
  chunks       sizes of the pieces in which the body arrives
  trailers     request trailers
  route, cluster             names of the Envoy route and cluster
  response     the server's answer, if the request passes: status, headers, body or bodyBase64, chunks, trailers

Output:
  id, decision (allow, deny, reject, unauthenticated, answer), reason, rule, requiredScopes
  policy                     of several policies the one that decided
  status, headers, body      of the local reply; absent for allow
  policyErrors               alone, when the policy has errors
  error                      alone, when the line is malformed
  record                     the decision record, as the access log prints it
  would                      what NEXT, or what is in shadow, would have decided, if that differs
  trace                      with --explain: [{rule, outcome}], where outcome is matched, target, claims,
                             when_false, when_error or scopes
  response                   with a response: what the client gets of it
  list                       with a list in that: {kind, total, shown, items: [{name, outcome, scopes?}]}

Exit codes: 0 success, 1 a line was malformed or POLICY has errors, 2 could not run.
`,
  options: { explain: { type: "boolean" }, candidate: { type: "string" } },
  async run({ options, files }) {
    if (files.includes("-")) throw new UsageError("POLICY must be a file: standard input carries the requests");
    const next = options.candidate as string | undefined;
    if (next !== undefined && files.length !== 1) throw new UsageError("--candidate needs one POLICY");
    const fallback = files.length === 0 ? undefined : loadFiles(files, next);
    if (files.length > 0 && !fallback) return Exit.Wrong;
    return runLines(new Session(fallback, options.explain === true));
  },
};

async function runLines(session: Session): Promise<Exit> {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    const ready = process.stdout.write(`${JSON.stringify(session.answer(line))}\n`);
    if (!ready) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
  return session.malformed ? Exit.Wrong : Exit.Done;
}

/** Answers lines; a policy that occurs again is not compiled again. */
class Session {
  malformed = false;
  private readonly engine = new Engine();
  private readonly policies = new Map<string, Loaded | string[]>();

  constructor(
    private readonly fallback: Loaded | undefined,
    private readonly explain: boolean,
  ) {}

  answer(line: string): object {
    let id: { id?: string } = {};
    try {
      const request = readRequest(parse(line));
      if (request.id !== undefined) id = { id: request.id };
      const loaded = this.policyOf(request);
      if (Array.isArray(loaded)) return { ...id, policyErrors: loaded };
      return { ...id, ...this.engine.evaluate(loaded, request, this.explain) };
    } catch (error) {
      if (!(error instanceof RequestError || error instanceof FilterFailure)) throw error;
      this.malformed = true;
      return { ...id, error: error.message };
    }
  }

  private policyOf({ policy, policies, candidate }: EvalRequest): Loaded | string[] {
    if (policy === undefined && policies === undefined) {
      if (!this.fallback) throw new RequestError("the line has no policy, and no POLICY was given");
      return this.fallback;
    }
    const key = JSON.stringify([policy ?? policies, candidate]);
    const read = { read: readerBeside("-") };
    const load = (): Loaded | string[] => {
      if (policy && candidate) return loadBeside(policy, candidate, read);
      return policy ? loadDocument(policy, read) : loadDocuments(policies!, read);
    };
    const loaded = this.policies.get(key) ?? load();
    if (this.policies.size >= MAX_POLICIES) this.policies.clear();
    this.policies.set(key, loaded);
    return loaded;
  }
}

const MAX_POLICIES = 1000;

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new RequestError(`not JSON: ${(error as Error).message}`);
  }
}
