import { InputError, show } from "../errors.js";
import { fitsFloat32 } from "../float32.js";
import type { ClassWeights } from "./loss.js";

/** As one asks for class weights: a number above 0 for each class; or `balanced`, by which rare classes count more. */
export type ClassWeightsSpec = "balanced" | ClassWeights;

/**
 * The weights of classes, for images with these labels. `balanced` gives all classes the same weight together, N / (K * n) to a
 * class that n of the N images have (`class_weight="balanced"` of scikit-learn).
 * @throws InputError that begins with `classWeights`, if they aren't one number above 0 for each class, or a class has no image
 *   that its weight could follow from
 */
export function resolveClassWeights(
  spec: ClassWeightsSpec,
  classes: readonly string[],
  labels: ArrayLike<number>,
): ClassWeights {
  if (spec !== "balanced") return checkClassWeights(spec, classes);
  const counts = new Float64Array(classes.length);
  for (let n = 0; n < labels.length; n++) counts[labels[n]] += 1;
  const missing = counts.indexOf(0);
  if (missing >= 0) {
    throw new InputError(
      `classWeights can't be balanced: none of the ${labels.length} training images is of class ${show(classes[missing])}; give a weight for each class, or more images`,
    );
  }
  return Array.from(counts, (count) => labels.length / (classes.length * count));
}

/** No single class says how much an image with several labels counts. */
export const severalError = () =>
  new InputError("classWeights go with one label for each image, not with several at once; leave them out");

/** @throws InputError that begins with `classWeights`, unless they are one number above 0 for each class, as float32 holds it */
export function checkClassWeights(weights: unknown, classes: readonly string[]): ClassWeights {
  if (!Array.isArray(weights)) {
    throw new InputError(
      `classWeights must be "balanced" or a list of numbers above 0, not ${show(weights)}`,
    );
  }
  if (weights.length !== classes.length) {
    throw new InputError(
      `classWeights must have one number for each of the ${classes.length} classes, not ${weights.length}`,
    );
  }
  for (const [k, weight] of weights.entries()) {
    if (typeof weight === "number" && weight > 0 && fitsFloat32(weight)) continue;
    throw new InputError(
      `classWeights must be numbers above 0 that float32 holds, but that of class ${show(classes[k])} is ${show(weight)}`,
    );
  }
  return weights;
}
