// An `eval` request: the fields of a JSON line, and the simulated request that they describe.
import {
  JWT_NAMESPACE,
  type Json,
  type Pair,
  type SimulatedRequest,
  type SimulatedResponse,
  type Struct,
} from "../simulate/host.ts";
import ipaddr from "ipaddr.js";
import { fromBase64 } from "../bytes.ts";

/** The input fields of `scopegate eval`; docs/cli.md has a table of them. */
export interface EvalRequest {
  id?: string;
  policy?: object;
  policies?: object[];
  candidate?: object;
  payload?: Struct | null;
  payloadForm?: "plain" | "normalized";
  method?: string;
  path?: string;
  authority?: string;
  headers?: Record<string, string | string[] | null>;
  body?: string;
  bodyBase64?: string;
  chunks?: number[];
  trailers?: Record<string, string | string[]>;
  route?: string;
  cluster?: string;
  badToken?: boolean;
  address?: string | null;
  principal?: string | { uri?: string[]; dns?: string[]; subject?: string };
  time?: string;
  response?: EvalResponse;
}

/** What the server answers to a request that passes. */
export interface EvalResponse {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string;
  bodyBase64?: string;
  chunks?: number[];
  trailers?: Record<string, string | string[]>;
}

/** An invalid request; the message is for the person who wrote it. */
export class RequestError extends Error {}

const isString = (value: unknown): boolean => typeof value === "string";
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): boolean => isString(value) || (Array.isArray(value) && value.every(isString));
const isBase64 = (value: unknown): boolean =>
  isString(value) && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value as string);
const isSizes = (value: unknown): boolean => Array.isArray(value) && value.every((n) => Number.isInteger(n) && n > 0);

const isTextMap = (value: unknown): boolean => isObject(value) && Object.values(value as object).every(isTexts);
const isStatus = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 200 && (value as number) < 600;

const RESPONSE_FIELDS: Record<keyof EvalResponse, (value: unknown) => boolean> = {
  status: isStatus,
  headers: isTextMap,
  body: isString,
  bodyBase64: isBase64,
  chunks: isSizes,
  trailers: isTextMap,
};

/** Whether a value has fields of a response only, each of its shape. */
function isResponse(value: unknown): boolean {
  if (!isObject(value)) return false;
  const fields = Object.entries(value as object);
  const isKnown = ([key, item]: [string, unknown]): boolean =>
    Object.hasOwn(RESPONSE_FIELDS, key) && RESPONSE_FIELDS[key as keyof EvalResponse](item);
  return fields.every(isKnown) && !("body" in (value as object) && "bodyBase64" in (value as object));
}

function isPrincipal(value: unknown): boolean {
  if (isString(value)) return true;
  if (!isObject(value)) return false;
  const isNames = (item: unknown): boolean => Array.isArray(item) && item.every(isString);
  return Object.entries(value as object).every(([name, item]) =>
    name === "subject" ? isString(item) : ["uri", "dns"].includes(name) && isNames(item),
  );
}

