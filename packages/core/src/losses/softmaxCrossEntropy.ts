import { exp, log } from "../math.js";
import { dtypeOf, type Tensor, zeros } from "../tensor.js";
import { largestOf, softmax } from "./softmax.js";

/*
 * The loss says how wrong the network is: minus the logarithm of the probability that it gave to the right class,
 * averaged over the batch. 0 if it was certain and right; ln(10) = 2.303 for a blind guess among ten.
 *
 *   loss = 1/N * sum over n of  -ln p[n, label[n]]          with p = softmax(z)
 *        = 1/N * sum over n of  ln(sum over k of e^z[n, k]) - z[n, label[n]]
 *
 * The second line needs no p, and therefore works where p is too small to be stored. Softmax and logarithm belong
 * together because their gradients do, too: most of it cancels, and what remains is
 *
 *   dz[n, k] = (p[n, k] - y[n, k]) / N                      with y = 1 for the right class, else 0
 */

/** The loss of each image, `[N]` in float64, from logits `[N, K]` and N class indices. */
export function crossEntropies(logits: Tensor, labels: ArrayLike<number>): Float64Array {
  const [N, K] = logits.shape;
  const losses = new Float64Array(N);
  for (let n = 0; n < N; n++) {
    const row = logits.data.subarray(n * K, (n + 1) * K);
    const largest = largestOf(row);
    let total = 0;
    for (let k = 0; k < K; k++) total += exp(row[k] - largest);
    losses[n] = log(total) - (row[labels[n]] - largest);
  }
  return losses;
}

/** The mean loss over the batch. */
export function softmaxCrossEntropy(logits: Tensor, labels: ArrayLike<number>): number {
  return crossEntropies(logits, labels).reduce((sum, loss) => sum + loss, 0) / labels.length;
}

/** The gradient of the mean loss with respect to the logits, `[N, K]`: (p - y) / N. */
export function softmaxCrossEntropyGradient(logits: Tensor, labels: ArrayLike<number>): Tensor {
  const [N, K] = logits.shape;
  const p = softmax(logits);
  const gradient = zeros([N, K], dtypeOf(logits));
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) {
      const y = k === labels[n] ? 1 : 0;
      gradient.data[n * K + k] = (p.data[n * K + k] - y) / N;
    }
  }
  return gradient;
}
