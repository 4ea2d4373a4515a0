import type { Cell, NamedTensors, Shape } from "unravel-cnn";

/*
 * While somebody draws, numbers change at every point of the pen; where they lie and what is made of what mostly doesn't. What
 * comes out the same is the same object as before, so that nothing that follows from it is done anew.
 */

/** Returns the cells that it is given, or those before, if they are the same in the same order. */
export function steadyCells(): (now: readonly Cell[]) => readonly Cell[] {
  const areEqual = (one: Cell, other: Cell) => one.tensor === other.tensor && areSame(one.index, other.index);
  return steady((now, before) => areSame(now, before, areEqual));
}

export type Shapes = Readonly<Record<string, Shape>>;

/** Returns the shapes of the tensors that it is given, by name, or those before, if they are the same. */
export function steadyShapes(): (tensors: NamedTensors) => Shapes {
  const kept = steady<Shapes>((now, before) => {
    const names = Object.keys(now);
    return areSame(names, Object.keys(before)) && names.every((name) => areSame(now[name], before[name]));
  });
  return (tensors) =>
    kept(Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape])));
}

function steady<T>(isSame: (now: T, before: T) => boolean): (now: T) => T {
  let before: T | undefined;
  return (now) => {
    if (before === undefined || !isSame(now, before)) before = now;
    return before;
  };
}

function areSame<T>(
  now: readonly T[],
  before: readonly T[],
  areEqual = (one: T, other: T) => one === other,
): boolean {
  return now.length === before.length && now.every((one, k) => areEqual(one, before[k]));
}
