import type { Model } from "unravel-cnn";

/** What an image shows: a class, or for a network that takes several labels at once also a list of them, `[]` for none. */
export type Right = number | readonly number[];

/** Whether a network can learn that. */
export function suits({ classes, loss }: Model, right: Right): boolean {
  if (typeof right !== "number" && !loss.takesSeveral) return false;
  return [right].flat().every((k) => k < classes.length);
}

/** Labels as a trace takes them: a class for each image, or for each of all classes whether it shows it. */
export function labelsOf({ classes, loss }: Model, right: readonly Right[]): number[] {
  if (!loss.takesSeveral) return right.flat();
  return right.flatMap((one) => classes.map((_, k) => Number([one].flat().includes(k))));
}

/** A right answer with or without one of the classes. */
export function toggled(right: readonly number[], k: number): number[] {
  return right.includes(k) ? right.filter((other) => other !== k) : [...right, k].sort((a, b) => a - b);
}
