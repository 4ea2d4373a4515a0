import { whole } from "../../presentation/numbers.js";
import { duration } from "../duration.js";
import { onLine, type ScalingConclusion } from "./conclusion.js";
import type { ScalingPoint, Sweep } from "./sweep.js";

/* What was found, in sentences. */

/** What changes, as it is called in sentences and along the axis. */
export const nounOf: Readonly<Record<Sweep, string>> = {
  filters: "filters",
  kernel: "kernel size",
  "batch-size": "images in a batch",
  images: "images",
  threads: "threads",
};

/** The answer, in a few sentences: how time grows, what the line says, and what the exponential would have said. */
export function scalingInWords(
  sweep: Sweep,
  points: readonly ScalingPoint[],
  conclusion: ScalingConclusion,
): string[] {
  return [
    growth(sweep, conclusion),
    ...lineInWords(sweep, points, conclusion),
    ...exponentialInWords(sweep, points, conclusion),
    ...noiseInWords(points),
  ];
}

/** Repetitions that differ more than this, slowest to fastest, were disturbed. */
const DISTURBED = 1.5;

function noiseInWords(points: readonly ScalingPoint[]): string[] {
  const most = Math.max(...points.map(({ slowest, fastest }) => slowest / fastest));
  if (most <= DISTURBED) return [];
  return [
    `Something disturbed: repetitions of one point differ up to ${most.toFixed(1)} times. Measure again when nothing else runs.`,
  ];
}

/** How much an exponent may be off 1 for what is called a straight line. */
const STRAIGHT = 0.1;

function growth(sweep: Sweep, { power: { exponent, from, to } }: ScalingConclusion): string {
  const range = `exponent ${exponent.toFixed(2)} from ${whole(from)} to ${whole(to)}`;
  const start = `${doubled(sweep)} ${(2 ** exponent).toFixed(2)} times as long`;
  if (sweep === "batch-size" || sweep === "threads") return `${start} (${range}).`;
  if (sweep === "kernel") return `${start} (${range}; its weights are 4 times as many).`;
  if (Math.abs(exponent - 1) <= STRAIGHT) return `${start}: a straight line (${range}).`;
  return exponent < 1
    ? `${start}: less than in proportion (${range}).`
    : `${start}: more than in proportion (${range}).`;
}

function doubled(sweep: Sweep): string {
  if (sweep === "batch-size") return "Batches twice as large take";
  if (sweep === "kernel") return "A kernel twice as high and wide takes";
  return `Twice the ${nounOf[sweep]} take`;
}

function lineInWords(sweep: Sweep, points: readonly ScalingPoint[], conclusion: ScalingConclusion): string[] {
  const { offset, slope, largestError } = conclusion.line;
  const fit = `the line is off by ${Math.round(100 * largestError)}% at most`;
  if (offset < 0 || slope < 0) return [];
  if (sweep === "batch-size") {
    const [{ value: first }] = points;
    const share = slope / first / onLine(conclusion, first);
    return [
      `Of an epoch in ${first === 1 ? "single images" : `batches of ${whole(first)}`}, ${Math.round(100 * share)}% of the time is spent on each batch however few images it has, and larger ones are fewer; ${fit}.`,
    ];
  }
  if (sweep === "threads") {
    const share = offset / (offset + slope);
    return [`About ${Math.round(100 * share)}% of the work of one thread is not shared by more; ${fit}.`];
  }
  const each = { filters: "each filter", kernel: "each weight of a kernel", images: "1,000 images" }[sweep];
  const time = duration(sweep === "images" ? 1000 * slope : slope);
  return [`An epoch takes ${duration(offset)}, and ${time} more for ${each}; ${fit}.`];
}

/** Predictions this close to what was measured, as a ratio, can't be told from it. */
const CLOSE = 2;

/** A line that is off by less than this share may be what was measured. */
const LINE_FITS = 0.25;

function exponentialInWords(
  sweep: Sweep,
  points: readonly ScalingPoint[],
  { exponential, line }: ScalingConclusion,
): string[] {
  if (points.length < 3 || sweep === "batch-size" || sweep === "threads") return [];
  const [a, b] = points;
  const last = points[points.length - 1];
  const many = sweep === "kernel" ? "as kernel size" : nounOf[sweep];
  if (exponential === undefined) {
    return [
      `No exponential grows through the first two points: ${whole(b.value)} ${many} ${sweep === "kernel" ? "takes" : "take"} no longer than ${whole(a.value)}.`,
    ];
  }
  const { predicted } = exponential;
  const start = `An exponential through the first two points (${whole(a.value)} and ${whole(b.value)} ${many}) predicts ${duration(predicted)} for ${whole(last.value)}; measured: ${duration(last.secondsPerEpoch)}.`;
  const ratio = predicted / last.secondsPerEpoch;
  const near = ratio < CLOSE && ratio > 1 / CLOSE;
  if (!near) return [start];
  return [
    line.largestError < LINE_FITS
      ? `${start} Over so short a range a straight line and an exponential look alike: measure larger values, too, to see which it is.`
      : `${start} As far as was measured, time grows exponentially.`,
  ];
}

/** A text in lines of at most so many characters, all as far in as the first; a longer word has a line of its own. */
export function wrapWords(text: string, most: number): string[] {
  const indent = text.length - text.trimStart().length;
  const lines: string[] = [];
  for (const word of text.trim().split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && indent + last.length + 1 + word.length <= most)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => " ".repeat(indent) + line);
}
