import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { encode } from "fast-png";
import {
  type AugmentSpec,
  augmentSheet,
  countOf,
  type Dataset,
  inContext,
  resolveAugment,
  type SheetOptions,
} from "unravel-cnn";
import { AUGMENT_HELP, augmentOption } from "../../augmentOption.js";
import { loadData } from "../../data.js";
import { addPictureOptions, type DataOptions } from "../../dataOptions.js";
import { interruptible } from "../../exit.js";
import { DATA_HELP } from "../../help.js";
import { oneOf, seedOption, wholeNumber } from "../../options.js";
import { PICTURE_FILE, PNG_TEXT } from "../../output/kinds.js";
import { outputFile } from "../../output/names.js";
import { checkOutput, writeOutput } from "../../output/write.js";
import { whole } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { Progress } from "../../terminal/progress.js";
import { writeSheet } from "./drawSheet.js";

interface SheetCommandOptions extends Omit<DataOptions, "data"> {
  out?: string;
  random?: boolean;
  set: "train" | "test";
  columns: number;
  rows?: number;
  scale: number;
  ink?: SheetOptions["ink"];
  seed: number;
  augment?: AugmentSpec;
  json?: boolean;
  quiet?: boolean;
}

/** Default for sheets on which the classes are mixed. */
const MIXED_ROWS = 15;
/** What the name of an archive or a table ends in. */
const ARCHIVE = /(\.tar)?\.(zip|tar|t?gz|csv|tsv)$/i;
/** More than anyone wants to look at. */
const MOST = 1000;

export function defineSheet(command: Command): void {
  command
    .description(
      "Writes a PNG with many images of a data set, dark on light: each class in rows of its own, in the order of the classes, or all mixed.",
    )
    .argument("[data]", DATA_HELP, "auto")
    .option(
      "--out <file>",
      "write the picture to FILE.png (default: the data's name, as in mnist.png)",
      outputFile("--out", PICTURE_FILE),
    )
    .option("--random", "mix the classes")
    .option("--set <set>", "train, test", oneOf("--set", ["train", "test"]), "train")
    .option("--columns <n>", "images in a row", wholeNumber("--columns", 1, MOST), 20)
    .option(
      "--rows <n>",
      `rows of each class (default: 1); with --random rows in all (default: ${MIXED_ROWS})`,
      wholeNumber("--rows", 1, MOST),
    )
    .option("--scale <n>", "side of an image's pixel, in pixels", wholeNumber("--scale", 1, 100), 2)
    .option(
      "--ink <ink>",
      "black (on white), white (on black), or kept, as pictures are (default: black, and for pictures kept)",
      oneOf("--ink", ["black", "white", "kept"]),
    )
    .option(
      "--augment <changes>",
      `show what training makes of images: as they are, with each change, with all; ${AUGMENT_HELP}`,
      augmentOption,
    )
    .option("--seed <n>", "chooses the images", seedOption, 0);
  addPictureOptions(command)
    .option("--json", "print what was written as JSON")
    .option("--quiet", "print nothing")
    .addHelpText(
      "after",
      `
Examples:
  unravel data sheet mnist
  unravel data sheet digits --random --seed 1 --out digits.png
  unravel data sheet mnist --augment auto --out augmented.png
  unravel data sheet ./my-photos --size 64 --scale 1
  unravel data sheet ./my-idx-folder --set test --rows 3 --out mine.png`,
    )
    .action((name: string, options: SheetCommandOptions) =>
      interruptible((signal) => run(name, options, signal)),
    );
}

async function run(name: string, options: SheetCommandOptions, signal: AbortSignal): Promise<void> {
  const { random, set, columns, scale, seed, json, quiet } = options;
  if (options.out !== undefined) await checkOutput(options.out, PICTURE_FILE);
  const progress = new Progress(process.stderr, quiet === true);
  const rows = options.rows ?? (random ? MIXED_ROWS : 1);
  const loaded = await loadData(
    {
      ...options,
      data: name,
      ...(set === "test" && { limit: 0 }),
      // Drawing the whole set takes seconds, so only somewhat more digits are drawn than are shown: the seed chooses among them.
      drawCount: 4 * 10 * rows * columns,
    },
    "the sheet shows",
    progress,
    signal,
  );
  const out = options.out ?? `${basename(resolve(loaded.source)).replace(ARCHIVE, "")}.png`;
  await checkOutput(out, PICTURE_FILE);
  const ink = options.ink ?? (loaded.pictures ? "kept" : "black");
  const { images, width, height, shows } = options.augment
    ? await writeAugmented(out, loaded[set], options.augment, { ...options, ink })
    : {
        ...(await writeSheet(out, loaded[set], {
          order: random ? "random" : "class",
          ...{ rows, columns, scale, ink, seed },
        })),
        shows: random ? "mixed" : `by class: ${loaded[set].classes.join(", ")}`,
      };
  if (json) {
    printJson({ out, data: loaded.source, set, images, width, height });
  } else if (!quiet) {
    printLines([
      `Wrote ${out}: ${whole(images)} ${set === "train" ? "training" : "test"} images of ${loaded[set].name}, ${shows}; ${width}x${height} pixels`,
    ]);
  }
}

/** A few images of a data set as training changes them. @throws InputError for images that can't be shown */
async function writeAugmented(
  out: string,
  data: Dataset,
  augment: AugmentSpec,
  { columns, rows = 1, scale, ink, seed }: Omit<SheetCommandOptions, "ink"> & Pick<SheetOptions, "ink">,
) {
  const augmentation = inContext("--augment", () => resolveAugment(augment, data.shape)) ?? {};
  const sheet = augmentSheet(data, augmentation, { columns, rows, scale, ink, seed });
  const { width, height, channels, pixels, bands } = sheet;
  const picture = encode({ width, height, data: pixels, depth: 8, channels, text: PNG_TEXT });
  await writeOutput(out, PICTURE_FILE, picture);
  return {
    width,
    height,
    images: Math.min(columns, countOf(data)),
    shows: `from top to bottom: ${bands.join("; ")}`,
  };
}
