import { Curve } from "./curve.js";
import type { CurveName, SavedTraining } from "./saved.js";

/** The lines of a training. */
export type Curves = Readonly<Record<CurveName, Curve>>;

/** @param points of a training that was kept */
export function curvesOf(points?: SavedTraining["curves"]): Curves {
  return {
    loss: new Curve(points?.loss),
    accuracy: new Curve(points?.accuracy),
    validationLoss: new Curve(points?.validationLoss),
    validationAccuracy: new Curve(points?.validationAccuracy),
  };
}

/** As they are now: curves are changed in place. */
export function pointsOf(curves: Curves): SavedTraining["curves"] {
  const { loss, accuracy, validationLoss, validationAccuracy } = curves;
  return {
    loss: [...loss.points],
    accuracy: [...accuracy.points],
    validationLoss: [...validationLoss.points],
    validationAccuracy: [...validationAccuracy.points],
  };
}
