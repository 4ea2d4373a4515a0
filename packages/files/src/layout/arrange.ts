import { InputError, permutation, randomStream } from "unravel-cnn";
import { known } from "../known.js";
import type { Labelled, Layout } from "./folders.js";
import { listed } from "./names.js";
import { picturesOfEach, setAside } from "./setAside.js";

/** Pictures of a set, in the order that they are used in. */
export interface Arranged {
  readonly paths: readonly string[];
  /** As a data set has them: a class for each picture, or with several labels at once for each class 1 or 0. */
  readonly labels: Uint8Array;
}

export interface Arrangement {
  readonly classes: readonly string[];
  readonly train: Arranged;
  readonly test: Arranged;
  /** How many pictures were set aside for testing, because the data don't say which; 0 if they do. */
  readonly setAside: number;
}

/** Labels are bytes. */
const MOST_CLASSES = 256;

/**
 * Classes in order, and pictures in two sets. Where none are for testing, a fifth of each class is set aside, drawn by the seed (of
 * all pictures, with several labels at once). The pictures of a set are mixed, always in the same way, so that the first so many of
 * them have all classes.
 * @throws InputError that begins with a small letter, if there are fewer than two classes or more than 256, a class has fewer than
 *   two pictures to train on, or one for testing isn't trained
 */
export function arrange({ images, classes: withFolders, several }: Layout, seed: number): Arrangement {
  const training = images.filter(({ set }) => set !== "test");
  const testing = images.filter(({ set }) => set === "test");
  const onlyTest = training.length === 0;
  const named = onlyTest ? testing : training;
  const classes = inOrder(new Set([...named.flatMap(({ labels }) => labels), ...withFolders]));
  if (classes.length > MOST_CLASSES) {
    throw new InputError(
      `it has ${classes.length} classes (${listed(classes, 3)}), more than the ${MOST_CLASSES} that labels can tell apart; put several into one`,
    );
  }
  if (!onlyTest) checkEnough(classes, named);
  const labelOf = new Map(classes.map((name, k) => [name, k]));
  const aside = testing.length === 0 ? new Set(setAside(training, several, seed)) : undefined;
  const train = aside ? training.filter((image) => !aside.has(image)) : training;
  const test = aside ? training.filter((image) => aside.has(image)) : testing;
  const arranged = (all: readonly Labelled[], name: string): Arranged => {
    const order = permutation(all.length, randomStream(0, name));
    const mixed = Array.from(order, (k) => all[k]);
    return {
      paths: mixed.map(({ path }) => path),
      labels: several
        ? yesOrNo(mixed, labelOf)
        : Uint8Array.from(mixed, ({ labels }) => known(labelOf.get(labels[0]))),
    };
  };
  return {
    classes,
    train: arranged(train, "pictures"),
    test: arranged(test, "test pictures"),
    setAside: aside?.size ?? 0,
  };
}

/** `[N, classes]`: 1 for each class that a picture shows. */
function yesOrNo(images: readonly Labelled[], labelOf: ReadonlyMap<string, number>): Uint8Array {
  const labels = new Uint8Array(images.length * labelOf.size);
  for (const [n, image] of images.entries()) {
    for (const label of image.labels) labels[n * labelOf.size + known(labelOf.get(label))] = 1;
  }
  return labels;
}

/** By number where all are numbers, else by their letters, whatever the machine's language. */
export function inOrder(names: ReadonlySet<string>): string[] {
  const all = [...names];
  const numbers = all.every((name) => /^-?\d{1,15}$/.test(name));
  return numbers ? all.sort((a, b) => Number(a) - Number(b)) : all.sort((a, b) => (a < b ? -1 : 1));
}

/** Whether there is enough to train on. */
function checkEnough(classes: readonly string[], known: readonly Labelled[]): void {
  if (classes.length < 2) {
    throw new InputError(
      `all its pictures are of one class, ${classes[0]}; at least two are needed, each in a folder of its own`,
    );
  }
  const counts = picturesOfEach(known);
  const few = classes.filter((name) => (counts.get(name) ?? 0) < 2);
  if (few.length === 0) return;
  const named = few.map((name) => `${name} (${counts.get(name) ?? 0})`);
  throw new InputError(
    `${few.length === 1 ? "a class has" : `${few.length} classes have`} fewer than 2 pictures: ${listed(named, 10)}; add some, or take the class away`,
  );
}

/** Classes that have pictures for testing, but none to train on. @throws InputError that names them */
export function checkTestClasses({ images }: Layout): void {
  const trained = new Set(images.filter(({ set }) => set !== "test").flatMap(({ labels }) => labels));
  if (trained.size === 0) return;
  const untrained = new Set(images.flatMap(({ labels }) => labels).filter((label) => !trained.has(label)));
  if (untrained.size === 0) return;
  throw new InputError(
    `${untrained.size === 1 ? "the class" : "the classes"} ${listed([...untrained], 5)} ${untrained.size === 1 ? "has" : "have"} pictures for testing, but none to train on; add some, or take ${untrained.size === 1 ? "it" : "them"} away`,
  );
}
