import { type ImageShape, InputError, sizeOf } from "unravel-cnn";
import type { Arranged, Arrangement } from "../layout/arrange.js";
import { listed } from "../layout/names.js";
import type { ReadPictures, ReadSet } from "./readPictures.js";

/** Files of a data set can't be read as pictures. */
export class BrokenPicturesError extends InputError {
  /** A sentence for each file, which begins with its place in the folder or archive. */
  readonly problems: readonly string[];

  constructor(path: string, problems: readonly string[], total: number) {
    const of = total.toLocaleString("en-US");
    super(
      `${path}: ${problems.length.toLocaleString("en-US")} of its ${of} pictures can't be read (${problems[0].replace(/\.$/, "")}${problems.length > 1 ? ", ..." : ""}); mend or remove them, or leave them out with --skip-broken (skipBroken: true).`,
    );
    this.problems = problems;
  }
}

/**
 * The pictures without those that are broken.
 * @throws InputError that begins with a small letter, if that leaves a class without two pictures to train on
 */
export function withoutBroken(
  { classes, train, test, setAside }: Arrangement,
  read: ReadPictures,
): { readonly arrangement: Arrangement; readonly train: ReadSet; readonly test: ReadSet } {
  if (read.broken.size === 0)
    return { arrangement: { classes, train, test, setAside }, train: read.train, test: read.test };
  const [keptTrain, trainSet] = keep(train, read.train, read);
  const [keptTest, testSet] = keep(test, read.test, read);
  const known = keptTrain.paths.length > 0 ? keptTrain : keptTest;
  const counts = countsOf(known, classes.length);
  const needed = train.paths.length === 0 ? 0 : setAside > 0 ? 1 : 2;
  const few = classes.filter((_, k) => counts[k] < needed);
  if (few.length > 0) {
    throw new InputError(
      `without the files that can't be read, too few pictures are left to train on of ${listed(few, 10)}; add some, or take ${few.length === 1 ? "the class" : "the classes"} away`,
    );
  }
  const aside = setAside > 0 ? keptTest.paths.length : 0;
  return {
    arrangement: { classes, train: keptTrain, test: keptTest, setAside: aside },
    train: trainSet,
    test: testSet,
  };
}

/** The labels of picture k: one, or with several at once as many as there are classes. */
function labelsOf({ paths, labels }: Arranged, k: number): Uint8Array {
  const each = labels.length / paths.length;
  return labels.subarray(k * each, (k + 1) * each);
}

/** How many pictures show each class. */
function countsOf(arranged: Arranged, classes: number): Uint32Array {
  const counts = new Uint32Array(classes);
  for (const k of arranged.paths.keys()) {
    const labels = labelsOf(arranged, k);
    if (labels.length === 1) counts[labels[0]] += 1;
    else for (const [c, shown] of labels.entries()) counts[c] += shown;
  }
  return counts;
}

/** Moves what is kept together, in place. */
function keep(
  arranged: Arranged,
  set: ReadSet,
  { broken, shape }: { broken: ReadPictures["broken"]; shape: ImageShape },
) {
  const size = sizeOf(shape);
  const kept = arranged.paths.flatMap((path, k) => (broken.has(path) ? [] : [k]));
  for (const [to, from] of kept.entries()) {
    set.images.copyWithin(to * size, from * size, (from + 1) * size);
    set.sizes.copyWithin(2 * to, 2 * from, 2 * (from + 1));
  }
  const result: Arranged = {
    paths: kept.map((k) => arranged.paths[k]),
    labels: Uint8Array.from(kept.flatMap((k) => [...labelsOf(arranged, k)])),
  };
  const pixels: ReadSet = {
    images: set.images.subarray(0, kept.length * size),
    sizes: set.sizes.subarray(0, 2 * kept.length),
  };
  return [result, pixels] as const;
}
