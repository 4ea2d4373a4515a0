/** A name as it can stand on a line of output: control characters, which could end the line or steer the terminal, become ?. */
export function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, "?");
}

/** The columns of the narrowest terminal. */
export const WIDTH = 80;

/** A sentence in lines, all as far in as the first. */
export function wrapped(text: string): string[] {
  const indent = text.length - text.trimStart().length;
  const lines: string[] = [];
  for (const word of text.trim().split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && indent + last.length + 1 + word.length <= WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => " ".repeat(indent) + line);
}
