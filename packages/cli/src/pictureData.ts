import { InputError, labelsPerImage, type Model } from "unravel-cnn";
import type { LoadedData } from "unravel-cnn/node";
import { BrokenPicturesError, type ImageFolder, labelledImages } from "unravel-files/node";
import { type DataOptions, setAsideRemark } from "./dataOptions.js";
import { clock, counted, whole } from "./terminal/numbers.js";
import { complain } from "./terminal/output.js";
import type { Progress } from "./terminal/progress.js";

/** Images as data, with what is known of the pictures that they come from; undefined where they come from a table of pixels. */
export interface PictureData extends LoadedData {
  readonly pictures?: ImageFolder | undefined;
}

/**
 * What is set aside for testing is the same whatever the seed of a training: `evaluate` must never measure on what was trained on,
 * and whoever trains with several seeds wants to see the spread of training, on the same data.
 */
const SET_ASIDE_SEED = 0;

/** So many broken files are named. */
const MOST_NAMED = 100;
/** And so many pictures that are in both sets. */
const MOST_TWINS = 3;

/**
 * Labelled images from pictures, with what a person should know of them said.
 * @param like a network whose inputs they are to become
 * @throws InputError if they can't be read, or a file is broken, which is named
 */
export async function loadPictures(
  options: DataOptions & { readonly all?: boolean | undefined },
  progress: Progress,
  signal: AbortSignal,
  like?: Model,
): Promise<PictureData> {
  const { data, size, fit, grey, skipBroken, all } = options;
  const started = performance.now();
  const own = like && targetOf(like, options);
  try {
    const found = await labelledImages(data, {
      ...(own ?? { size, fit, grey }),
      skipBroken,
      onlyTest: all,
      seed: SET_ASIDE_SEED,
      signal,
      onProgress: (done, total) => {
        const rate = done / ((performance.now() - started) / 1000);
        progress.show({
          title: "Reading pictures",
          share: done / total,
          details: [`${whole(rate)}/s`, `ETA ${clock((total - done) / rate)}`, `${whole(total)} in all`],
        });
      },
    });
    progress.clear();
    const { train, test } = found;
    if (!("pictures" in found)) {
      if (found.setAside > 0) progress.say(setAsideRemark(found.setAside, "image"));
      return { train, test, source: data, standIn: null };
    }
    const pictures = found;
    for (const problem of pictures.broken.slice(0, MOST_NAMED)) progress.say(`Left out: ${problem}`);
    for (const line of describe(pictures)) progress.say(line);
    return { train, test, source: data, standIn: null, pictures };
  } catch (error) {
    progress.clear();
    if (error instanceof BrokenPicturesError) {
      for (const problem of error.problems.slice(0, MOST_NAMED)) complain(problem);
      const more = error.problems.length - MOST_NAMED;
      if (more > 0) complain(`${whole(more)} more files can't be read.`);
    }
    throw error;
  }
}

/**
 * What a network takes, as pictures are made to it.
 * @throws InputError if something else was asked for
 */
function targetOf({ inputShape: [channels, height, width], pictures }: Model, asked: DataOptions) {
  if (channels !== 1 && channels !== 3) {
    throw new InputError(`Pictures give 1 or 3 channels, but the model takes ${channels}.`);
  }
  if (asked.size && (asked.size[0] !== width || asked.size[1] !== height)) {
    throw new InputError(
      `--size ${asked.size.join("x")} was asked for, but the model takes ${width}x${height}; leave it out.`,
    );
  }
  if (asked.grey && channels === 3) {
    throw new InputError("--grey was asked for, but the model takes colours; leave it out.");
  }
  if (asked.fit && pictures && asked.fit !== pictures.fit) {
    throw new InputError(
      `--fit ${asked.fit} was asked for, but the model takes pictures with --fit ${pictures.fit}; leave it out.`,
    );
  }
  return { size: [width, height] as const, fit: pictures?.fit ?? asked.fit, grey: channels === 1 };
}

function describe(pictures: ImageFolder): string[] {
  const { setAside, duplicates, files, broken, sizes } = pictures;
  const [width, height] = pictures.pictures.size;
  const resized = [sizes.train, sizes.test].some((all) => !isSize(all, width, height));
  return [
    ...pictures.remarks,
    ...(broken.length > 0 ? [`${counted(broken.length, "file")} left out that can't be read.`] : []),
    ...(resized
      ? [
          `Pictures of ${rangeOf(sizes)} are made ${width}x${height} (${pictures.pictures.fit}); --size and --fit choose.`,
        ]
      : []),
    ...(setAside > 0 ? [setAsideRemark(setAside, "picture", labelsPerImage(pictures.train) > 1)] : []),
    ...(duplicates.length > 0
      ? [
          `${counted(duplicates.length, "test image")} ${duplicates.length === 1 ? "is" : "are"} also trained on: ${duplicates
            .slice(0, MOST_TWINS)
            .map(({ test, train }) => `${files.test[test]} = ${files.train[train]}`)
            .join(", ")}${duplicates.length > MOST_TWINS ? ", ..." : ""}.`,
        ]
      : []),
  ];
}

function isSize(sizes: Uint32Array, width: number, height: number): boolean {
  return sizes.every((side, k) => side === (k % 2 === 0 ? width : height));
}

/** `100x80`, or `20x31 to 640x480` */
function rangeOf({ train, test }: ImageFolder["sizes"]): string {
  const all: [width: number, height: number][] = [];
  for (const sizes of [train, test]) {
    for (let k = 0; k < sizes.length; k += 2) all.push([sizes[k], sizes[k + 1]]);
  }
  all.sort((a, b) => a[0] * a[1] - b[0] * b[1]);
  const [first, last] = [all[0].join("x"), all[all.length - 1].join("x")];
  return first === last && all.every((size) => size.join("x") === first) ? first : `${first} to ${last}`;
}
