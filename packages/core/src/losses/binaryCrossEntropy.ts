import { indexAt } from "../cell.js";
import { type Account, type Around, factorAt, product } from "../layers/explain/explanation.js";
import { exp, log1p, logistic } from "../math.js";
import { counted } from "../presentation/numbers.js";
import { dtypeOf, type Tensor, zeros } from "../tensor.js";
import { isAsked, labelOf, shareOf, tooMuch, usesOfEach, weightOf } from "./eachClass.js";
import { askedBy, weightBy } from "./labels.js";
import { type ClassWeights, type Loss, totalWeight } from "./loss.js";
import { sigmoids } from "./sigmoids.js";

/*
 * The binary cross-entropy asks of each class by itself whether it is the one: the sigmoid p of its score is the probability of yes,
 * and the loss is minus the logarithm of the probability of the right answer, p for the right class and 1 - p for the others,
 * averaged over the batch and the classes; as `torch.nn.BCEWithLogitsLoss`. So an image may also have
 * several labels at once, or none: then y is 1 for each of its classes.
 *
 *   loss     = 1 / (N K) * sum over n, k of -(y ln p + (1 - y) ln(1 - p))      with y = 1 for the right class, else 0
 *            = 1 / (N K) * sum over n, k of max(z, 0) - z y + ln(1 + e^-|z|)
 *   dz[n, k] = 1 / (N K) * (p[n, k] - y[n, k])                                 with p = 1 / (1 + e^-z)
 *
 * The second line works where p is too near 0 or 1 to be told from it. The probabilities of all classes together need not be 1.
 * With class weights w an image's part counts w[label[n]] times, and N becomes the sum of these.
 */

/** Minus the logarithm of the probability of the right answer, for a score: that of p if `yes`, else of 1 - p. */
function answerLoss(score: number, yes: boolean): number {
  return Math.max(score, 0) - (yes ? score : 0) + log1p(exp(-Math.abs(score)));
}

/** The loss of each image, `[N]` in float64, from scores `[N, K]` and labels. */
function entropies(scores: Tensor, labels: ArrayLike<number>, weights?: ClassWeights): Float64Array {
  const [N, K] = scores.shape;
  const asked = askedBy(labels, scores.shape, weights);
  const losses = new Float64Array(N);
  for (let n = 0; n < N; n++) {
    let sum = 0;
    for (let k = 0; k < K; k++) sum += answerLoss(scores.data[n * K + k], asked(n, k) === 1);
    losses[n] = (weightBy(labels, weights, n) * sum) / K;
  }
  return losses;
}

/** The gradient of the mean loss with respect to the scores, `[N, K]`. */
function entropyGradient(scores: Tensor, labels: ArrayLike<number>, weights?: ClassWeights): Tensor {
  const [N, K] = scores.shape;
  const gradient = zeros([N, K], dtypeOf(scores));
  const asked = askedBy(labels, scores.shape, weights);
  const total = weights === undefined ? N : totalWeight(labels, weights);
  for (let n = 0; n < N; n++) {
    const factor = weightBy(labels, weights, n) / (K * total);
    for (let k = 0; k < K; k++) {
      gradient.data[n * K + k] = factor * (logistic(scores.data[n * K + k]) - asked(n, k));
    }
  }
  return gradient;
}

function lossWith(classWeights: ClassWeights | undefined): Loss {
  return {
    type: "binaryCrossEntropy",
    labelSmoothing: 0,
    takesSeveral: true,
    classWeights,
    weighted: lossWith,
    words: {
      kind: "sigmoid and loss",
      probabilities: "probabilities",
      forward:
        "The sigmoid turns each score into the probability of its class, by itself: together they need not be 1. The loss is the mean over the classes of minus the logarithm of the probability of the right answer, which is yes for the right class and no for the others.",
      backward:
        "Backward begins here. Sigmoid and loss together send back to each score what its class had too much: its probability p, less y, divided by the number of classes; y is 1 for the right answer and 0 for the others.",
    },
    // a half for each class, whatever the classes are
    guessing: () => Math.LN2,
    probabilities: sigmoids,
    values: (scores, labels) => entropies(scores, labels, classWeights),
    inputGradient: (scores, labels) => entropyGradient(scores, labels, classWeights),
    explain: {
      probability,
      loss: (around) => loss(around, classWeights),
      inputGradient: (around, index) => ({
        ...tooMuch(around, index, 1, "p", classWeights),
        says: `${isAsked(around, index) ? "The right class should have had probability 1" : "A wrong class should have had probability 0"}: the gradient is what it had too much, p - y, divided as the loss is.`,
      }),
      uses: usesOfEach,
    },
  };
}

export const binaryCrossEntropyLoss: Loss = lossWith(undefined);

/* Where these numbers come from: n is an image, k a class. */

function probability(around: Around, index: readonly number[]): Account {
  const score = factorAt(around("logits"), index, "its score");
  return {
    rule: "function",
    terms: [product([{ value: logistic(score.value), label: "1 / (1 + e^-score)" }])],
    others: [score],
    says: "The sigmoid of the score: how probable it is that the class is right, whatever the others are.",
  };
}

function loss(around: Around, weights: ClassWeights | undefined): Account {
  const [logits, probs, y] = [around("logits"), around("probs"), around("y")];
  const [N, K] = probs.shape;
  const share = shareOf(y, K, 1, weights);
  const cells = Array.from({ length: N * K }, (_, i) => [Math.floor(i / K), i % K] as const);
  return {
    rule: "loss",
    terms: cells.map(([n, k]) => {
      const isRight = isAsked(around, [n, k]);
      const value = answerLoss(logits.data[n * K + k], isRight);
      const label = `-ln of image ${n}'s probability ${isRight ? "" : "of not being "}of class ${k}`;
      return product([{ value, label }, ...weightOf(weights, y.data[n]), share]);
    }),
    others: [
      ...Array.from(y.data, (_, i) => factorAt(y, indexAt(y.shape, i), labelOf(y))),
      ...cells.map((cell) => factorAt(probs, cell, "a probability")),
    ],
    says: `Minus the logarithm of the probability of the right answer for each class, averaged over ${N === 1 ? "" : `${counted(N, "image")} and `}${K} classes${weights && N > 1 ? ", each image weighted as its class is" : ""}.`,
  };
}
