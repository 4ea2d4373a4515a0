import type { Command } from "commander";
import { countOf, type Dataset, labelsPerImage, printable } from "unravel-cnn";
import { type Suspicions, suspicionsOf } from "unravel-files";
import { type CommandData, loadData } from "../../data.js";
import { addPictureOptions, type DataOptions } from "../../dataOptions.js";
import { interruptible } from "../../exit.js";
import { DATA_HELP } from "../../help.js";
import { PICTURE_FILE } from "../../output/kinds.js";
import { outputFile } from "../../output/names.js";
import { checkOutput } from "../../output/write.js";
import { counted, percent, whole } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { Progress } from "../../terminal/progress.js";
import { table } from "../../terminal/table.js";
import { writeSheet } from "./drawSheet.js";

interface DescribeOptions extends Omit<DataOptions, "data"> {
  sheet?: string;
  json?: boolean;
  quiet?: boolean;
}

export function defineDescribe(command: Command): void {
  command
    .description(
      "Says what is in labelled images: classes and how many images each has, sizes, and what looks wrong. Files that can't be read are named and left out.",
    )
    .argument("[data]", DATA_HELP, "auto");
  addPictureOptions(command)
    .option(
      "--sheet <file>",
      "write some images of each class to FILE.png",
      outputFile("--sheet", PICTURE_FILE),
    )
    .option("--json", "print it as JSON")
    .option("--quiet", "no progress")
    .addHelpText(
      "after",
      `
Examples:
  unravel data describe ./my-photos
  unravel data describe photos.zip --sheet photos.png --json`,
    )
    .action((name: string, options: DescribeOptions) =>
      interruptible((signal) => run(name, options, signal)),
    );
}

async function run(name: string, options: DescribeOptions, signal: AbortSignal): Promise<void> {
  const { sheet, json, quiet } = options;
  if (sheet !== undefined) await checkOutput(sheet, PICTURE_FILE);
  const progress = new Progress(process.stderr, quiet === true);
  const data = await loadData(
    { ...options, data: name, leavesBrokenOut: true },
    "describing",
    progress,
    signal,
  );
  const about = describe(data);
  if (sheet !== undefined) {
    const ink = data.pictures ? "kept" : "black";
    const scale = Math.max(1, Math.floor(32 / Math.max(data.train.shape[1], data.train.shape[2])));
    const shown = countOf(data.train) > 0 ? data.train : data.test;
    await writeSheet(sheet, shown, { order: "class", rows: 1, columns: 16, scale, ink, seed: 0 });
  }
  if (json) printJson({ data: data.source, ...about, sheet: sheet ?? null });
  else printLines([...asLines(about, data), ...(sheet === undefined ? [] : [`Wrote ${sheet}`])]);
}

/** A class has this many times the images of another: then accuracy says little about the rarer one. */
const UNEVEN = 5;
/** So many examples of what looks wrong are named. */
const MOST_NAMED = 3;

/** What is known of a data set, for programs. */
function describe({ train, test, pictures }: CommandData) {
  const [channels, height, width] = train.shape;
  const counts = (data: Dataset, k: number) => {
    const each = labelsPerImage(data);
    const isShown = (label: number, place: number) =>
      each === 1 ? label === k : place % each === k && label === 1;
    return data.labels.reduce((sum, label, place) => sum + (isShown(label, place) ? 1 : 0), 0);
  };
  const classes = train.classes.map((name, k) => ({
    class: name,
    train: counts(train, k),
    test: counts(test, k),
  }));
  return {
    images: { train: countOf(train), test: countOf(test), setAside: pictures?.setAside ?? 0 },
    shape: { width, height, channels },
    sizes: pictures ? sizesOf(pictures.sizes) : null,
    classes,
    broken: pictures?.broken ?? [],
    remarks: pictures?.remarks ?? [],
    duplicatesAcross: (pictures?.duplicates ?? []).map((pair) => ({
      test: pictures?.files.test[pair.test],
      train: pictures?.files.train[pair.train],
    })),
    wrong: [
      ...unevenness(classes, labelsPerImage(train) > 1),
      ...(["train", "test"] as const).flatMap((set) =>
        suspected(suspicionsOf(set === "train" ? train : test), set, pictures?.files[set]),
      ),
    ],
  };
}

