import { type ScalingConclusion, type ScalingPoint, type Sweep, scalingInWords } from "unravel-cnn";
import type { Machine } from "../../machine.js";
import { busyLines, machineLines } from "../../terminal/machine.js";
import { counted, whole } from "../../terminal/numbers.js";
import type { Styles } from "../../terminal/style.js";
import { table } from "../../terminal/table.js";
import { wrapped } from "../../terminal/text.js";
import type { ScalingCommandOptions, SweepPlan } from "./options.js";
import { plot } from "./plot.js";

export interface Measured extends SweepPlan {
  readonly options: ScalingCommandOptions;
  /** The network, without its filters. */
  readonly title: string;
  readonly machine: Machine;
  readonly strict: boolean;
  readonly points: readonly ScalingPoint[];
  readonly conclusion: ScalingConclusion;
}

/** For programs. What is no finite number, as an exponential's prediction may be, is null. */
export function asJson({ sweep, settings, options, machine, strict, points, conclusion }: Measured) {
  const { engine, convolution, model, optimizer, seed, seconds } = options;
  return {
    machine,
    sweep,
    model,
    settings: Object.fromEntries(settingsThatStay({ sweep, settings, options })),
    engine,
    optimizer,
    strict,
    convolution,
    seed,
    secondsPerPoint: seconds,
    points,
    ...conclusion,
    answer: scalingInWords(sweep, points, conclusion),
  };
}

/** For people, in 80 columns; with --quiet the answer only. */
export function asLines(measured: Measured, styles: Styles): string[] {
  const { sweep, options, machine, strict, points, conclusion } = measured;
  const { convolution = "auto", quiet } = options;
  const answer = scalingInWords(sweep, points, conclusion).flatMap(wrapped);
  if (quiet) return answer;
  const [first, second, ...rows] = tableLines(measured);
  return [
    ...machineLines(machine, { strict, convolution }),
    ...busyLines(machine),
    `Training  ${inShort(measured)}`,
    "",
    styles.dim(first),
    styles.dim(second),
    ...rows,
    "",
    ...plot(measured, styles),
    "",
    ...answer,
  ];
}

/** What was trained and how, without what changes: `one-conv, batches of 32, adam, 60,000 images, wasm, 2 threads`. */
export function inShort({ sweep, settings, options, title }: Measured): string {
  const words: Record<string, (value: number) => string> = {
    filters: (value) => counted(value, "filter"),
    batchSize: (value) => (value === 1 ? "one image at a time" : `batches of ${whole(value)}`),
    images: (value) => counted(value, "image"),
    threads: (value) => counted(value, "thread"),
  };
  const stay = settingsThatStay({ sweep, settings, options }).map(([key, value]) => words[key](value));
  const padded = sweep === "kernel" ? ["padded"] : [];
  return [title, ...padded, ...stay, options.optimizer, options.engine].join(", ");
}

function settingsThatStay({ sweep, settings, options }: Pick<Measured, "sweep" | "settings" | "options">) {
  const changing = sweep === "batch-size" ? "batchSize" : sweep;
  return Object.entries(settings).filter(
    ([key]) => key !== changing && key !== "kernel" && (key !== "filters" || options.model === "one-conv"),
  );
}

/** What changes, in two lines. */
const columnOf: Readonly<Record<Sweep, readonly [string, string]>> = {
  filters: ["", "filters"],
  kernel: ["kernel", "size"],
  "batch-size": ["images in", "a batch"],
  images: ["", "images"],
  threads: ["", "threads"],
};

/** Multiply-adds, which are counted, beside seconds, which are measured; each also as a multiple of the first point's. */
function tableLines({ sweep, points }: Measured): string[] {
  const [first] = points;
  const times = (value: number) => (value < 9.995 ? value.toFixed(2) : value.toFixed(1));
  const compared = ["compared", `with ${whole(first.value)}`];
  const header = [
    columnOf[sweep],
    ["million", "multiply-adds"],
    compared,
    ["seconds", "an epoch"],
    ["fastest to", "slowest"],
    compared,
    ["", "GFLOP/s"],
  ];
  const rows = points.map((point) => [
    whole(point.value),
    millions(point.multiplyAddsPerEpoch),
    times(point.multiplyAddsPerEpoch / first.multiplyAddsPerEpoch),
    digits(point.secondsPerEpoch),
    `${digits(point.fastest)} to ${digits(point.slowest)}`,
    times(point.secondsPerEpoch / first.secondsPerEpoch),
    digits(point.gflops),
  ]);
  const headers = [0, 1].map((line) => header.map((cell) => cell[line]));
  return table(
    [...headers, ...rows],
    header.map(() => true),
  );
}

function millions(count: number): string {
  return count < 1e9 ? digits(count / 1e6) : whole(count / 1e6);
}

/** Three digits: measurements are no more exact. */
function digits(value: number): string {
  return value < 99.95 ? value.toPrecision(3) : whole(value);
}
