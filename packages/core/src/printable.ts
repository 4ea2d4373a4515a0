/*
 * Characters that have no look of their own but change how the rest of a line reads: control characters (C0, DEL, C1), which
 * steer a terminal or end the line; the marks and overrides that turn the direction of writing; the separators of lines and
 * paragraphs; halves of a surrogate pair.
 */
const STEERING = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * A text as it can stand on one line of a terminal, whoever wrote it: what would steer the terminal is escaped as JSON escapes
 * it (`\u001b`), so that a line of JSON stays the same JSON.
 */
export function printable(text: string): string {
  return text.replace(STEERING, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
