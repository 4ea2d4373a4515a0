import { InputError, inContext, show } from "./errors.js";
import { didYouMean } from "./nearest.js";

/*
 * What people give as options and inputs, checked. The functions that are called with a name throw an InputError that
 * begins with it and is no sentence yet: who calls says where, by `inContext` or `checkOptions`.
 */

/** Looks at an option's value. @throws InputError that begins with the option's name */
export type Check = (name: string, value: unknown) => void;

/** One check for each option, so that a new option can't be forgotten. */
export type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check };

/**
 * Checks an object of options: no others, each of the right kind. What is undefined is left out, whatever the option.
 * @param place whose options they are: the sentence begins with it
 */
export function checkOptions<Options extends object>(
  place: string,
  options: Options,
  checks: Checks<Options>,
): void {
  inContext(place, () => {
    if (typeof options !== "object" || options === null || Array.isArray(options)) {
      throw new InputError(`the options must be an object, not ${kindOf(options)}`);
    }
    checkKeys(options, Object.keys(checks));
    for (const [name, value] of Object.entries(options)) {
      if (value !== undefined) checks[name as keyof Options](name, value);
    }
  });
}

export function checkKeys(spec: object, known: readonly string[], what = "option"): void {
  const unknown = Object.keys(spec).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const choice = known.filter((key) => key !== "type");
  throw new InputError(
    `unknown ${what} ${show(unknown)}${didYouMean(unknown, choice)}; ${choice.length === 0 ? "leave it out, there are none" : `known are ${choice.join(", ")}`}`,
  );
}

/** A whole number of at least `smallest`, and at most `largest`. */
export function wholeNumber(name: string, value: unknown, smallest: number, largest = Infinity): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < smallest || value > largest) {
    const range =
      largest === Infinity
        ? `of at least ${smallest}`
        : `from ${smallest} to ${largest.toLocaleString("en-US")}`;
    throw new InputError(`${name} must be a whole number ${range}, ${found(value)}`);
  }
  return value;
}

export function finiteNumber(name: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new InputError(`${name} must be a finite number, ${found(value)}`);
  }
  return value;
}

export function trueOrFalse(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new InputError(`${name} must be true or false, ${found(value)}`);
  return value;
}

/** For a table: a whole number. */
export const whole =
  (smallest: number, largest?: number): Check =>
  (name, value) =>
    wholeNumber(name, value, smallest, largest);

/** For a table: a whole number, or infinite, which is all that there are. */
export const wholeOrAll =
  (smallest: number): Check =>
  (name, value) => {
    if (value !== Infinity) wholeNumber(name, value, smallest);
  };

/** Images in a batch, at most: each block of 8 has a place of its own for its loss. */
export const LARGEST_BATCH = 2 ** 24;

export const MOST_THREADS = 256;

export const SEED = whole(0, 0xffffffff);

/** For a table: a number of at least `smallest`, or above it. */
export function number(smallest: number, { above = false, infinite = false } = {}): Check {
  return (name, value) => {
    const fits = typeof value === "number" && (above ? value > smallest : value >= smallest);
    if (fits && (infinite || value < Infinity)) return;
    throw new InputError(
      `${name} must be a number ${above ? "above" : "of at least"} ${smallest}, ${found(value)}`,
    );
  };
}

export const flag: Check = trueOrFalse;

/** For a table: one of these words. */
export const oneOf =
  (choices: readonly string[]): Check =>
  (name, value) => {
    if (typeof value === "string" && choices.includes(value)) return;
    const all = choices.map((choice) => JSON.stringify(choice));
    const last = all.pop();
    throw new InputError(
      `${name} must be ${all.length === 0 ? last : `${all.join(", ")} or ${last}`}, ${found(value)}${didYouMean(value, choices)}`,
    );
  };

export const callback: Check = (name, value) => {
  if (typeof value !== "function") throw new InputError(`${name} must be a function, ${found(value)}`);
};

export const abortSignal: Check = (name, value) => {
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  if (typeof aborted === "boolean" && typeof addEventListener === "function") return;
  throw new InputError(
    `${name} must be an AbortSignal, like that of new AbortController(), not ${kindOf(value)}`,
  );
};

export const text: Check = (name, value) => {
  if (typeof value !== "string") throw new InputError(`${name} must be a text, ${found(value)}`);
};

/** For a table: what is checked where it is used. */
export const elsewhere: Check = () => {};

const found = (value: unknown) => (value === undefined ? "but it is missing" : `not ${show(value)}`);

/** Whether a value is an array of just this kind; Node's Buffers are Uint8Arrays, and so is that of another frame. */
export function isTyped(value: unknown, kind: "Uint8Array" | "Uint8ClampedArray" | "Uint16Array"): boolean {
  return (
    ArrayBuffer.isView(value) && (value as unknown as Record<symbol, unknown>)[Symbol.toStringTag] === kind
  );
}

/** What a value is, for messages about one that has the wrong kind: `a Float32Array`, `a Promise`, `undefined`. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return show(value);
  if (typeof value === "function") return "a function";
  const name = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}
