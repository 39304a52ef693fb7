// Characters that the filter looks for, by name.
export const NUL: u32 = 0x00;
export const TAB: u32 = 0x09;
export const LINE_FEED: u32 = 0x0a;
export const CARRIAGE_RETURN: u32 = 0x0d;
export const SPACE: u32 = 0x20;
export const QUOTE: u32 = 0x22; // "
export const PERCENT: u32 = 0x25;
export const ASTERISK: u32 = 0x2a;
export const PLUS: u32 = 0x2b;
export const COMMA: u32 = 0x2c;
export const MINUS: u32 = 0x2d;
export const DOT: u32 = 0x2e;
export const SLASH: u32 = 0x2f;
export const ZERO: u32 = 0x30;
export const NINE: u32 = 0x39;
export const COLON: u32 = 0x3a;
export const SEMICOLON: u32 = 0x3b;
export const EQUALS: u32 = 0x3d;
export const QUESTION_MARK: u32 = 0x3f;
export const UPPER_A: u32 = 0x41;
export const UPPER_Z: u32 = 0x5a;
export const OPEN_BRACKET: u32 = 0x5b; // [
export const BACKSLASH: u32 = 0x5c;
export const CLOSE_BRACKET: u32 = 0x5d; // ]
export const LOWER_A: u32 = 0x61;
export const LOWER_Z: u32 = 0x7a;
export const OPEN_BRACE: u32 = 0x7b; // {
export const CLOSE_BRACE: u32 = 0x7d; // }

/** The bit in which an ASCII letter's lower case differs from its upper case. */
export const CASE_BIT: u32 = 0x20;

/** First characters of the JSON literals true, false and null. */
export const LOWER_T: u32 = 0x74;
export const LOWER_F: u32 = 0x66;
export const LOWER_N: u32 = 0x6e;
