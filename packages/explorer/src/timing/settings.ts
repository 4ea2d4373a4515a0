import type { EngineName, EpochSettings, ScalingPoint } from "unravel-cnn";

/* What the lab can measure: one thing changes, all else stays. */

export type TimedSweep = "filters" | "kernel" | "batch-size";

export interface TimingSettings {
  readonly sweep: TimedSweep;
  /** The largest value. */
  readonly upTo: number;
  /** Kernels compiled for the network, or the textbook's plain loops. */
  readonly engine: TimedEngine;
  /** Seconds for each point, about. */
  readonly seconds: number;
}

/** What was measured, and with which settings. */
export interface TimingResult {
  readonly settings: TimingSettings;
  readonly points: readonly ScalingPoint[];
  /** How often each point was measured. */
  readonly rounds: number;
}

/** What can change, and how far: the last but one is what the page begins with. */
export const sweepChoices: Readonly<
  Record<TimedSweep, { readonly title: string; readonly upTo: readonly number[] }>
> = {
  filters: { title: "Filters", upTo: [4, 8, 16, 32, 64, 128] },
  kernel: { title: "Kernel size", upTo: [5, 7, 9, 11, 13] },
  "batch-size": { title: "Batch size", upTo: [16, 32, 64, 128, 256] },
};

export const usualUpTo = (sweep: TimedSweep): number => sweepChoices[sweep].upTo.at(-2) as number;

/** Those that train on this thread: a GPU has its own clock. */
export type TimedEngine = Exclude<EngineName, "webgpu">;

export const engineTitles: Readonly<Record<TimedEngine, string>> = {
  wasm: "compiled kernels",
  reference: "plain loops (the textbook)",
};

/** How long each point is measured, and what that is called. */
export const cares = [
  { seconds: 0.5, title: "quickly" },
  { seconds: 2, title: "carefully" },
] as const;

export const usualTiming: TimingSettings = { sweep: "filters", upTo: 64, engine: "wasm", seconds: 0.5 };

/** How often each point is measured; the points take turns. */
export const ROUNDS = 5;

/** What stays, unless it is what changes: as `unravel scaling` has it, on one thread. */
export const fixedSettings: EpochSettings = {
  filters: 8,
  kernel: 3,
  batchSize: 32,
  images: 60_000,
  threads: 0,
};

/** 1, 2, 4, ... for filters and batches; odd kernels, which have a middle. */
export function valuesOf({ sweep, upTo }: Pick<TimingSettings, "sweep" | "upTo">): number[] {
  const values: number[] = [];
  for (let value = 1; value <= upTo; value = sweep === "kernel" ? value + 2 : 2 * value) values.push(value);
  return values;
}

/** `8 filters`, `a kernel of 5×5` */
export function valueInWords(sweep: TimedSweep, value: number): string {
  if (sweep === "kernel") return `a kernel of ${value}×${value}`;
  if (sweep === "batch-size") return value === 1 ? "one image at a time" : `batches of ${value}`;
  return value === 1 ? "1 filter" : `${value} filters`;
}

/** What was trained, in a few words, without what changes. */
export function whatStays({ sweep, engine }: Pick<TimingSettings, "sweep" | "engine">): string {
  const { filters, kernel, batchSize } = fixedSettings;
  const parts = [
    ...(sweep === "filters" ? [] : [valueInWords("filters", filters)]),
    ...(sweep === "kernel"
      ? ["a padded picture, so that all kernels have 28×28 places"]
      : [`kernels of ${kernel}×${kernel}`]),
    ...(sweep === "batch-size" ? [] : [valueInWords("batch-size", batchSize)]),
  ];
  return `One convolution, ReLU, pooling and ten outputs; ${parts.join(", ")}; ${engineTitles[engine]}, one thread, Adam.`;
}

/* In a link, what differs from the usual. */

export function timingWords({ sweep, upTo, engine }: TimingSettings): Record<string, string> {
  return {
    ...(sweep !== usualTiming.sweep && { time: sweep }),
    ...(upTo !== usualUpTo(sweep) && { "time-to": String(upTo) }),
    ...(engine !== usualTiming.engine && { "time-by": "loops" }),
  };
}

/** What a link says; what can't be understood in it is as usual. */
export function timingFrom(word: (name: string) => string | undefined): TimingSettings {
  const named = word("time") ?? "";
  const sweep = Object.hasOwn(sweepChoices, named) ? (named as TimedSweep) : usualTiming.sweep;
  const upTo = sweepChoices[sweep].upTo.find((choice) => String(choice) === word("time-to"));
  const engine = word("time-by") === "loops" ? "reference" : "wasm";
  return { ...usualTiming, sweep, upTo: upTo ?? usualUpTo(sweep), engine };
}
