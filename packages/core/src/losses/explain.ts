import type { Cell } from "../cell.js";
import {
  type Account,
  type Around,
  count,
  type Factor,
  factorAt,
  product,
} from "../layers/explain/explanation.js";
import { exp } from "../math.js";
import { largestOf } from "./softmax.js";
import { crossEntropies } from "./softmaxCrossEntropy.js";

/*
 * The end of every network: probabilities from the logits, the loss, and where the way back begins. The tensors around it
 * are `logits` [N, K], `probs` [N, K], `y` [N], `loss` [] and `grad.logits` [N, K]. n is an image, k a class.
 */
export const explainSoftmaxCrossEntropy = { probability, loss, inputGradient, uses };

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
    says: `Minus the logarithm of the probability of the right class${losses.length === 1 ? "" : `, averaged over ${count(losses.length, "image")}`}.`,
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