/** A time of RFC 3339 as the host's clock has it; undefined for other texts. */
export function nanosecondsOf(text: string): bigint | undefined {
  const [, whole, fraction = "", zone] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i.exec(text) ?? [];
  const milliseconds = whole === undefined ? NaN : Date.parse(`${whole}${zone}`);
  if (Number.isNaN(milliseconds) || milliseconds < 0) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

const FIELDS: Record<keyof EvalRequest, [what: string, test: (value: unknown) => boolean]> = {
  id: ["a string", isString],
  policy: ["an object", isObject],
  policies: ["a list of objects", (value) => Array.isArray(value) && value.length > 0 && value.every(isObject)],
  candidate: ["an object", isObject],
  payload: ["an object or null", (value) => value === null || isObject(value)],
  payloadForm: ['"plain" or "normalized"', (value) => value === "plain" || value === "normalized"],
  method: ["a string", isString],
  path: ["a string", isString],
  authority: ["a string", isString],
  headers: [
    "an object of strings, lists of strings or nulls",
    (value) => isObject(value) && Object.values(value as object).every((item) => item === null || isTexts(item)),
  ],
  body: ["a string", isString],
  bodyBase64: ["base64 text", isBase64],
  chunks: ["a list of positive integers", isSizes],
  trailers: [
    "an object of strings or lists of strings",
    (value) => isObject(value) && Object.values(value as object).every(isTexts),
  ],
  route: ["a string", isString],
  cluster: ["a string", isString],
  badToken: ["true or false", (value) => typeof value === "boolean"],
  address: ["an IP address or null", (value) => value === null || (isString(value) && ipaddr.isValid(value as string))],
  principal: ["a string, or an object of uri, dns (lists of strings) and subject", isPrincipal],
  time: ["a time of RFC 3339", (value) => isString(value) && nanosecondsOf(value as string) !== undefined],
  response: ["an object of status, headers, body or bodyBase64, chunks, trailers", isResponse],
};

const MAX_DEPTH = 128; // more than a policy or Envoy accepts

/** Also for a value that contains itself, as a YAML alias can. */
function isDeep(value: unknown, left = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return false;
  return left === 0 || Object.values(value).some((item) => isDeep(item, left - 1));
}

/** Checks the shape of a request. Throws RequestError. */
export function readRequest(value: unknown): EvalRequest {
  if (!isObject(value)) throw new RequestError("a request must be a JSON object");
  for (const [key, item] of Object.entries(value as object)) {
    if (!Object.hasOwn(FIELDS, key)) throw new RequestError(`unknown field ${JSON.stringify(key)}`);
    const [what, test] = FIELDS[key as keyof EvalRequest];
    if (!test(item)) throw new RequestError(`${key} must be ${what}`);
  }
  checkTogether(value as EvalRequest);
  return value as EvalRequest;
}

/** What no field shows by itself. */
function checkTogether(request: EvalRequest): void {
  if (isDeep(request.payload) || isDeep(request.policy) || isDeep(request.policies) || isDeep(request.candidate))
    throw new RequestError("the request is nested too deeply");
  if (request.policy !== undefined && request.policies !== undefined)
    throw new RequestError("give policy or policies, not both");
  if (request.candidate !== undefined && request.policy === undefined)
    throw new RequestError("a candidate needs a policy beside it");
  if (request.body !== undefined && request.bodyBase64 !== undefined)
    throw new RequestError("give body or bodyBase64, not both");
  if ((request.method ?? "POST") === "POST" && request.body === undefined && request.bodyBase64 === undefined)
    throw new RequestError("a POST needs body or bodyBase64");
}

/** The request as Envoy would show it to the filter; `metadataKeys` are where jwt_authn stores the payload. */
export function simulate(request: EvalRequest, ...metadataKeys: string[]): SimulatedRequest {
  const { headers = {}, bodyBase64, body, trailers } = request;
  const payload = request.badToken ? null : (request.payload ?? null);
  const has = (wanted: string): boolean => Object.keys(headers).some((name) => name.toLowerCase() === wanted);
  const [typed, authorized] = [has("content-type"), has("authorization")];
  return {
    ...pick(request, ["method", "path", "authority", "chunks", "route", "cluster"]),
    ...connection(request),
    headers: [
      ...(typed ? [] : [["content-type", "application/json"] as Pair]),
      ...(request.badToken && !authorized ? [["authorization", "Bearer rejected"] as Pair] : []),
      ...pairs(headers),
    ],
    body: bodyBase64 === undefined ? new TextEncoder().encode(body) : fromBase64(bodyBase64),
    trailers: trailers && pairs(trailers),
    ...(request.response && { response: simulateResponse(request.response) }),
    metadata:
      payload === null
        ? {}
        : {
            [JWT_NAMESPACE]: Object.fromEntries(metadataKeys.map((key) => [key, formed(payload, request.payloadForm)])),
          },
  };
}

/** Where the request comes from. */
function connection({ address = DEFAULT_ADDRESS, principal }: EvalRequest): Partial<SimulatedRequest> {
  const port = 50000;
  const shown = address?.includes(":") ? `[${address}]:${port}` : address && `${address}:${port}`;
  if (principal === undefined) return { address: shown };
  const { uri = [], dns = [], subject = "" } = typeof principal === "string" ? { uri: [principal] } : principal;
  return { address: shown, certificate: { uri: uri[0], dns: dns[0], subject } };
}

const DEFAULT_ADDRESS = "192.0.2.1";

function simulateResponse({ headers = {}, body, bodyBase64, trailers, ...rest }: EvalResponse): SimulatedResponse {
  return {
    ...rest,
    headers: pairs(headers),
    body: bodyBase64 === undefined ? new TextEncoder().encode(body) : fromBase64(bodyBase64),
    ...(trailers && { trailers: pairs(trailers) }),
  };
}

/** Envoy Gateway and Istio turn the space-separated claims into lists. */
function formed(payload: Struct, form: EvalRequest["payloadForm"]): Struct {
  if (form !== "normalized") return payload;
  const split = (value: Json): Json =>
    typeof value === "string" ? value.split(" ").filter((item) => item !== "") : value;
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [name, name === "scope" || name === "scp" ? split(value) : value]),
  );
}

/** Names and values; a name may occur several times, and a null omits it. */
function pairs(fields: Record<string, string | string[] | null>): Pair[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((item): Pair => [name.toLowerCase(), item]),
  );
}

function pick<T extends object, K extends keyof T>(from: T, keys: K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as Pick<T, K>;
}
