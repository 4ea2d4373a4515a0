import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { encode } from "fast-png";
import { contactSheet, type SheetOptions } from "unravel-cnn";
import { loadData } from "../../data.js";
import { interruptible } from "../../exit.js";
import { DATA_HELP, OFFLINE_HELP } from "../../help.js";
import { oneOf, seedOption, wholeNumber } from "../../options.js";
import { PICTURE_FILE, PNG_TEXT } from "../../output/kinds.js";
import { outputFile } from "../../output/names.js";
import { checkOutput, writeOutput } from "../../output/write.js";
import { whole } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { Progress } from "../../terminal/progress.js";

interface SheetCommandOptions {
  out?: string;
  random?: boolean;
  set: "train" | "test";
  columns: number;
  rows?: number;
  scale: number;
  ink: SheetOptions["ink"];
  seed: number;
  offline?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Default for sheets on which the classes are mixed. */
const MIXED_ROWS = 15;
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
    .option("--ink <ink>", "black (on white), white (on black)", oneOf("--ink", ["black", "white"]), "black")
    .option("--seed <n>", "chooses the images", seedOption, 0)
    .option("--offline", OFFLINE_HELP)
    .option("--json", "print what was written as JSON")
    .option("--quiet", "print nothing")
    .addHelpText(
      "after",
      `
Examples:
  unravel data sheet mnist
  unravel data sheet digits --random --seed 1 --out digits.png
  unravel data sheet ./my-idx-folder --set test --rows 3 --out mine.png`,
    )
    .action((name: string, options: SheetCommandOptions) =>
      interruptible((signal) => run(name, options, signal)),
    );
}

async function run(name: string, options: SheetCommandOptions, signal: AbortSignal): Promise<void> {
  const { random, set, columns, scale, ink, seed, offline, json, quiet } = options;
  if (options.out !== undefined) await checkOutput(options.out, PICTURE_FILE);
  const progress = new Progress(process.stderr, quiet === true);
  const rows = options.rows ?? (random ? MIXED_ROWS : 1);
  const loaded = await loadData(
    {
      data: name,
      offline,
      ...(set === "test" && { limit: 0 }),
      // Drawing the whole set takes seconds, so only somewhat more digits are drawn than are shown: the seed chooses among them.
      drawCount: 4 * 10 * rows * columns,
    },
    "the sheet shows",
    progress,
    signal,
  );
  const out = options.out ?? `${basename(resolve(loaded.source))}.png`;
  await checkOutput(out, PICTURE_FILE);
  const sheet = contactSheet(loaded[set], {
    order: random ? "random" : "class",
    rows,
    columns,
    scale,
    ink,
    seed,
  });
  const { width, height, pixels: grey, images } = sheet;
  const picture = encode({ width, height, data: grey, depth: 8, channels: 1, text: PNG_TEXT });
  await writeOutput(out, PICTURE_FILE, picture);
  if (json) {
    printJson({ out, data: loaded.source, set, images, width, height });
  } else if (!quiet) {
    const { name: title, classes } = loaded[set];
    const order = random ? "mixed" : `by class: ${classes.join(", ")}`;
    printLines([
      `Wrote ${out}: ${whole(images)} ${set === "train" ? "training" : "test"} images of ${title}, ${order}; ${width}x${height} pixels`,
    ]);
  }
}
