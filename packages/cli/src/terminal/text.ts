import { wrapWords } from "unravel-cnn";

/** A name as it can stand on a line of output: control characters, which could end the line or steer the terminal, become ?. */
export function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, "?");
}

/** The columns of the narrowest terminal. */
export const WIDTH = 80;

/** A sentence in lines, all as far in as the first. */
export function wrapped(text: string): string[] {
  return wrapWords(text, WIDTH);
}
