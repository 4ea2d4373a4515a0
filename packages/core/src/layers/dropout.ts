import { InputError } from "../errors.js";
import { checkKeys, finiteNumber } from "../options.js";
import { dtypeOf, type Shape, sizeOf, type Tensor, zeros } from "../tensor.js";
import { isKept, maskKey, stretchOf } from "./dropoutMask.js";
import { explainDropout } from "./explain/dropout.js";
import { type Context, FIRST_STEP, type Layer, type LayerSpec, type ResolvedLayer } from "./layer.js";
import { inShort } from "./options.js";

/*
 * Dropout sets a share of all numbers to 0 in training, others at each step, and stretches the rest so that their mean stays
 * what it was:
 *
 *   y = x / (1 - rate)  where the number is kept        y = 0  elsewhere
 *
 * so that no unit can rely on another one alone. Backward the gradient goes the same ways. In evaluation every number passes as
 * it is (N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014).
 */

export interface DropoutSpec extends LayerSpec {
  readonly type: "dropout";
  /** The share of numbers that is dropped: from 0 to below 1. Default 0.5. */
  readonly rate?: number;
}

export interface Dropout extends ResolvedLayer {
  readonly rate: number;
}

/** For each number of a batch, what it is multiplied with. */
export function factorsOf(layer: Dropout, images: number, context: Context): Float64Array {
  const size = sizeOf(layer.inputShape);
  const factors = new Float64Array(images * size);
  if (context.mode === "evaluation") return factors.fill(1);
  const stretch = stretchOf(layer.rate);
  for (let n = 0; n < images; n++) {
    const key = maskKey(context, n);
    for (let cell = 0; cell < size; cell++) {
      if (isKept(layer.rate, key, cell)) factors[n * size + cell] = stretch;
    }
  }
  return factors;
}

function masked(layer: Dropout, { shape, data }: Tensor, context: Context): Tensor {
  const factors = factorsOf(layer, shape[0], context);
  const result = zeros(shape, dtypeOf({ shape, data }));
  // what is dropped is 0, also where it was no number
  for (let k = 0; k < data.length; k++) result.data[k] = factors[k] === 0 ? 0 : data[k] * factors[k];
  return result;
}

export const dropout: Layer<DropoutSpec, Dropout> = {
  type: "dropout",
  prefix: "dropout",
  looksAtContext: true,
  passesInEvaluation: true,

  resolve(spec: DropoutSpec, inputShape: Shape): Dropout {
    checkKeys(spec, ["type", "rate"]);
    const rate = finiteNumber("rate", spec.rate ?? 0.5);
    if (rate < 0 || rate >= 1) {
      throw new InputError(
        `rate must be from 0 to below 1, not ${rate}: it is the share of numbers that is dropped`,
      );
    }
    return { inputShape, outputShape: inputShape, rate };
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward: (layer, [x], _parameters, context = FIRST_STEP) => masked(layer, x, context),

  inputGradients: (layer, _inputs, _parameters, outputGradient, context = FIRST_STEP) => [
    masked(layer, outputGradient, context),
  ],

  parameterGradients: () => ({}),

  words: ({ rate }) => ({
    kind: "dropout",
    short: inShort("dropout", [`rate ${rate}`]),
    forward: `In training ${Math.round(100 * rate)}% of the numbers, others at each step, become 0, and the rest is divided by ${1 - rate}; afterwards every number passes as it is.`,
    backward: "The gradient goes where the numbers went: to those that were kept, divided likewise.",
  }),

  explain: explainDropout,
};
