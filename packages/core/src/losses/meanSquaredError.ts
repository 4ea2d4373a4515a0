import { type Account, type Around, type Factor, factorAt, product } from "../layers/explain/explanation.js";
import { counted } from "../presentation/numbers.js";
import { copyOf, dtypeOf, type Tensor, zeros } from "../tensor.js";
import { shareOf, tooMuch, usesOfEach, weightOf } from "./eachClass.js";
import { type ClassWeights, type Loss, totalWeight } from "./loss.js";

/*
 * The mean squared error asks for scores that are 1 for the right class and 0 for all others, and takes the square of what each is
 * off, averaged over the batch and the classes; as `torch.nn.MSELoss` on one-hot targets.
 *
 *   loss     = 1 / (N K) * sum over n, k of (z[n, k] - y[n, k])^2          with y = 1 for the right class, else 0
 *   dz[n, k] = 2 / (N K) * (z[n, k] - y[n, k])
 *
 * The best possible score is the probability of the class, so scores are taken for probabilities as they are; but nothing
 * keeps them between 0 and 1. With class weights w an image's squares count w[label[n]] times, and N becomes the sum of these.
 */

/** The loss of each image, `[N]` in float64, from scores `[N, K]` and N class indices. */
function squaredErrors(scores: Tensor, labels: ArrayLike<number>, weights?: ClassWeights): Float64Array {
  const [N, K] = scores.shape;
  const losses = new Float64Array(N);
  for (let n = 0; n < N; n++) {
    let sum = 0;
    for (let k = 0; k < K; k++) sum += (scores.data[n * K + k] - (k === labels[n] ? 1 : 0)) ** 2;
    losses[n] = ((weights?.[labels[n]] ?? 1) * sum) / K;
  }
  return losses;
}

/** The gradient of the mean loss with respect to the scores, `[N, K]`. */
function squaredErrorGradient(scores: Tensor, labels: ArrayLike<number>, weights?: ClassWeights): Tensor {
  const [N, K] = scores.shape;
  const gradient = zeros([N, K], dtypeOf(scores));
  const total = totalWeight(labels, weights);
  for (let n = 0; n < N; n++) {
    const factor = (2 * (weights?.[labels[n]] ?? 1)) / (K * total);
    for (let k = 0; k < K; k++) {
      gradient.data[n * K + k] = factor * (scores.data[n * K + k] - (k === labels[n] ? 1 : 0));
    }
  }
  return gradient;
}

function lossWith(classWeights: ClassWeights | undefined): Loss {
  return {
    type: "meanSquaredError",
    labelSmoothing: 0,
    takesSeveral: false,
    classWeights,
    weighted: lossWith,
    words: {
      kind: "mean squared error",
      probabilities: "scores",
      forward:
        "The scores are taken as they are: 1 would be certainty, 0 that a class is ruled out, but nothing keeps them between. The loss is the mean over the classes of the squares of what they are off.",
      backward:
        "Backward begins here. Each score gets back twice what it had too much, its score less y, divided by the number of classes; y is 1 for the right answer and 0 for the others.",
    },
    // 1 / K for each class
    guessing: (classes) => (classes - 1) / classes ** 2,
    probabilities: (scores) => copyOf(scores, dtypeOf(scores)),
    values: (scores, labels) => squaredErrors(scores, labels, classWeights),
    inputGradient: (scores, labels) => squaredErrorGradient(scores, labels, classWeights),
    explain: {
      probability,
      loss: (around) => loss(around, classWeights),
      inputGradient: (around, index) => ({
        ...tooMuch(around, index, 2, "its score", classWeights),
        says: gradientSays(around("y").data[index[0]] === index[1]),
      }),
      uses: usesOfEach,
    },
  };
}

export const meanSquaredErrorLoss: Loss = lossWith(undefined);

/* Where these numbers come from: n is an image, k a class. */

function probability(around: Around, index: readonly number[]): Account {
  return {
    rule: "copy",
    terms: [product([factorAt(around("logits"), index, "its score")])],
    others: [],
    says: "With the mean squared error the scores themselves are taken for probabilities; nothing keeps them between 0 and 1.",
  };
}

function loss(around: Around, weights: ClassWeights | undefined): Account {
  const [probs, y] = [around("probs"), around("y")];
  const [N, K] = probs.shape;
  const share = shareOf(y, K, 1, weights);
  const cells = Array.from({ length: N * K }, (_, i) => [Math.floor(i / K), i % K] as const);
  return {
    rule: "loss",
    terms: cells.map(([n, k]) => {
      const off = probs.data[n * K + k] - (y.data[n] === k ? 1 : 0);
      const factor: Factor = { value: off, label: `image ${n}'s score of class ${k}, less y` };
      return product([factor, factor, ...weightOf(weights, y.data[n]), share]);
    }),
    others: [
      ...Array.from({ length: N }, (_, n) => factorAt(y, [n], "the right class")),
      ...cells.map((cell) => factorAt(probs, cell, "a score")),
    ],
    says: `The square of what each score is off, averaged over ${N === 1 ? "" : `${counted(N, "image")} and `}${K} classes${weights && N > 1 ? ", each image weighted as its class is" : ""}.`,
  };
}

const gradientSays = (isRight: boolean) =>
  `${isRight ? "The right class should have had the score 1" : "A wrong class should have had the score 0"}: a square grows twice as fast as what it is the square of, so the gradient is twice what the score was off, divided as the loss is.`;
