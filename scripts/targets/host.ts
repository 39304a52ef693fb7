// What every target needs: the compiled policy and who issues its tokens.
import { Setting } from "../../assembly/program.ts";
import {
  pluginConfiguration,
  severalConfiguration,
  type Member,
  type PluginConfiguration,
  type PluginOptions,
  type Policy,
  type SeveralConfiguration,
} from "../compiler/index.ts";
import type { OpenPath } from "./open-paths.ts";
import { FORMS } from "../compiler/policy/words.ts";
import { Program } from "../compiler/program/reader.ts";

export interface Address {
  host: string;
  port: number;
}

/** The keys that verify tokens: as text, or where the host gets them. */
export type Jwks = { inline: string } | { url: URL };

export interface Token {
  issuer?: string;
  audiences: string[];
  jwks: Jwks;
}

/** Envoy compares the scheme of Authorization with case; these are the spellings that clients send. */
export const BEARER_PREFIXES: readonly string[] = ["Bearer ", "bearer ", "BEARER "];

/** What a manifest puts around the filter, whatever the host. */
export interface Surroundings {
  /** Origins whose pages may call; `*`: all. */
  cors: readonly string[];
  openPaths: readonly OpenPath[];
  /** How many proxies in front of the host append to X-Forwarded-For and are believed. */
  trustedHops: number;
}

export const NO_SURROUNDINGS: Surroundings = { cors: [], openPaths: [], trustedHops: 0 };

/** A part of the output: one object, or a whole file. `name` becomes a file name with --split. */
export interface Part {
  name: string;
  yaml: string;
}

/** Policies and their programs: one, or several for one plugin configuration. */
export class Compiled {
  private readonly reader: Program;
  /** The first one, or the only one. */
  readonly policy: Policy;
  readonly policies: readonly Policy[];

  constructor(
    private readonly members: readonly Member[],
    private readonly candidate?: PluginOptions["candidate"],
  ) {
    const [{ policy, program }] = members as [Member];
    this.policy = policy;
    this.policies = members.map((member) => member.policy);
    this.reader = new Program(program);
  }

  /** Each policy by itself. */
  get each(): Compiled[] {
    return this.members.map((member) => new Compiled([member]));
  }

  plugin(options: PluginOptions): PluginConfiguration | SeveralConfiguration {
    const [{ policy, program }] = this.members as [Member];
    return this.members.length > 1
      ? severalConfiguration(this.members, options)
      : pluginConfiguration(program, policy, { ...options, candidate: this.candidate });
  }

  /** The challenge for a request without a usable token, as the filter would write it. */
  challenge(error?: "invalid_token"): string {
    const parameters = [
      ["error", error],
      ["resource_metadata", this.reader.settingText(Setting.ResourceMetadata)],
      ["scope", this.reader.settingText(Setting.BaselineScopes)],
    ];
    return `Bearer ${parameters.flatMap(([name, value]) => (value === undefined ? [] : `${name}="${value}"`)).join(", ")}`;
  }

  /** The protected resource metadata (RFC 9728), JSON; undefined if the policy has none. */
  get document(): string | undefined {
    return this.reader.settingText(Setting.Document);
  }
}

/** What prints the decision record in a JSON access log: an object, or with `record: { form: text }` one line of text. */
export function recordFormat({ record }: Policy): string {
  return record.form === FORMS.text
    ? "%FILTER_STATE(wasm.scopegate:PLAIN)%"
    : "%TYPED_CEL(filter_state['wasm.scopegate'])%";
}
