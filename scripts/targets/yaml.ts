// Small helpers for the YAML that the targets write by hand: a manifest is read by people, so its comments stay.

/** A scalar, quoted so that no YAML reader takes it for anything but this text. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A scalar, bare where that is safe in every YAML version, also inside [ ] and { }. */
export function scalar(text: string): string {
  const bare = /^[A-Za-z/][A-Za-z0-9_./-]*(:\/\/[A-Za-z0-9_./:-]*[A-Za-z0-9_/-])?$/;
  const words = /^(true|false|yes|no|on|off|null|y|n)$/i;
  return bare.test(text) && !words.test(text) ? text : quoted(text);
}

/** A text where Envoy reads a format: a percent sign begins a command there, two are one. */
export function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

/** A flow list. */
export function list(items: readonly string[]): string {
  return `[${items.map(scalar).join(", ")}]`;
}

/** Indents every line but the first and the empty ones, to stand where a template has its place. */
export function indent(text: string, by: number): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line, i) => (i > 0 && line ? " ".repeat(by) + line : line))
    .join("\n");
}
