// Pushes an image by the OCI distribution API (distribution-spec 1.1): missing blobs first, then the manifest.
import type { Blob, Image } from "./layout.ts";

/** What went wrong with a registry, in words for the person at the terminal. */
export class RegistryError extends Error {}

interface Reference {
  registry: string;
  repository: string;
  tag: string;
}

export interface Access {
  plainHttp?: boolean;
  username?: string;
  password?: string;
}

/** REGISTRY/NAME:TAG. Throws RegistryError if it is not one. */
export function parseReference(text: string): Reference {
  const [, registry, repository, tag] =
    /^([\w.-]+(?::\d+)?|\[[\da-f:]+\](?::\d+)?)\/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*):([\w][\w.-]{0,127})$/i.exec(text) ??
    [];
  if (!registry || !repository || !tag) throw new RegistryError(`an image must be REGISTRY/NAME:TAG, not ${text}`);
  return { registry, repository, tag };
}

/** Pushes; returns the digest that the registry reports, after checking that it is the image's own. */
export async function push(image: Image, reference: Reference, access: Access = {}): Promise<string> {
  const session = new Session(reference, access);
  for (const blob of image.blobs) await session.upload(blob);
  return session.publish(image.manifest);
}

class Session {
  private readonly base: URL;
  private authorization: string | undefined;

  constructor(
    private readonly reference: Reference,
    private readonly access: Access,
  ) {
    const { registry, repository } = reference;
    this.base = new URL(`${access.plainHttp ? "http" : "https"}://${registry}/v2/${repository}/`);
  }

  async upload({ descriptor, bytes }: Blob): Promise<void> {
    const there = await this.ask("HEAD", new URL(`blobs/${descriptor.digest}`, this.base));
    if (there.status === 200) return;
    const start = new URL("blobs/uploads/", this.base);
    const begun = await this.expect(202, "POST", start);
    const location = begun.headers.get("location");
    if (location === null) throw new RegistryError(`${start.href} replied without a location`);
    const place = new URL(location, start);
    place.searchParams.set("digest", descriptor.digest);
    await this.expect(201, "PUT", place, bytes, "application/octet-stream");
  }

  async publish({ descriptor, bytes }: Blob): Promise<string> {
    const place = new URL(`manifests/${this.reference.tag}`, this.base);
    const { headers } = await this.expect(201, "PUT", place, bytes, descriptor.mediaType);
    const digest = headers.get("docker-content-digest") ?? descriptor.digest;
    if (digest !== descriptor.digest) throw new RegistryError(`the registry stored it as ${digest}`);
    return digest;
  }

  private async expect(status: number, method: string, url: URL, body?: Uint8Array, type?: string): Promise<Response> {
    const response = await this.ask(method, url, body, type);
    if (response.status === status) return response;
    const text = (await response.text()).slice(0, 500);
    throw new RegistryError(`${method} ${url.href} answered ${response.status}, not ${status}: ${text}`);
  }

  /** One request; after a 401 a second one, with the credentials that the registry asks for. */
  private async ask(method: string, url: URL, body?: Uint8Array, type?: string): Promise<Response> {
    const first = await this.send(method, url, body, type);
    if (first.status !== 401) return first;
    this.authorization = await this.authorize(first.headers.get("www-authenticate") ?? "");
    return this.send(method, url, body, type);
  }

  private async send(method: string, url: URL, body?: Uint8Array, type?: string): Promise<Response> {
    const headers = new Headers(type === undefined ? {} : { "content-type": type });
    // An upload may be redirected to a store on another host, which must not see the registry's credentials.
    if (this.authorization !== undefined && url.host === this.base.host)
      headers.set("authorization", this.authorization);
    return fetch(url, { method, headers, body: body && Buffer.from(body) }).catch((error: Error) => {
      const cause = error.cause instanceof Error ? error.cause.message : error.message;
      throw new RegistryError(`${method} ${url.href}: ${cause}`);
    });
  }

  /** Basic, or a token from the realm that the challenge names (distribution-spec, token authentication). */
  private async authorize(challenge: string): Promise<string> {
    const { username, password } = this.access;
    const basic =
      username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
    if (/^basic\b/i.test(challenge)) {
      if (basic === undefined) throw new RegistryError(`${this.reference.registry} requires credentials: --username`);
      return basic;
    }
    const parameters = Object.fromEntries(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!.toLowerCase(), value!]),
    );
    if (!/^bearer\b/i.test(challenge) || parameters["realm"] === undefined)
      throw new RegistryError(`${this.reference.registry} replied 401 with an unknown challenge: ${challenge}`);
    return `Bearer ${await this.fetchToken(parameters, basic)}`;
  }

  private async fetchToken({ realm, service }: Record<string, string>, basic: string | undefined): Promise<string> {
    const url = new URL(realm!);
    if (url.protocol !== "https:" && !this.access.plainHttp)
      throw new RegistryError(`${this.reference.registry} asks for credentials over plain HTTP`);
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", `repository:${this.reference.repository}:pull,push`);
    const response = await fetch(url, { headers: basic === undefined ? {} : { authorization: basic } });
    if (!response.ok) throw new RegistryError(`no token for ${this.reference.repository}: ${response.status}`);
    const { token, access_token: accessToken } = (await response.json()) as Record<string, string | undefined>;
    const given = token ?? accessToken;
    if (given === undefined) throw new RegistryError(`${url.host} replied without a token`);
    return given;
  }
}
