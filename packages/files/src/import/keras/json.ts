import { duplicateKey, hasTooManyValues, InputError, show } from "unravel-cnn";

/* Configurations are JSON of anybody's: what is taken out of them is looked at first. */

export type Json = Readonly<Record<string, unknown>>;

/** @param what what to call the text in an error: `model.json` */
export function parseJson(text: string, what: string): unknown {
  if (hasTooManyValues(text))
    throw new InputError(`${what}: it has more than a million values, far more than that of any network.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(`${what}: it is not valid JSON; it is damaged or of another kind.`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined)
    throw new InputError(`${what}: it has the key ${show(twice)} twice in one object.`);
  return value;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of an object, its own only: `constructor` is no key of a file. */
export function member(object: unknown, key: string): unknown {
  return isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A value as it stands in a message; what isn't there is nothing. */
export function told(value: unknown): string {
  return value === undefined ? "nothing" : show(value);
}
