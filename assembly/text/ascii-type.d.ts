// For editors and tsc: what scripts/transforms/ascii-strings.mjs makes of a string literal in assembly/, the address of
// static ASCII bytes. To the type checker a literal is still a string.
type Ascii = string;
