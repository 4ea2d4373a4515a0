import type { EngineChoice } from "../../engine.js";

export interface BenchOptions extends Pick<EngineChoice, "threads" | "strict" | "convolution"> {
  engine: "wasm" | "webgpu";
  batchSize?: number;
  seconds?: number;
  quick?: boolean;
  json?: boolean;
}

/** How long is measured. */
export interface Lengths {
  readonly peakMs: number;
  readonly kernelMs: number;
  /** Of training each network. */
  readonly seconds: number;
  readonly repetitions: number;
  /** How often each kernel runs on a GPU. */
  readonly rounds: number;
  /** Processes that are started, for each of two measurements. */
  readonly starts: number;
}

const USUAL: Lengths = { peakMs: 200, kernelMs: 40, seconds: 3, repetitions: 5, rounds: 41, starts: 5 };
const QUICK: Lengths = { peakMs: 30, kernelMs: 3, seconds: 0.3, repetitions: 3, rounds: 3, starts: 1 };

export function lengthsOf({ quick, seconds }: BenchOptions): Lengths {
  const lengths = quick ? QUICK : USUAL;
  return { ...lengths, seconds: seconds ?? lengths.seconds };
}

/** As the networks are compared with other programs: the larger one in larger batches. */
export function batchSizeFor(model: string, { batchSize }: BenchOptions): number {
  return batchSize ?? (model === "convnet" ? 128 : 64);
}
