import { basename } from "node:path";
import {
  checkFits,
  classesShown,
  countOf,
  type Dataset,
  InputError,
  labelsPerImage,
  type Model,
  type SavedModel,
  sizeOf,
} from "unravel-cnn";
import { inClassesOf } from "../../classes.js";
import { loadData } from "../../data.js";
import { loadModel, modelOfFile } from "../../model.js";
import { didYouMean } from "../../options.js";
import { nameOfFile, readInput } from "../../pictures/input.js";
import { whole } from "../../terminal/numbers.js";
import type { Progress } from "../../terminal/progress.js";

/** Which picture is explained by which network. */
export interface SubjectChoice {
  readonly model: string;
  /** A picture's file. */
  readonly image?: string | undefined;
  /** Or an image of the test set. */
  readonly index?: number;
  readonly label?: string;
  readonly data: string;
  readonly offline?: boolean;
  readonly raw?: boolean;
  readonly spec?: string;
  readonly filters?: number;
  readonly width?: number;
  readonly depth?: number;
  readonly seed: number;
}

export interface Subject extends SavedModel {
  readonly modelName: string;
  readonly trained: boolean;
  readonly imageName: string;
  /** Bytes, `[C, H, W]`. */
  readonly bytes: Uint8Array;
  /** A class, or with several labels at once a list of them; undefined where nobody said what is right. */
  readonly label: number | readonly number[] | undefined;
}

/** @throws InputError if there is no such network, picture or class */
export async function loadSubject(
  choice: SubjectChoice,
  progress: Progress,
  signal: AbortSignal,
): Promise<Subject> {
  const { image, index, raw } = choice;
  if (image !== undefined && index !== undefined) {
    throw new InputError(
      "A picture and --index were both given; give one of them, as one picture is explained at a time.",
    );
  }
  if (index !== undefined && raw) throw new InputError("--raw goes with a picture, not with --index.");
  const subject =
    image !== undefined
      ? await fromFile(choice, image, progress, signal)
      : index !== undefined
        ? await fromTestSet(choice, index, progress, signal)
        : undefined;
  if (subject === undefined) {
    throw new InputError(
      "No picture was given; name a picture's file (PNG, JPEG, WebP or GIF), or give --index 0 for the first image of the test set.",
    );
  }
  if (!subject.trained) {
    progress.say(`${subject.modelName} is untrained: its weights are fresh from seed ${choice.seed}.`);
  }
  const { label } = choice;
  return label === undefined ? subject : { ...subject, label: classesNamed(subject.model, label) };
}

async function fromFile(
  choice: SubjectChoice,
  image: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<Subject> {
  const { title, ...loaded } = await loadModel({ ...choice, say: (line) => progress.say(line) });
  const { input: bytes, doubts } = await readInput(loaded.model, image, { raw: choice.raw === true }, signal);
  const imageName = image === "-" ? nameOfFile(image) : basename(image);
  for (const doubt of doubts) progress.say(`${imageName}: ${doubt}.`);
  return { ...loaded, modelName: title, imageName, bytes, label: undefined };
}

async function fromTestSet(
  choice: SubjectChoice,
  index: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<Subject> {
  const like = await modelOfFile(choice.model, choice.spec);
  const options = { ...choice, limit: 0, drawCount: index + 1, like };
  const data = await loadData(options, "explaining one of the", progress, signal);
  const count = countOf(data.test);
  if (index >= count) {
    throw new InputError(
      `--index must be a whole number from 0 to ${count - 1}, as ${data.test.name} has ${whole(count)} test images, not ${index}.`,
    );
  }
  const { title, ...loaded } = await loadModel({ ...choice, say: (line) => progress.say(line) }, data.test);
  const test = data.pictures ? inClassesOf(loaded.model, data.test) : data.test;
  checkFits(loaded.model, test);
  const size = sizeOf(test.shape);
  return {
    ...loaded,
    modelName: title,
    imageName: `test image ${index} of ${test.name}`,
    bytes: test.images.subarray(index * size, (index + 1) * size),
    label: labelOf(test, index),
  };
}

/** Its class, or all that it shows where images have several labels at once. */
function labelOf(test: Dataset, index: number): number | number[] {
  const each = labelsPerImage(test);
  const labels = test.labels.subarray(index * each, (index + 1) * each);
  return each === 1 ? labels[0] : classesShown(labels, [1, each], 0);
}

/** A class; or for a network that takes several labels at once, all that stand between `|` or `;`, or `none`. */
function classesNamed(model: Model, label: string): number | number[] {
  const { loss, classes } = model;
  if (!loss.takesSeveral || classes.includes(label)) return classNamed(model, label);
  if (label === "none") return [];
  return label.split(/[|;]/).map((name) => classNamed(model, name.trim()));
}

/** A class by its name, or by its number. */
function classNamed({ classes }: Model, label: string): number {
  const named = classes.indexOf(label);
  if (named >= 0) return named;
  if (/^\d{1,9}$/.test(label) && Number(label) < classes.length) return Number(label);
  const names = classes.length <= 12 ? classes.join(", ") : `${classes.slice(0, 10).join(", ")}, ...`;
  throw new InputError(
    `--label must be one of the ${classes.length} classes (${names}), or its number, not "${label}"${didYouMean(label, classes)}.`,
  );
}
