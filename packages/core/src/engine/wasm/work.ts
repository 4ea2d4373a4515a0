/* What threads are given to do, and where they say how far they are. */

/** One epoch of training. All arrays are shared between the threads. */
export interface EpochJob {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly order: Uint32Array;
  readonly learningRates: Float64Array;
  /** How many steps were done before this epoch. */
  readonly firstStep: number;
  /** Which epoch it is, counted from 1. */
  readonly epoch: number;
  /** For each block of a batch: the sum of its losses, and how many were right. */
  readonly lossOfBlock: Float64Array;
  readonly correctOfBlock: Float64Array;
  /** For each chunk of the parameters: the sum of the squares of its gradients. */
  readonly squaresOfChunk: Float64Array;
  /** The totals so far; then whether a loss that is no finite number ended the epoch, and which. */
  readonly progress: Float64Array;
}

export const PROGRESS = {
  steps: 0,
  images: 1,
  loss: 2,
  correct: 3,
  firstLoss: 4,
  absurdSteps: 5,
  idleSteps: 6,
  /** Whether some weight's gradient isn't zero, in a step in which that is looked at. */
  alive: 7,
  diverged: 8,
  badLoss: 9,
  size: 10,
} as const;

export interface InferenceJob {
  readonly images: Uint8Array;
  /** Whether what is computed once for the parameters was computed for these, by the job before. */
  readonly isPrepared: boolean;
  /** `[count, classes]`, to be filled. */
  readonly logits: Float32Array;
  /** One word: how many images are done, by all threads. */
  readonly done: Int32Array;
}
