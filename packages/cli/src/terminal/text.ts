import { wrapWords } from "unravel-cnn";

/** The columns of the narrowest terminal. */
export const WIDTH = 80;

/** A sentence in lines, all as far in as the first. */
export function wrapped(text: string): string[] {
  return wrapWords(text, WIDTH);
}
