import { printable } from "unravel-cnn";

/*
 * The one place where text meets the terminal: everything that the program prints goes through here. What could steer the
 * terminal (see `printable`) is escaped, wherever it comes from: names of files, classes and arrays, arguments, messages. Only
 * the program's own sequences pass.
 */

/**
 * Stands for the escape character in the program's own sequences (colours, bars). It is another one in each process, so no name
 * or file can contain it.
 */
export const ESCAPE = `<ESC ${Math.random().toString(36).slice(2)}>`;

/** A line as it is written to a terminal or a file. */
export function outputLine(line: string): string {
  return printable(line).replaceAll(ESCAPE, "\x1b");
}

/** Writes lines; a line break within one is escaped. */
export function printLines(lines: readonly string[], stream: NodeJS.WritableStream = process.stdout): void {
  if (lines.length > 0) stream.write(`${lines.map(outputLine).join("\n")}\n`);
}

/** Writes a value as one line of JSON. */
export function printJson(value: unknown): void {
  printLines([JSON.stringify(value)]);
}

/** Resolves when whoever reads the outputs has taken all that was written, or has gone. */
export async function allTaken(): Promise<void> {
  const taken = [process.stdout, process.stderr].map(
    (stream) =>
      new Promise<void>((resolve) => {
        if (stream.writableLength === 0) resolve();
        else stream.write("", () => resolve());
      }),
  );
  await Promise.all(taken);
}

/** Says on the error output what is wrong. */
export function complain(message: string): void {
  printLines([`unravel: ${message}`], process.stderr);
}