function sizesOf({ train, test }: NonNullable<CommandData["pictures"]>["sizes"]) {
  const side = (which: 0 | 1) => {
    const all = [...train, ...test].filter((_, k) => k % 2 === which).sort((a, b) => a - b);
    return { smallest: all[0], median: all[all.length >> 1], largest: all[all.length - 1] };
  };
  return { width: side(0), height: side(1) };
}

function unevenness(
  classes: readonly { readonly class: string; readonly train: number }[],
  several: boolean,
): string[] {
  const sorted = classes.filter(({ train }) => train > 0).sort((a, b) => a.train - b.train);
  if (sorted.length < 2) return [];
  const [rarest, commonest] = [sorted[0], sorted[sorted.length - 1]];
  if (commonest.train < UNEVEN * rarest.train) return [];
  const times = whole(Math.round(commonest.train / rarest.train));
  const help = several ? "add some" : "add some, or train with --class-weights balanced";
  return [`${commonest.class} has ${times} times the images of ${rarest.class}: ${help}.`];
}

function suspected(
  { blank, repeated, contradictory }: Suspicions,
  set: "train" | "test",
  files: readonly string[] | undefined,
): string[] {
  const nameOf = (image: number) => files?.[image] ?? `${set} image ${image}`;
  const more = (all: readonly unknown[]) => (all.length > MOST_NAMED ? ", ..." : "");
  const pairs = (all: Suspicions["repeated"]) =>
    `${all
      .slice(0, MOST_NAMED)
      .map(({ image, first }) => `${nameOf(image)} = ${nameOf(first)}`)
      .join(", ")}${more(all)}`;
  const of = set === "train" ? "training image" : "test image";
  return [
    ...(blank.length > 0
      ? [
          `${counted(blank.length, of)} of one colour: ${blank.slice(0, MOST_NAMED).map(nameOf).join(", ")}${more(blank)}.`,
        ]
      : []),
    ...(repeated.length > 0
      ? [
          `${counted(repeated.length, of)} that ${repeated.length === 1 ? "is" : "are"} there twice: ${pairs(repeated)}.`,
        ]
      : []),
    ...(contradictory.length > 0
      ? [`${counted(contradictory.length, of)} with two classes: ${pairs(contradictory)}.`]
      : []),
  ];
}

function asLines(about: ReturnType<typeof describe>, { train }: CommandData): string[] {
  const { images, shape, sizes, classes, broken, duplicatesAcross, wrong } = about;
  const total = images.train + images.test;
  const rows = classes.map((row) => [
    printable(row.class),
    whole(row.train),
    whole(row.test),
    percent((row.train + row.test) / total, 1),
  ]);
  const looksWrong = [
    ...(broken.length > 0
      ? [
          `${counted(broken.length, "file")} can't be read as ${broken.length === 1 ? "a picture" : "pictures"}.`,
        ]
      : []),
    ...(duplicatesAcross.length > 0
      ? [
          `${counted(duplicatesAcross.length, "test image")} ${duplicatesAcross.length === 1 ? "is" : "are"} also trained on.`,
        ]
      : []),
    ...wrong,
  ];
  return [
    `${train.name}: ${whole(images.train)} training and ${whole(images.test)} test images${images.setAside > 0 ? ", which were set aside" : ""}, ${counted(classes.length, "class", "classes")}`,
    `Images    ${shape.width}x${shape.height}, ${shape.channels === 1 ? "grey" : "in colour"}`,
    ...(sizes
      ? [`Pictures  ${range(sizes.width)} wide, ${range(sizes.height)} high (smallest, middle, largest)`]
      : []),
    "",
    ...table([["class", "training", "test", "share"], ...rows], [false, true, true, true]),
    "",
    ...(looksWrong.length > 0
      ? ["What looks wrong:", ...looksWrong.map((line) => `  ${line}`)]
      : ["Nothing looks wrong."]),
  ];
}

function range({ smallest, median, largest }: { smallest: number; median: number; largest: number }): string {
  return smallest === largest ? whole(smallest) : `${whole(smallest)}, ${whole(median)}, ${whole(largest)}`;
}
