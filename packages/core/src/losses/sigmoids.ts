import { logistic } from "../math.js";
import { dtypeOf, type Tensor, zeros } from "../tensor.js";

/** The sigmoids of scores `[N, K]`: the probability of each class by itself. */
export function sigmoids(scores: Tensor): Tensor {
  const p = zeros(scores.shape, dtypeOf(scores));
  for (let k = 0; k < p.data.length; k++) p.data[k] = logistic(scores.data[k]);
  return p;
}
