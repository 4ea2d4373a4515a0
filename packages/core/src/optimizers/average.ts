import { InputError, show } from "../errors.js";
import type { Check } from "../options.js";
import type { FloatArray } from "../tensor.js";

/*
 * The exponential moving average of weights: a network with the average of what its weights were lately is often better than one
 * with the weights themselves, which the last steps have pushed to and fro (B. Polyak, A. Juditsky, 1992). It begins with the
 * initial weights, and after each step
 *
 *   average <- ema * average + (1 - ema) * w       computed as       average + (1 - ema) * (w - average)
 *
 * The second form is exact where w is what the average is. The first one wouldn't be: in float32 0.999 and 0.001 are together not 1,
 * and a weight that never moves would have an average that is off by up to 3e-5 of it in the end.
 *
 * What layers keep without learning it, such as running statistics, is averaged at the same rate (`use_buffers=True` of
 * `torch.optim.swa_utils.AveragedModel`): so all that an average is made of comes from the same steps. Those of the last step
 * would be the statistics of other weights.
 */

/**
 * One step of the average, in place. In float32 each operation is rounded, as kernels round it.
 * @param ema how much it keeps of itself
 * @param numbers what the weights are after the step
 */
export function averageInto(average: FloatArray, numbers: FloatArray, ema: number): void {
  const round = average instanceof Float32Array ? Math.fround : (value: number) => value;
  const share = round(1 - ema);
  for (let k = 0; k < average.length; k++) {
    average[k] += round(share * round(numbers[k] - average[k]));
  }
}

/** For a table: above 0 and below 1, also as float32 holds it. */
export const emaCheck: Check = (name, value) => {
  if (typeof value === "number" && value > 0 && Math.fround(value) < 1) return;
  const nearest =
    typeof value === "number" && value > 0 && value < 1 ? `; the largest in float32 is ${1 - 2 ** -24}` : "";
  throw new InputError(`${name} must be a number above 0 and below 1, not ${show(value)}${nearest}`);
};
