// A reading position in the tokens, and the syntax errors found there.
import type { Token } from "./lexer.ts";
import type { Problems } from "./problems.ts";

const WORDS: Record<string, string> = {
  and: "write `a && b`",
  or: "write `a || b`",
  not: "write `!a`",
  then: "write `condition ? a : b`",
  "?": "optional access is written `x.?y` or `x[?y]`",
};

/** Ends parsing; the problem has been reported. */
export class SyntaxStop extends Error {}

export class Cursor {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    protected readonly problems: Problems,
  ) {}

  protected get token(): Token {
    return this.ahead(0);
  }

  protected get ended(): boolean {
    return this.token.kind === "end";
  }

  /** End of the token before this one. */
  protected get previousEnd(): number {
    return this.tokens[this.at - 1]?.end ?? 0;
  }

  protected ahead(by: number): Token {
    return this.tokens[Math.min(this.at + by, this.tokens.length - 1)] as Token;
  }

  protected advance(): Token {
    return this.tokens[this.at++] as Token;
  }

  protected is(sign: string): boolean {
    return this.token.kind === "sign" && this.token.text === sign;
  }

  protected take(sign: string): Token | undefined {
    return this.is(sign) ? this.advance() : undefined;
  }

  protected expect(sign: string): Token {
    return this.take(sign) ?? this.unexpected(`\`${sign}\``);
  }

  /** Comma-separated parts up to the closing bracket; a trailing comma is allowed, even alone. */
  protected items(close: string, one: () => void): void {
    if (this.is(close) || this.is(",")) this.take(",");
    else {
      do one();
      while (this.take(",") && !this.is(close));
    }
    this.expect(close);
  }

  protected stop(message: string, hint?: string): never {
    this.problems.error(this.token, message, hint);
    throw new SyntaxStop();
  }

  protected unexpected(wanted: string): never {
    const { kind, text } = this.token;
    const hint = Object.hasOwn(WORDS, text) ? WORDS[text] : undefined;
    if (kind === "end") this.stop(`the expression ends here; ${wanted} is missing`, hint);
    this.stop(`unexpected \`${text}\`; ${wanted} is missing`, hint);
  }
}
