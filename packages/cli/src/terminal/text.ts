import { wrapWords } from "unravel-cnn";

/** The columns of the narrowest terminal. */
export const WIDTH = 80;

/** A sentence in lines, all as far in as the first. */
export function wrapped(text: string): string[] {
  return wrapWords(text, WIDTH);
}

/** A name in at most so many columns: of a longer one the beginning and the end. */
export function shortened(name: string, most: number): string {
  if (name.length <= most) return name;
  const end = Math.floor((most - 1) / 2);
  return `${name.slice(0, most - 1 - end)}…${name.slice(name.length - end)}`;
}
