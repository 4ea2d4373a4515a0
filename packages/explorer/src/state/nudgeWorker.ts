import { type Cell, type Circumstances, defineModel, type ModelSpec, type NamedTensors } from "unravel-cnn";
import { lossesAlong } from "./nudge.js";

/*
 * Runs the network again with one parameter moved, beside the page's own thread.
 */

export interface NudgeQuestion {
  readonly spec: ModelSpec;
  /** What the network holds, and `x`. */
  readonly tensors: NamedTensors;
  readonly labels: ArrayLike<number>;
  readonly circumstances?: Circumstances | undefined;
  readonly cell: Cell;
  readonly steps: readonly number[];
}

self.onmessage = ({ data: { spec, cell, steps, ...step } }: MessageEvent<NudgeQuestion>) => {
  self.postMessage(lossesAlong({ model: defineModel(spec), ...step }, cell, steps));
};
