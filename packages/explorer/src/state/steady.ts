/*
 * While somebody draws, numbers change at every point of the pen; where they lie, what is made of what, and many sums mostly don't.
 * What comes out the same is the same object as before, so that nothing that follows from it is done anew.
 */

/**
 * Returns a function that gives back what it is given, in which every array and plain object that is the same as at the time before
 * is that same object: the whole, or its parts.
 */
export function steady<T>(): (now: T) => T {
  let before: unknown;
  return (now) => {
    before = shared(now, before);
    return before as T;
  };
}

function shared(now: unknown, before: unknown): unknown {
  if (Object.is(now, before)) return before;
  if (Array.isArray(now)) {
    if (!Array.isArray(before)) return now;
    const parts = now.map((part, k) => shared(part, before[k]));
    return parts.length === before.length && parts.every((part, k) => Object.is(part, before[k]))
      ? before
      : parts;
  }
  if (!isPlain(now) || !isPlain(before)) return now;
  const parts = Object.entries(now).map(([key, part]) => [key, shared(part, before[key])] as const);
  const keys = Object.keys(before);
  const isSame =
    parts.length === keys.length &&
    parts.every(([key, part], k) => key === keys[k] && Object.is(part, before[key]));
  return isSame ? before : Object.fromEntries(parts);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
