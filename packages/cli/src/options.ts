import { InputError, nearest } from "unravel-cnn/training";

/*
 * Parsers of option values, for commander. Each is made with the option's name and throws an InputError in one sentence.
 */

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export function wholeNumber(name: string, smallest: number, largest = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = NUMBER.test(text) ? Number(text) : NaN;
    if (Number.isInteger(value) && value >= smallest && value <= largest) return value;
    const range =
      largest === Number.MAX_SAFE_INTEGER ? `of at least ${smallest}` : `from ${smallest} to ${largest}`;
    throw new InputError(`${name} must be a whole number ${range}, not "${text}".`);
  };
}

/** `1,2,4`: whole numbers, from small to large, each once. */
export function wholeNumbers(name: string, smallest: number, largest?: number) {
  const one = wholeNumber(name, smallest, largest);
  return (text: string): readonly number[] =>
    [...new Set(text.split(",").map((part) => one(part.trim())))].sort((a, b) => a - b);
}

export function realNumber(name: string, range: string, accepts: (value: number) => boolean) {
  return (text: string): number => {
    const value = NUMBER.test(text) ? Number(text) : NaN;
    if (Number.isFinite(value) && accepts(value)) return value;
    throw new InputError(`${name} must be a number ${range}, not "${text}".`);
  };
}

export function oneOf<T extends string>(name: string, choices: readonly T[]) {
  return (text: string): T => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    throw new InputError(
      `${name} must be ${choices.slice(0, -1).join(", ")}${choices.length > 1 ? " or " : ""}${choices.at(-1)}, not "${text}"${didYouMean(text, choices)}.`,
    );
  };
}

/** ` (did you mean adam?)`, or nothing where no name is near. */
export function didYouMean(text: string, names: readonly string[]): string {
  const name = nearest(text, names);
  return name === undefined ? "" : ` (did you mean ${name}?)`;
}

export const seedOption = wholeNumber("--seed", 0, 0xffffffff);
