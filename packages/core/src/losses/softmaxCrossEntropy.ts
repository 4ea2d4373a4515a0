import type { Cell } from "../cell.js";
import { type Account, type Around, type Factor, factorAt, product } from "../layers/explain/explanation.js";
import { exp, log } from "../math.js";
import { counted } from "../presentation/numbers.js";
import { dtypeOf, type Tensor, zeros } from "../tensor.js";
import { type Loss, meanLoss } from "./loss.js";
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
export const softmaxCrossEntropy = (logits: Tensor, labels: ArrayLike<number>): number =>
  meanLoss(softmaxCrossEntropyLoss, logits, labels);

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

export const softmaxCrossEntropyLoss: Loss = {
  type: "softmaxCrossEntropy",
  probabilities: softmax,
  values: crossEntropies,
  inputGradient: softmaxCrossEntropyGradient,
  explain: { probability, loss, inputGradient, uses },
};

/* Where these numbers come from: n is an image, k a class. */

function probability(around: Around, [n, k]: readonly number[]): Account {
  const logits = around("logits");
  const [, K] = logits.shape;
  const row = logits.data.subarray(n * K, (n + 1) * K);
  const largest = largestOf(row);
  const exponentials = Array.from(row, (logit) => exp(logit - largest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  const own: Factor = { value: exponentials[k], label: "e^(logit - largest logit)" };
  const share: Factor = { value: 1 / total, label: "1 / the sum of these of all classes" };
  return {
    rule: "softmax",
    terms: [product([own, share])],
    others: exponentials.map((_, m) => factorAt(logits, [n, m], m === k ? "its own logit" : "another logit")),
    says: `Each class gets e to the power of its logit (less the largest, which changes nothing); the share of class ${k} in the sum of all ${K} is its probability.`,
  };
}

function loss(around: Around): Account {
  const [logits, probs, y] = [around("logits"), around("probs"), around("y")];
  const losses = crossEntropies(logits, y.data);
  const oneOfN: Factor = { value: 1 / losses.length, label: "1/N" };
  return {
    rule: "loss",
    terms: Array.from(losses, (value, n) =>
      product([{ value, label: `-ln of image ${n}'s probability of the right class` }, oneOfN]),
    ),
    others: Array.from(losses, (_, n) => [
      factorAt(y, [n], "the right class"),
      factorAt(probs, [n, y.data[n]], "its probability"),
    ]).flat(),
    says: `Minus the logarithm of the probability of the right class${losses.length === 1 ? "" : `, averaged over ${counted(losses.length, "image")}`}.`,
  };
}

function inputGradient(around: Around, [n, k]: readonly number[]): Account {
  const [probs, y] = [around("probs"), around("y")];
  const N = y.data.length;
  const isRight = y.data[n] === k;
  const target: Factor = {
    value: isRight ? 1 : 0,
    label: `y: ${isRight ? "1, the right class" : "0, a wrong class"}`,
  };
  return {
    rule: "difference",
    terms: [
      product([factorAt(probs, [n, k], "p"), { value: 1 / N, label: "1/N" }]),
      product([target, { value: -1 / N, label: "-1/N" }], "target"),
    ],
    others: [factorAt(y, [n], "the right class")],
    says: `${isRight ? "The right class should have had probability 1" : "A wrong class should have had probability 0"}: the gradient is what it had too much, p - y${N === 1 ? "" : `, divided by the ${N} images of the batch`}.`,
  };
}

/** The cells of `probs`, `loss` and `grad.logits` in whose accounts a cell of `logits`, `probs` or `y` stands. */
function uses(around: Around, { tensor, index: [n, k] }: Cell): Cell[] {
  const [, K] = around("logits").shape;
  const ofClasses = (tensor: string): Cell[] =>
    Array.from({ length: K }, (_, m) => ({ tensor, index: [n, m] }));
  const loss: Cell = { tensor: "loss", index: [] };
  if (tensor === "logits") return ofClasses("probs");
  if (tensor === "y") return [loss, ...ofClasses("grad.logits")];
  const isRight = around("y").data[n] === k;
  return [...(isRight ? [loss] : []), { tensor: "grad.logits", index: [n, k] }];
}
