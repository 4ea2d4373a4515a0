import { Curve } from "./curve.js";
import { type CurveName, type CurvePoints, curveNames } from "./saved.js";

/** The lines of a training. */
export type Curves = Readonly<Record<CurveName, Curve>>;

const forEach = <T>(make: (name: CurveName) => T) =>
  Object.fromEntries(curveNames.map((name) => [name, make(name)])) as Record<CurveName, T>;

/** @param points of a training that was kept */
export const curvesOf = (points?: CurvePoints): Curves => forEach((name) => new Curve(points?.[name]));

/** As they are now: curves are changed in place. */
export const pointsOf = (curves: Curves): CurvePoints => forEach((name) => [...curves[name].points]);
