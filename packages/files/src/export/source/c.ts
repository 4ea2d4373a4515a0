import { aligned, paragraph, type Remarked, WIDTH } from "./wrap.js";

/* How C is written: literals, comments and names that any C99 compiler takes, and C++ as well. */

/** What a line begins and ends with to be a comment. */
export const C_COMMENT = ["/* ", " */"] as const;

/** A number that reads back as the same float. */
export function cFloat(value: number): string {
  if (Object.is(value, -0)) return "-0.0f";
  const single = Math.fround(value);
  if (Number.isInteger(single) && Math.abs(single) < 2 ** 24) return `${single}.0f`;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return withPoint(String(short));
  }
  return withPoint(String(Number(single.toPrecision(9))));
}

/** A float's digits with what C needs to take them for one. */
const withPoint = (digits: string): string => `${/[.e]/.test(digits) ? digits : `${digits}.0`}f`;

/**
 * A text as string literals in UTF-8, one for each line that it needs. What isn't ASCII is written byte by byte, in octal, which no
 * character behind it can be taken for; `?` is escaped because of trigraphs.
 */
export function cStrings(text: string, width: number): string[] {
  const pieces = Array.from(new TextEncoder().encode(text), piece);
  const lines: string[] = [];
  let line = "";
  for (const one of pieces) {
    if (line.length + one.length > width - 2) {
      lines.push(`"${line}"`);
      line = "";
    }
    line += one;
  }
  return [...lines, `"${line}"`];
}

function piece(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9 !#-&(->@[\]-~']/.test(character)) return character;
  return '"\\?'.includes(character) ? `\\${character}` : `\\${byte.toString(8).padStart(3, "0")}`;
}

/** A text as it can stand in a comment: nothing ends the comment, nothing is invisible. */
export function inComment(text: string): string {
  return text
    .replace(/\p{Cs}/gu, "\ufffd")
    .replace(/[^ \p{L}\p{M}\p{N}\p{P}\p{S}]/gu, " ")
    .replace(/\*(?=\/)|\/(?=\*)|\?(?=\?)/g, "$& ");
}

/** A name for functions and arrays to begin with: what isn't allowed in one becomes `_`. */
export function cPrefix(name: string): string {
  const prefix = name
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 40);
  return /^[A-Za-z]/.test(prefix) ? prefix : `model${prefix === "" ? "" : `_${prefix}`}`;
}

/** Statements with comments behind them, one below the other. */
export const cLines = (statements: readonly Remarked[], indent = "    "): string[] =>
  aligned(statements, indent, (text) => `/* ${text} */`, "");

/** A comment of a text, in as many lines as it needs. */
export function cRemark(text: string): string[] {
  const [begin, end] = C_COMMENT;
  const lines = paragraph(text, "", WIDTH - begin.length - end.length);
  return lines.map((line, k) => `${k === 0 ? begin : "   "}${line}${k === lines.length - 1 ? end : ""}`);
}

/** A comment of lines as they are. */
export const cComment = (lines: readonly string[]): string[] => [
  "/*",
  ...lines.map((line) => (line === "" ? " *" : ` * ${line}`)),
  " */",
];
