import {
  computedGflops,
  type Engine,
  type History,
  measurePeak,
  type TrainingSpeedOptions,
  trainingGflops,
} from "unravel-cnn";

/** How fast a training was. */
export interface Speed {
  readonly imagesPerSecond: number;
  /** Thousand million operations a second, two for each multiply-add that a training step has by the network's definition. */
  readonly gflops: number;
  /**
   * The operations that were really computed, and the peak of the same threads; null for any engine but wasm, where it changed, and
   * for a training of less than a second, of which the peak would take a large part.
   */
  readonly computed: { readonly gflops: number; readonly peakGflops: number } | null;
}

/** The speed that a training sustained over all epochs, and the peak, measured now. */
export async function measureSpeed(
  engine: Engine,
  { epochs }: History,
  options: Pick<TrainingSpeedOptions, "batchSize" | "optimizer" | "convolution">,
): Promise<Speed> {
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const images = epochs.reduce((sum, epoch) => sum + epoch.seconds * epoch.imagesPerSecond, 0);
  const imagesPerSecond = images / seconds;
  const gflops = trainingGflops(engine.model, imagesPerSecond);
  // also of a training that began on a GPU, whose epochs are no measure of this machine's threads
  const isElsewhere = engine.name !== "wasm" || (engine.changes?.length ?? 0) > 0;
  if (isElsewhere || seconds < LEAST_SECONDS) return { imagesPerSecond, gflops, computed: null };
  const computed = computedGflops(engine.model, imagesPerSecond, options);
  return {
    imagesPerSecond,
    gflops,
    computed: { gflops: computed, peakGflops: await peak(engine, computed) },
  };
}

/**
 * Nothing computes faster than the peak; where it seems so, other programs slowed the machine down while the peak was
 * measured, and it is measured again, a few times.
 */
async function peak(engine: Engine, reached: number): Promise<number> {
  let best = 0;
  for (let tries = 0; tries < MOST_TRIES && best <= reached; tries++) {
    best = Math.max(best, await measurePeak({ engine, milliseconds: PEAK_MS }));
  }
  return best;
}

/** In a shorter training V8 still compiles, and its share of the peak would say nothing. */
const LEAST_SECONDS = 1;
/** Short: nobody should have to wait for a figure. */
const PEAK_MS = 60;
const MOST_TRIES = 4;
