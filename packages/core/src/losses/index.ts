import { InputError, inContext, show } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { checkKeys } from "../options.js";
import { binaryCrossEntropyLoss } from "./binaryCrossEntropy.js";
import type { Loss, LossSpec } from "./loss.js";
import { meanSquaredErrorLoss } from "./meanSquaredError.js";
import { resolveSoftmaxCrossEntropy, softmaxCrossEntropyLoss } from "./softmaxCrossEntropy.js";

interface LossKind {
  /** The options that its spec may have. */
  readonly options: readonly string[];
  /** The loss with these options. @throws InputError that begins with the option, if it is out of range */
  resolve(spec: LossSpec): Loss;
}

/** Every kind of loss that a model can have, by its `type`. A new loss is entered here. */
export const lossKinds: Readonly<Record<string, LossKind>> = {
  softmaxCrossEntropy: { options: ["labelSmoothing"], resolve: resolveSoftmaxCrossEntropy },
  meanSquaredError: { options: [], resolve: () => meanSquaredErrorLoss },
  binaryCrossEntropy: { options: [], resolve: () => binaryCrossEntropyLoss },
};

/**
 * The loss of a spec; left out, softmax and cross-entropy.
 * @throws InputError if there is none of such a type, or an option is unknown or out of range
 */
export function resolveLoss(spec: unknown): Loss {
  if (spec === undefined) return softmaxCrossEntropyLoss;
  return inContext('The model spec, "loss"', () => {
    const known = `known types are ${Object.keys(lossKinds).join(", ")}`;
    if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
      throw new InputError(
        `it must be an object like { "type": "softmaxCrossEntropy" }, not ${show(spec)}; ${known}`,
      );
    }
    const { type } = spec as LossSpec;
    if (typeof type !== "string" || !Object.hasOwn(lossKinds, type)) {
      throw new InputError(
        `${type === undefined ? '"type" is missing' : `unknown type ${show(type)}${didYouMean(type, Object.keys(lossKinds))}`}; ${known}`,
      );
    }
    const { options, resolve } = lossKinds[type];
    checkKeys(spec, ["type", ...options]);
    return resolve(spec as LossSpec);
  });
}
