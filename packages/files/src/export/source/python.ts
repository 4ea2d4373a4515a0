import { known } from "../../known.js";
import { aligned, filled, paragraph, type Remarked, WIDTH } from "./wrap.js";

/* How Python is written: what is alike in programs for NumPy and for PyTorch. */

/** What a line begins and ends with to be a comment. */
export const PYTHON_COMMENT = ["# ", ""] as const;

const ESCAPED: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A text as a literal; what can't be seen, or would turn the line around, is escaped. Halves of characters become U+FFFD. */
export function pythonString(text: string): string {
  return `"${Array.from(text.replace(/\p{Cs}/gu, "\ufffd"), escaped).join("")}"`;
}

function escaped(character: string): string {
  if (Object.hasOwn(ESCAPED, character)) return ESCAPED[character];
  if (character === " " || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) return character;
  const code = known(character.codePointAt(0));
  const hex = (digits: number) => code.toString(16).padStart(digits, "0");
  return code < 0x100 ? `\\x${hex(2)}` : code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

/** Statements with comments behind them, one below the other. */
export const pythonLines = (statements: readonly Remarked[], indent = "    "): string[] =>
  aligned(statements, indent, (text) => `# ${text}`);

/** `CLASSES = ["cat", "dog"]` */
export function pythonList(name: string, texts: readonly string[]): string[] {
  const literals = texts.map(pythonString);
  const line = `${name} = [${literals.join(", ")}]`;
  return line.length <= WIDTH ? [line] : [`${name} = [`, ...filled(literals, "    "), "]"];
}

/** One number where all are the same, else a tuple: `1`, `(1, 2)`. */
export const tuple = (numbers: readonly number[]): string => `(${numbers.join(", ")})`;

/** A number as Python reads it. */
export const pythonNumber = (value: number): string => String(value);

/** A docstring of paragraphs that are wrapped; lines that begin with a blank stay as they are. */
export function docstring(lines: readonly string[], indent = "    "): string[] {
  const [first, ...rest] = lines.flatMap((line) =>
    line.startsWith(" ") || line === "" ? [line] : paragraph(line, "", WIDTH - indent.length - 3),
  );
  if (rest.length === 0) return [`${indent}"""${first}"""`];
  return [`${indent}"""${first}`, ...rest.map((line) => (line === "" ? "" : indent + line)), `${indent}"""`];
}

/** What a comment says of a tensor: `(N, 8, 26, 26)`. */
export const shapeComment = (shape: readonly number[]): string => `(N, ${shape.join(", ")})`;
