// The MCP client of the demo: the official SDK with an OAuth client that needs no browser. What the SDK sends and receives
// goes through `watch`, so that the terminal can show the challenges.
import type { OAuthClientProvider, OAuthDiscoveryState } from "@modelcontextprotocol/sdk/client/auth.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { OAuthClientInformationMixed, OAuthTokens } from "@modelcontextprotocol/sdk/shared/auth.js";

const REDIRECT = "http://127.0.0.1/callback";

/** Follows the authorization server's redirects as a browser would, cookies included, until it gets the code. */
export class Headless implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT;
  readonly clientMetadata = {
    client_name: "scopegate demo",
    redirect_uris: [REDIRECT],
    application_type: "native",
    grant_types: ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
  /** The code of the last authorization, to be exchanged by the transport. */
  code: string | undefined;
  private information: OAuthClientInformationMixed | undefined;
  private held: OAuthTokens | undefined;
  private verifier = "";
  private found: OAuthDiscoveryState | undefined;

  clientInformation = () => this.information;
  saveClientInformation = (information: OAuthClientInformationMixed) => void (this.information = information);
  tokens = () => this.held;
  saveTokens = (tokens: OAuthTokens) => void (this.held = tokens);
  codeVerifier = () => this.verifier;
  saveCodeVerifier = (verifier: string) => void (this.verifier = verifier);
  // What the metadata documents said, kept from the challenge until its code is exchanged.
  discoveryState = () => (this.code === undefined ? undefined : this.found);
  saveDiscoveryState = (state: OAuthDiscoveryState) => void (this.found = state);

  /** The challenge names what this call needs; keeping what was granted before is up to the client (MCP 2026-07-28). */
  async redirectToAuthorization(url: URL): Promise<void> {
    const wanted = `${this.held?.scope ?? ""} ${url.searchParams.get("scope") ?? ""}`.trim().split(/\s+/);
    url.searchParams.set("scope", [...new Set(wanted)].join(" "));
    this.code = await followToCode(url);
  }
}

async function followToCode(start: URL): Promise<string> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let hop = 0; hop < 10; hop++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      cookies.set(name!, value!);
    }
    const location = response.headers.get("location");
    if (!location) throw new Error(`authorization ended with ${response.status}: ${await response.text()}`);
    url = new URL(location, url);
    if (url.href.startsWith(REDIRECT)) break;
  }
  const code = url.searchParams.get("code");
  if (!code) throw new Error(`no code: ${url.searchParams.get("error_description") ?? url.href}`);
  return code;
}

/** One MCP session. `step` runs something and, if that needs a new token, gets one and runs it again. */
export class Session {
  readonly provider = new Headless();
  private client = new Client({ name: "scopegate-demo", version: "1.0.0" });
  private transport: StreamableHTTPClientTransport;

  constructor(
    private readonly url: URL,
    private readonly watch: typeof fetch,
  ) {
    this.transport = this.newTransport();
  }

  /** Connects; the first token is obtained here. */
  async connect(): Promise<void> {
    try {
      await this.client.connect(this.transport);
    } catch (error) {
      await this.exchange(error);
      this.transport = this.newTransport();
      this.client = new Client({ name: "scopegate-demo", version: "1.0.0" });
      await this.client.connect(this.transport);
    }
  }

  /** Calls a tool; after a challenge it gets a new token and tries once more. Returns the text of the result. */
  async call(name: string, args: Record<string, unknown>): Promise<string> {
    const once = () => this.client.callTool({ name, arguments: args });
    const result = await once().catch(async (error) => {
      await this.exchange(error);
      return once();
    });
    return (result.content as { text: string }[])[0]!.text;
  }

  /** The names of the server's tools, as the client gets them. */
  async tools(): Promise<string[]> {
    const { tools } = await this.client.listTools();
    return tools.map(({ name }) => name);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private newTransport(): StreamableHTTPClientTransport {
    return new StreamableHTTPClientTransport(this.url, { authProvider: this.provider, fetch: this.watch });
  }

  /** After the SDK asked for authorization: exchanges the code for a token. Anything else is a failure of the call. */
  private async exchange(error: unknown): Promise<void> {
    const code = this.provider.code;
    if (!(error instanceof UnauthorizedError) || !code) throw error;
    await this.transport.finishAuth(code);
    this.provider.code = undefined;
  }
}
