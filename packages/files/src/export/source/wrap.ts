import { known } from "../../known.js";
/*
 * Lines of a program that no line is too long in. A statement that doesn't fit is broken at its brackets, as a formatter would:
 *
 *   grad["x"], grad["conv1.weight"] = conv2d_backward(
 *       grad["conv1.out"], a["x"], p["conv1.weight"]
 *   )
 */

/** The most characters of a line. */
export const WIDTH = 99;

const STEP = "    ";

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/**
 * A statement in as many lines as it needs; only brackets are broken, the last one first.
 * @param trailing what stands behind the last part of a list that has a line for each; empty: as many parts on a line as fit
 */
export function wrapped(statement: string, indent = "", trailing = ",", width = WIDTH): string[] {
  if (indent.length + statement.length <= width) return [indent + statement];
  const bracket = lastBracket(statement);
  if (bracket === undefined || indent.length + bracket.begin >= WIDTH) {
    const sum = sumIn(statement);
    if (sum !== undefined) return summed(sum, indent, trailing);
  }
  if (bracket === undefined) return [indent + statement];
  const { begin, end } = bracket;
  const parts = split(statement.slice(begin + 1, end));
  const inside = indent + STEP;
  const lines = trailing === "" ? withoutComma(filled(parts, inside)) : partsOf(parts, inside, trailing);
  const head = statement.slice(0, begin + 1);
  const rest = indent + statement.slice(end);
  return [
    ...(head.length + indent.length <= WIDTH ? [indent + head] : assigned(head, indent)),
    ...lines,
    rest,
  ];
}

/** An assignment of a sum: what gets it, and what is added. */
function sumIn(
  statement: string,
): { readonly target: string; readonly parts: readonly string[] } | undefined {
  const at = statement.indexOf(" = ");
  const parts = split(statement.slice(at + 3), " + ");
  return at < 0 || parts.length < 2 ? undefined : { target: statement.slice(0, at), parts };
}

/** A sum with a line for each part. */
function summed(
  { target, parts }: { readonly target: string; readonly parts: readonly string[] },
  indent: string,
  trailing: string,
): string[] {
  const lines = parts.flatMap((part, k) => wrapped(k === 0 ? part : `+ ${part}`, indent + STEP, trailing));
  return [`${indent}${target} = (`, ...lines, `${indent})`];
}

/** Parts on one line, or each on its own. */
function partsOf(parts: readonly string[], indent: string, trailing: string): string[] {
  const together = indent + parts.join(", ");
  if (together.length <= WIDTH) return [together];
  return parts.flatMap((part, k) =>
    wrapped(part + (k < parts.length - 1 ? "," : trailing), indent, trailing),
  );
}

const withoutComma = (lines: readonly string[]): string[] =>
  lines.map((line, k) => (k === lines.length - 1 ? line.replace(/,$/, "") : line));

/** A list of many short things, as many on a line as fit. */
export function filled(parts: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    const longer = line === "" ? `${indent}${part},` : `${line} ${part},`;
    if (longer.length > WIDTH && line !== "") {
      lines.push(line);
      line = `${indent}${part},`;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}

/** Words, as many on a line as fit. */
export function paragraph(text: string, indent = "", width = WIDTH): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > width && line !== indent) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** Code with a comment behind it. */
export interface Remarked {
  readonly code: string;
  readonly comment?: string;
}

/**
 * Statements with their comments one below the other, where these fit.
 * @param about what makes a comment of a text
 */
export function aligned(
  statements: readonly Remarked[],
  indent: string,
  about: (text: string) => string,
  trailing = ",",
): string[] {
  const blocks = statements.map(({ code, comment }) => {
    if (comment === undefined) return { lines: wrapped(code, indent, trailing) };
    const text = about(comment);
    return { lines: wrapped(code, indent, trailing, WIDTH - 2 - text.length), comment: text };
  });
  const ends = blocks
    .filter(({ lines, comment }) => comment !== undefined && lines.length === 1)
    .map(({ lines, comment = "" }) => ({ length: lines[0].length, comment: comment.length + 2 }));
  const column = Math.max(
    0,
    ...ends
      .filter(({ length }) => ends.every((other) => other.length > length || length + other.comment <= WIDTH))
      .map(({ length }) => length),
  );
  return blocks.flatMap(({ lines, comment }) => {
    const last = lines[lines.length - 1];
    if (comment === undefined) return lines;
    const text = `${lines.length === 1 ? last.padEnd(column) : last}  ${comment}`;
    if (text.length <= WIDTH) return [...lines.slice(0, -1), text];
    if (`${last}  ${comment}`.length <= WIDTH) return [...lines.slice(0, -1), `${last}  ${comment}`];
    return [`${indent}${comment}`, ...lines];
  });
}

/** The head of an assignment, `a, b = call(`, that is too long itself. */
function assigned(head: string, indent: string): string[] {
  const at = head.indexOf(" = ");
  if (at < 0) return [indent + head];
  const targets = split(head.slice(0, at));
  return [
    `${indent}(`,
    ...targets.map((target) => `${indent}${STEP}${target},`),
    `${indent}) = ${head.slice(at + 3)}`,
  ];
}

/** Where the last bracket that isn't inside another one lies, if there is something in it to be broken. */
function lastBracket(text: string): { readonly begin: number; readonly end: number } | undefined {
  let found: { begin: number; end: number } | undefined;
  const open: { readonly closing: string; readonly begin: number }[] = [];
  eachOutsideStrings(text, (character, at) => {
    if (character in CLOSING) open.push({ closing: CLOSING[character], begin: at });
    else if (character === open[open.length - 1]?.closing) {
      const { begin } = known(open.pop());
      if (open.length === 0 && at > begin + 1 && !isSubscript(text, begin)) found = { begin, end: at };
    }
  });
  return found;
}

const isSubscript = (text: string, begin: number) =>
  text[begin] === "[" && /[\w)\]]/.test(text[begin - 1] ?? "");

/** The parts between commas, or something else, that are in no bracket. */
function split(text: string, between = ","): string[] {
  const parts: string[] = [];
  let [depth, begin] = [0, 0];
  eachOutsideStrings(text, (character, at) => {
    if (character in CLOSING) depth++;
    else if (Object.values(CLOSING).includes(character)) depth--;
    else if (depth === 0 && text.startsWith(between, at)) {
      parts.push(text.slice(begin, at).trim());
      begin = at + between.length;
    }
  });
  const last = text.slice(begin).trim();
  return last === "" ? parts : [...parts, last];
}

function eachOutsideStrings(text: string, visit: (character: string, at: number) => void): void {
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && inString) at++;
    else if (text[at] === '"') inString = !inString;
    else if (!inString) visit(text[at], at);
  }
}
