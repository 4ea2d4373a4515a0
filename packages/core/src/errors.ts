import { printable } from "./printable.js";

/**
 * What was given cannot be used: a spec, a file, an option. The message is one sentence that says what is wrong,
 * where, and what to do. It often quotes what was given, so what would steer a terminal is escaped in it. The command line
 * exits with 2.
 */
export class InputError extends Error {
  override readonly name: string = "InputError";

  constructor(message: string, options?: ErrorOptions) {
    super(printable(message), options);
  }
}

/**
 * The work itself failed although the input was sound: the loss became infinite, the disk is full. The message is one
 * sentence, escaped like an InputError's. The command line exits with 1.
 */
export class FailureError extends Error {
  override readonly name: string = "FailureError";

  constructor(message: string, options?: ErrorOptions) {
    super(printable(message), options);
  }
}

/** Runs `work`; the message of an InputError in it gets its place before it and becomes a sentence. */
export function inContext<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${place}: ${error.message}.`);
    throw error;
  }
}

/** As inContext, for work whose messages are sentences already: they get the file's name before them. */
export function inFile<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${source}: ${error.message}`);
    throw error;
  }
}

/** A value as it stands in a message: like JSON, cut where it would be long. It takes anything and never throws. */
export function show(value: unknown): string {
  const text = shown(value, 0);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

const LONGEST = 80;
const MOST_ENTRIES = 40;

function shown(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (depth === 3) return "…";
  const inner = Array.isArray(value)
    ? Array.from(value.slice(0, MOST_ENTRIES), (entry) => shown(entry, depth + 1))
    : Object.entries(value)
        .slice(0, MOST_ENTRIES)
        .map(([key, entry]) => `${JSON.stringify(key)}: ${shown(entry, depth + 1)}`);
  return Array.isArray(value) ? `[${inner.join(", ")}]` : `{${inner.join(", ")}}`;
}
