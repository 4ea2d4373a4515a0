import type { NamedTensors, TrainingState } from "unravel-cnn";
import type { Settings } from "./settings.js";

export type CurveName = "loss" | "accuracy" | "validationLoss" | "validationAccuracy";

/** All that it takes to go on with a training in another page: plain data. */
export interface SavedTraining {
  readonly settings: Settings;
  readonly training: TrainingState;
  /** The weights that it began with. */
  readonly first: NamedTensors;
  readonly curves: Readonly<Record<CurveName, readonly (readonly [x: number, y: number])[]>>;
}
