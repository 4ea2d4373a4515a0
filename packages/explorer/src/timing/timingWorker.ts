import { measureScaling, type ScalingPoint } from "unravel-cnn";
import { fixedSettings, ROUNDS, type TimingSettings, valuesOf } from "./settings.js";

/*
 * Measures beside the page's own thread. One worker measures once; to stop it is to end it.
 */

export type TimingReport =
  | { readonly kind: "progress"; readonly share: number; readonly value: number }
  | { readonly kind: "round"; readonly points: readonly ScalingPoint[]; readonly round: number }
  | { readonly kind: "done" }
  | { readonly kind: "problem"; readonly problem: string };

/** A page shares its memory with others. */
const MOST_BYTES = 48e6;

const tell = (report: TimingReport) => self.postMessage(report);

self.onmessage = async ({ data }: MessageEvent<TimingSettings>) => {
  try {
    await measureScaling({
      sweep: data.sweep,
      values: valuesOf(data),
      settings: fixedSettings,
      engine: data.engine,
      optimizer: { type: "adam" },
      seconds: data.seconds,
      repetitions: ROUNDS,
      mostBytes: MOST_BYTES,
      onProgress: (share, value) => tell({ kind: "progress", share, value }),
      onRound: (points, round) => tell({ kind: "round", points, round }),
    });
    tell({ kind: "done" });
  } catch (error) {
    tell({ kind: "problem", problem: (error as Error).message });
  }
};
