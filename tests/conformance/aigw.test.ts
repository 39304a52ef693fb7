// The decisions of envoyproxy/ai-gateway on the same policies and calls, through the engine of `scopegate eval`.
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument } from "../../scripts/evaluate/load.ts";
import type { EvalRequest } from "../../scripts/evaluate/request.ts";
import type { Result } from "../../scripts/evaluate/result.ts";
import type { Struct } from "../../scripts/simulate/host.ts";
import { readCases, score, type Difference } from "../support/cases.ts";

interface AigwCase {
  id: string;
  group: string;
  policy: { defaultAction: string; resourceMetadataURL?: string; rules?: object[] };
  claims?: Struct | null;
  headers?: Record<string, string[]>;
  httpMethod?: string;
  host?: string;
  path?: string;
  mcpMethod: string;
  backend: string;
  tool: string;
  params?: object | null;
  paramsRaw?: string;
  expect: {
    compileError: string | null;
    paramsError?: string;
    allowed: boolean;
    requiredScopes: string[] | null;
    challengeHeader: string | null;
    celErrors: string[];
  };
}

/** Not about decisions on verified claims: shapes of the Authorization header and of a token's raw text. */
const isOurs = (item: AigwCase): boolean => item.group !== "auth-header" && !("claimsRaw" in item);

const engine = new Engine();

function policyOf({ policy }: AigwCase): object {
  return {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    ...(policy.resourceMetadataURL && { resourceMetadata: policy.resourceMetadataURL }),
    backend: { from: "toolPrefix", separator: "__" },
    govern: ["tools"],
    defaultAction: policy.defaultAction,
    ...(policy.rules && { rules: policy.rules }),
  };
}

function requestOf(item: AigwCase): EvalRequest {
  const params = item.paramsRaw ?? JSON.stringify(item.params ?? { name: `${item.backend}__${item.tool}` });
  return {
    payload: item.claims ?? {},
    ...(item.httpMethod && { method: item.httpMethod }),
    ...(item.host && { authority: item.host }),
    ...(item.path && { path: item.path }),
    headers: item.headers,
    body: `{"jsonrpc":"2.0","id":1,"method":${JSON.stringify(item.mcpMethod)},"params":${params}}`,
  };
}

function compare(item: AigwCase): Difference {
  const { expect } = item;
  const loaded = loadDocument(policyOf(item));
  if (Array.isArray(loaded)) return expect.compileError === null ? `refused: ${loaded[0]}` : undefined;
  if (expect.compileError !== null) return "compiled, although the peer refuses it";
  const result = engine.evaluate(loaded, requestOf(item));
  if (expect.paramsError !== undefined)
    return result.decision === "reject" ? undefined : `${result.decision}, expected reject`;
  if ((result.decision === "allow") !== expect.allowed) return `${result.decision} (${result.reason})`;
  return expect.allowed ? undefined : compareChallenge(expect, result);
}

/** The header up to the description, whose wording differs between the projects. */
function compareChallenge(expect: AigwCase["expect"], result: Result): Difference {
  if (result.decision === "reject") return undefined;
  const known = (header: string | null): string | undefined => header?.split(", error_description=")[0];
  const [got, wanted] = [known(result.headers?.["www-authenticate"] ?? null), known(expect.challengeHeader)];
  return got === wanted ? undefined : `challenge ${got ?? "none"}, expected ${wanted ?? "none"}`;
}

const cases = readCases<AigwCase>("aigw-cases").filter(isOurs);
score(
  "aigw",
  cases.map((item) => ({ id: item.id, group: item.group, run: () => compare(item) })),
);
