import type { NamedTensors, TrainingState } from "unravel-cnn";
import type { Point } from "./curve.js";
import type { Settings } from "./settings.js";

/** The lines of a training. Those of the test images have one point, at the end. */
export const curveNames = [
  "loss",
  "accuracy",
  "validationLoss",
  "validationAccuracy",
  "testLoss",
  "testAccuracy",
] as const;
export type CurveName = (typeof curveNames)[number];

/** Points of each line: after so many steps, so much. */
export type CurvePoints = Readonly<Record<CurveName, readonly Point[]>>;

/** All that it takes to go on with a training in another page: plain data. */
export interface SavedTraining {
  readonly settings: Settings;
  readonly training: TrainingState;
  /** The weights that it began with. */
  readonly first: NamedTensors;
  readonly curves: CurvePoints;
}
