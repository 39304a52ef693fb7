// A real OAuth 2.1 authorization server on loopback (oidc-provider): dynamic registration, authorization code with
// PKCE, JWT access tokens for one resource. It consents to everything at once, since no person takes part in the demo.
import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Provider, Configuration } from "oidc-provider";

const ACCOUNT = "alice";
const FIVE_MINUTES = 300;

interface OAuthOptions {
  issuer: string;
  /** The protected resource (RFC 8707): audience of every token. */
  resource: string;
  /** The scopes that may be requested. */
  scopes: string[];
  /** Where it listens, if a proxy has the issuer's port. */
  port?: number;
}

/** Listens on the issuer's port, or on `port`. */
export async function startOAuthServer(options: OAuthOptions): Promise<Server> {
  const provider = await withoutNotices(async () => {
    const { default: Server } = await import("oidc-provider");
    return new Server(options.issuer, configuration(options));
  });
  const answer = provider.callback();
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/interaction/")) void approve(provider, options, request, response);
    else void answer(request, response);
  });
  const port = options.port ?? Number(new URL(options.issuer).port);
  await new Promise<void>((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
  return server;
}

function configuration({ resource, scopes }: OAuthOptions): Configuration {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const server = {
    scope: scopes.join(" "),
    audience: resource,
    accessTokenFormat: "jwt" as const,
    accessTokenTTL: FIVE_MINUTES,
    jwt: { sign: { alg: "RS256" as const } },
  };
  return {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "demo", alg: "RS256", use: "sig" }] },
    cookies: { keys: ["demo"] },
    ttl: { AccessToken: FIVE_MINUTES, Interaction: FIVE_MINUTES, Session: FIVE_MINUTES, Grant: FIVE_MINUTES },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => server,
        useGrantedResource: () => true,
      },
    },
    // The SDK registers with the scopes of the first challenge; a client limited to those could never step up.
    extraClientMetadata: {
      properties: ["any_scope"],
      validator: (_context, _key, _value, metadata) => void delete metadata.scope,
    },
  };
}

/** Logs in and consents to exactly the requested scopes. */
async function approve(
  provider: Provider,
  { resource }: OAuthOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId: String(params["client_id"]) });
  grant.addResourceScope(resource, String(params["scope"] ?? ""));
  const result = { login: { accountId: ACCOUNT }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

/** oidc-provider warns on the console about things that a demo does on purpose: storage in memory, plain HTTP, an older Node. */
async function withoutNotices<T>(make: () => Promise<T>): Promise<T> {
  const { info, warn } = console;
  console.info = console.warn = () => {};
  try {
    return await make();
  } finally {
    Object.assign(console, { info, warn });
  }
}
