import { softmaxInputGradient } from "../../losses/softmax.js";
import type { Tensor } from "../../tensor.js";
import { labelsOf } from "../lossSteps.js";
import type { CheckedNetwork } from "../network.js";
import type { Variation } from "../run.js";
import { mapped } from "../value.js";
import { at, type Mistake } from "./mistake.js";
import { scaled } from "./tools.js";

/* The gradient of losses that look at each number alone, squared errors above all. */

/** Variations for losses of this sort. */
const ofSeparate =
  (
    variations: (
      network: CheckedNetwork,
      factor: number,
      link: "softmax" | "sigmoid" | "none",
    ) => Variation[],
  ): Mistake["variations"] =>
  (network) =>
    network.loss.kind === "crossEntropy" ? [] : variations(network, network.loss.factor, network.loss.link);

/** The gradient of the scores from p, y and the scores. */
const scoresBy = (network: CheckedNetwork, f: (p: number, y: number) => number): Variation =>
  at(`grad.${network.scores}`, (run) => {
    const labels = labelsOf(run);
    return mapped(run.tensor("probs"), (p, k) => f(p, labels.data[k]));
  });

export const squaresFactor: Mistake = {
  name: "squares-gradient-scaled",
  why: "The gradient has another factor than the loss: the slope of (p - y)^2 is 2(p - y), and what the loss is divided by, N or N times the classes, divides its gradient, too.",
  fix: "loss = ((p - y) ** 2).mean(); dp = 2 * (p - y) / p.size",
  variations: ofSeparate((network) => {
    const { images, classes } = network;
    const ones = [1, images, 1 / images, classes, 1 / classes, images * classes, 1 / (images * classes)];
    const factors = [...new Set(ones.flatMap((one) => [one, 2 * one, one / 2]))].filter((one) => one !== 1);
    return factors.map((factor) => at(`grad.${network.scores}`, (_, right) => scaled(right(), factor)));
  }),
};

export const softmaxSlopeLeftOut: Mistake = {
  name: "softmax-slope-left-out",
  why: "2(p - y) is the gradient of the probabilities; to come to the scores it must pass through softmax, each of whose outputs depends on all scores. Only with cross-entropy does that come to p - y.",
  fix: "dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))",
  variations: ofSeparate((network, factor, link) =>
    link === "softmax"
      ? [2 * factor, factor, 1 / network.images, 2 / network.images, 1, 2].map((one) =>
          scoresBy(network, (p, y) => one * (p - y)),
        )
      : [],
  ),
};

export const softmaxSlopeCutShort: Mistake = {
  name: "softmax-slope-without-others",
  why: "p(1 - p) is how a probability moves with its own score; but raising one score lowers all other probabilities, and that is missing.",
  fix: "dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))  # not dp * p * (1 - p)",
  variations: ofSeparate((network, factor, link) =>
    link === "softmax" ? [scoresBy(network, (p, y) => 2 * factor * (p - y) * p * (1 - p))] : [],
  ),
};

export const linkSlopeLeftOut: Mistake = {
  name: "output-slope-left-out",
  why: "The gradient of the outputs is taken for that of the scores: the slope of the last sigmoid, p(1 - p), is missing.",
  fix: "dz = 2 * (p - y) / p.size * p * (1 - p)",
  variations: ofSeparate((network, factor, link) =>
    link === "sigmoid"
      ? [2 * factor, factor, 1 / network.images].map((one) => scoresBy(network, (p, y) => one * (p - y)))
      : [],
  ),
};

export const squaresSign: Mistake = {
  name: "squares-gradient-sign",
  why: "The gradient has the wrong sign: that of (y - p)^2 is -2(y - p).",
  fix: "dp = 2 * (p - y) / p.size",
  variations: ofSeparate((network) => [at(`grad.${network.scores}`, (_, right) => scaled(right(), -1))]),
};

export const crossEntropyGradient: Mistake = {
  name: "loss-and-gradient-differ",
  why: "The loss that is computed and the loss whose gradient comes back are not the same.",
  fix: "loss = ((p - y) ** 2).mean(); dp = 2 * (p - y) / p.size",
  variations: ofSeparate((network, factor) => {
    const through = (f: (p: number, y: number) => number): Variation =>
      at(`grad.${network.scores}`, (run) => {
        const labels = labelsOf(run);
        const dp: Tensor = mapped(run.tensor("probs"), (p, k) => f(p, labels.data[k]));
        return softmaxInputGradient(run.tensor(network.scores), dp);
      });
    return [
      scoresBy(network, (p, y) => Math.sign(p - y) * factor),
      scoresBy(network, (p, y) => (p - y) ** 2 * factor),
      scoresBy(network, (p) => 2 * factor * p),
      through((p, y) => factor * (p - y) ** 2),
    ];
  }),
};
