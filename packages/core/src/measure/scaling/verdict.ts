import { onLine, type ScalingConclusion } from "./conclusion.js";
import type { ScalingPoint, Sweep } from "./sweep.js";
import { nounOf } from "./words.js";

/** Which of the curves the measured points lie on, and that in a sentence. */
export interface ScalingVerdict {
  /** `both`: too near to each other to tell. */
  readonly fits: "line" | "exponential" | "both" | "neither";
  /** How many times too much or too little the line says where it is furthest off: 1 is exact. */
  readonly lineOff: number;
  /** The same of the exponential; undefined where there is none. */
  readonly exponentialOff: number | undefined;
  readonly sentence: string;
}

/** A curve fits if it is nowhere further off than this, or than the repetitions of one point differ from their median. */
const CLOSE = 1.25;

/** Compares line and exponential with the points: nothing is said that the points don't show. */
export function scalingVerdict(
  sweep: Sweep,
  points: readonly ScalingPoint[],
  conclusion: ScalingConclusion,
): ScalingVerdict {
  const { exponential } = conclusion;
  const lineOff = furthestOff(points, (value) => onLine(conclusion, value));
  const exponentialOff =
    exponential && furthestOff(points, (value) => exponential.factor * exponential.base ** value);
  const close = Math.max(CLOSE, ...points.map(noiseOf));
  const onTheLine = lineOff <= close;
  const onExponential = exponentialOff !== undefined && exponentialOff <= close;
  const fits = onTheLine ? (onExponential ? "both" : "line") : onExponential ? "exponential" : "neither";
  const verdict = { fits, lineOff, exponentialOff } as const;
  return { ...verdict, sentence: inWords(sweep, points, verdict, conclusion.line.largestError) };
}

/** How many times too much or too little a curve says, where it is furthest off. */
function furthestOff(points: readonly ScalingPoint[], curve: (value: number) => number): number {
  return Math.max(
    ...points.map(({ value, secondsPerEpoch }) => {
      const ratio = curve(value) / secondsPerEpoch;
      return ratio > 0 ? Math.max(ratio, 1 / ratio) : Infinity;
    }),
  );
}

function noiseOf({ secondsPerEpoch, fastest, slowest }: ScalingPoint): number {
  return Math.max(slowest / secondsPerEpoch, secondsPerEpoch / fastest);
}

function inWords(
  sweep: Sweep,
  points: readonly ScalingPoint[],
  { fits, lineOff, exponentialOff }: Omit<ScalingVerdict, "sentence">,
  lineError: number,
): string {
  const curve = curves[sweep];
  const line = `${curve} is ${lineOff < 2 ? `off by ${Math.round(100 * lineError)}% at most` : offBy(lineOff)}`;
  const exponential =
    exponentialOff !== undefined
      ? `an exponential through the first two points is ${offBy(exponentialOff)}`
      : undefined;
  const and = exponential ? `, and ${exponential}` : "";
  const grown = `${grew(sweep, points)}:`;
  switch (fits) {
    case "line":
      return `${grown} ${line}${and}.`;
    case "exponential":
      return `${grown} ${exponential}, and ${line}. That is exponential growth.`;
    case "both":
      return `${grown} ${line}, and ${exponential}. These points can't tell the two apart; go further.`;
    case "neither": {
      const nearer = exponentialOff === undefined || lineOff < exponentialOff ? curve : "the exponential";
      return `${grown} ${line}${and}.${exponential ? ` Nearer is ${nearer}.` : ""} Measure again when nothing else runs.`;
    }
  }
}

const curves: Readonly<Record<Sweep, string>> = {
  filters: "a straight line",
  kernel: "a line over the kernel's weights (its size squared)",
  "batch-size": "a fixed cost for each image and each batch",
  images: "a straight line",
  threads: "work that is shared and work that isn't",
};

/** `From 1 to 64 filters time grew 51-fold`, `... fell to 0.21 of what it was` */
function grew(sweep: Sweep, points: readonly ScalingPoint[]): string {
  const [first] = points;
  const last = points[points.length - 1];
  const ratio = last.secondsPerEpoch / first.secondsPerEpoch;
  const [from, to] = [first.value, last.value].map((value) => value.toLocaleString("en-US"));
  const range =
    sweep === "kernel" ? `kernels of ${from}×${from} to ${to}×${to}` : `${from} to ${to} ${nounOf[sweep]}`;
  return `From ${range} time ${ratio >= 1 ? `grew ${factor(ratio)} times` : `fell to ${ratio.toFixed(2)} of what it was`}`;
}

function offBy(ratio: number): string {
  if (ratio < 1.005) return "exact";
  return Number.isFinite(ratio) ? `off by ${factor(ratio)} times` : "not near it at all";
}

/** `1.8`, `51`, `12,000`, `3 x 10^12` */
function factor(ratio: number): string {
  if (ratio < 9.95) return ratio.toFixed(1);
  if (ratio < 1e6) return Number(ratio.toPrecision(2)).toLocaleString("en-US");
  return ratio.toExponential(0).replace("e+", " x 10^");
}
