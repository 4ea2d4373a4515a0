import { InputError, inContext, show } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { checkKeys } from "../options.js";
import type { Loss, LossSpec } from "./loss.js";
import { softmaxCrossEntropyLoss } from "./softmaxCrossEntropy.js";

/** Every kind of loss that a model can have, by its `type`. A new loss is entered here. */
export const lossKinds: Readonly<Record<string, Loss>> = { softmaxCrossEntropy: softmaxCrossEntropyLoss };

/**
 * The loss of a spec; left out, softmax and cross-entropy.
 * @throws InputError if there is none of such a type, or an option is unknown
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
    checkKeys(spec, ["type"]);
    return lossKinds[type];
  });
}
