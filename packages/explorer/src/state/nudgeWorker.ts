import { type Cell, defineModel, type ModelSpec, type NamedTensors } from "unravel-cnn";
import { lossesAlong } from "./nudge.js";

/*
 * Runs the network again with one parameter moved, beside the page's own thread.
 */

export interface NudgeQuestion {
  readonly spec: ModelSpec;
  /** The parameters and `x`. */
  readonly tensors: NamedTensors;
  readonly labels: ArrayLike<number>;
  readonly cell: Cell;
  readonly steps: readonly number[];
}

self.onmessage = ({ data: { spec, tensors, labels, cell, steps } }: MessageEvent<NudgeQuestion>) => {
  self.postMessage(lossesAlong({ model: defineModel(spec), tensors, labels }, cell, steps));
};
