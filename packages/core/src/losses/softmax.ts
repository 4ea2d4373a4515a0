import { exp } from "../math.js";
import { dtypeOf, type Tensor, zeros } from "../tensor.js";

/*
 * Softmax turns scores (logits) into probabilities: all positive, and 1 together.
 *
 *   p[n, k] = e^z[n, k] / sum over m of e^z[n, m]
 *
 * The largest score of the row is subtracted first. That changes nothing (numerator and denominator shrink by the same
 * factor), but e^1000 would be infinite.
 */

/** Probabilities `[N, K]` from logits `[N, K]`. */
export function softmax(logits: Tensor): Tensor {
  const [N, K] = logits.shape;
  const p = zeros([N, K], dtypeOf(logits));
  for (let n = 0; n < N; n++) {
    const row = logits.data.subarray(n * K, (n + 1) * K);
    const largest = largestOf(row);
    let total = 0;
    for (let k = 0; k < K; k++) total += exp(row[k] - largest);
    for (let k = 0; k < K; k++) p.data[n * K + k] = exp(row[k] - largest) / total;
  }
  return p;
}

/**
 * The gradient with respect to the logits, `[N, K]`, from the gradient with respect to the probabilities.
 * Raising one logit raises its own probability and lowers all others, dp[m]/dz[k] = p[m] * ((m == k) - p[k]), so
 *
 *   dz[k] = p[k] * (dp[k] - sum over m of p[m] * dp[m])
 */
export function softmaxInputGradient(logits: Tensor, outputGradient: Tensor): Tensor {
  const [N, K] = logits.shape;
  const p = softmax(logits);
  const gradient = zeros([N, K], dtypeOf(logits));
  for (let n = 0; n < N; n++) {
    let mean = 0;
    for (let m = 0; m < K; m++) mean += p.data[n * K + m] * outputGradient.data[n * K + m];
    for (let k = 0; k < K; k++) {
      gradient.data[n * K + k] = p.data[n * K + k] * (outputGradient.data[n * K + k] - mean);
    }
  }
  return gradient;
}

/** The largest value; what is not a number stays visible. */
export function largestOf(row: ArrayLike<number>): number {
  let largest = row[0];
  for (let k = 1; k < row.length; k++) if (row[k] > largest || Number.isNaN(row[k])) largest = row[k];
  return largest;
}
