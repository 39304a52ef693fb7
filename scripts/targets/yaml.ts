// Small helpers for the YAML that the targets write by hand: people read manifests, so the comments must stay.

/** A scalar, quoted so that every YAML reader reads exactly this text. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A scalar, unquoted where that is safe in every YAML version, also inside [ ] and { }. */
export function scalar(text: string): string {
  const bare = /^[A-Za-z/][A-Za-z0-9_./-]*(:\/\/[A-Za-z0-9_./:-]*[A-Za-z0-9_/-])?$/;
  const words = /^(true|false|yes|no|on|off|null|y|n)$/i;
  return bare.test(text) && !words.test(text) ? text : quoted(text);
}

/** Escapes a text where Envoy expects a format: there a percent sign begins a command, and two stand for one. */
export function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

/** A flow list. */
export function list(items: readonly string[]): string {
  return `[${items.map(scalar).join(", ")}]`;
}

/** Indents every line except the first and the empty ones, for insertion into a template. */
export function indent(text: string, by: number): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line, i) => (i > 0 && line ? " ".repeat(by) + line : line))
    .join("\n");
}
