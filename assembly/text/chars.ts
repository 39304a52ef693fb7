// Characters that the filter looks for, by name.
export const NUL: u32 = 0x00;
export const TAB: u32 = 0x09;
export const LINE_FEED: u32 = 0x0a;
export const CARRIAGE_RETURN: u32 = 0x0d;
export const SPACE: u32 = 0x20;
export const QUOTE: u32 = 0x22; // "
export const HASH: u32 = 0x23;
export const PERCENT: u32 = 0x25;
export const PLUS: u32 = 0x2b;
export const COMMA: u32 = 0x2c;
export const MINUS: u32 = 0x2d;
export const DOT: u32 = 0x2e;
export const SLASH: u32 = 0x2f;
export const ZERO: u32 = 0x30;
export const EIGHT: u32 = 0x38;
export const NINE: u32 = 0x39;
export const COLON: u32 = 0x3a;
export const SEMICOLON: u32 = 0x3b;
export const EQUALS: u32 = 0x3d;
export const QUESTION_MARK: u32 = 0x3f;
export const UPPER_A: u32 = 0x41;
export const UPPER_T: u32 = 0x54;
export const UPPER_Z: u32 = 0x5a;
export const OPEN_BRACKET: u32 = 0x5b; // [
export const BACKSLASH: u32 = 0x5c;
export const CLOSE_BRACKET: u32 = 0x5d; // ]
export const UNDERSCORE: u32 = 0x5f;
export const LOWER_A: u32 = 0x61;
export const OPEN_BRACE: u32 = 0x7b; // {
export const CLOSE_BRACE: u32 = 0x7d; // }
export const TILDE: u32 = 0x7e;
export const DELETE: u32 = 0x7f;

/** The bit in which an ASCII letter's lower case differs from its upper case. */
export const CASE_BIT: u32 = 0x20;

/** Letters of the JSON literals, of escapes, of numbers and of claims. */
export const LOWER_B: u32 = 0x62;
export const LOWER_C: u32 = 0x63;
export const LOWER_D: u32 = 0x64;
export const LOWER_E: u32 = 0x65;
export const LOWER_F: u32 = 0x66;
export const LOWER_I: u32 = 0x69;
export const LOWER_K: u32 = 0x6b;
export const LOWER_M: u32 = 0x6d;
export const LOWER_N: u32 = 0x6e;
export const LOWER_O: u32 = 0x6f;
export const LOWER_P: u32 = 0x70;
export const LOWER_R: u32 = 0x72;
export const LOWER_S: u32 = 0x73;
export const LOWER_T: u32 = 0x74;
export const LOWER_U: u32 = 0x75;
export const LOWER_X: u32 = 0x78;
export const LOWER_Y: u32 = 0x79;
