import { type Engine, type History, measurePeak, trainingGflops } from "unravel-cnn";

/** How fast a training was. */
export interface Speed {
  readonly imagesPerSecond: number;
  /** Thousand million operations a second, two for each multiply-add of a training step. */
  readonly gflops: number;
  /** What the same threads do at their best on the same path; null where that isn't what computed. */
  readonly peakGflops: number | null;
}

/** The speed that a training sustained over all epochs, and the peak, measured now. */
export async function measureSpeed(engine: Engine, { epochs }: History): Promise<Speed> {
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const images = epochs.reduce((sum, epoch) => sum + epoch.seconds * epoch.imagesPerSecond, 0);
  const imagesPerSecond = images / seconds;
  return {
    imagesPerSecond,
    gflops: trainingGflops(engine.model, imagesPerSecond),
    peakGflops: engine.name === "wasm" ? await measurePeak({ engine, milliseconds: PEAK_MS }) : null,
  };
}

/** Short: nobody should have to wait for a figure. */
const PEAK_MS = 60;
