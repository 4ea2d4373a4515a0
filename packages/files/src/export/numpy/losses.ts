import { InputError, type Model } from "unravel-cnn";
import { pythonNumber } from "../source/python.js";
import { define, type FunctionName } from "./functions.js";

/* The losses in NumPy: what the scores say, how wrong that is, and where the gradients begin. */

interface NumpyLoss {
  /** Functions of layers that are called, too. */
  readonly functions?: readonly FunctionName[];
  /** What is called to make probabilities of scores. */
  readonly lines: (model: Model) => readonly string[][];
}

const oneHot = define("one_hot(y)", "For each image 1 at its class, else 0: (N, classes).", [
  "return np.eye(len(CLASSES), dtype=np.float32)[y]",
]);

const losses: Readonly<Record<string, NumpyLoss>> = {
  softmaxCrossEntropy: {
    lines: ({ loss: { labelSmoothing } }) => [
      labelSmoothing === 0
        ? oneHot
        : define(
            "targets(y)",
            `What is asked of each class: of the right one almost 1, as label smoothing spreads ${pythonNumber(labelSmoothing)} evenly over all.`,
            [
              "one_hot = np.eye(len(CLASSES), dtype=np.float32)[y]",
              `return ${pythonNumber(1 - labelSmoothing)} * one_hot + ${pythonNumber(labelSmoothing)} / len(CLASSES)`,
            ],
          ),
      define(
        "probabilities(scores)",
        "Softmax: p = e^score / the sum of e^score over all classes. The largest score is taken off first, which changes nothing, so that no e^... overflows.",
        ["e = np.exp(scores - scores.max(axis=1, keepdims=True))", "return e / e.sum(axis=1, keepdims=True)"],
      ),
      define(
        "loss(scores, y)",
        labelSmoothing === 0
          ? "The mean over the images of -log of the right class's probability."
          : "The mean over the images of -log p, each class's as much as is asked of it.",
        [
          "scores = scores - scores.max(axis=1, keepdims=True)",
          "log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))",
          `return -np.sum(${labelSmoothing === 0 ? "one_hot" : "targets"}(y) * log_p) / len(y)`,
        ],
      ),
      define(
        "loss_backward(scores, y)",
        "Softmax and -log together have a simple slope: what each class had too much, p - what was asked of it; divided by N, as the loss is a mean.",
        [`return (probabilities(scores) - ${labelSmoothing === 0 ? "one_hot" : "targets"}(y)) / len(y)`],
      ),
    ],
  },
  meanSquaredError: {
    lines: () => [
      oneHot,
      define("probabilities(scores)", "With this loss the scores themselves are taken for probabilities.", [
        "return scores",
      ]),
      define("loss(scores, y)", "The mean over images and classes of (score - what was asked)^2.", [
        "return np.mean((scores - one_hot(y)) ** 2)",
      ]),
      define(
        "loss_backward(scores, y)",
        "The slope of a square is twice what was off; and of N * K squares the mean is taken.",
        ["return 2 * (scores - one_hot(y)) / scores.size"],
      ),
    ],
  },
  binaryCrossEntropy: {
    functions: ["sigmoid"],
    lines: () => [
      define(
        "targets(y)",
        "For each image 1 at its class, else 0: (N, classes). An image may have several labels: then y is this already.",
        ["return y.astype(np.float32) if y.ndim == 2 else np.eye(len(CLASSES), dtype=np.float32)[y]"],
      ),
      define("probabilities(scores)", "Each class by itself: is it there, yes or no?", [
        "return sigmoid(scores)",
      ]),
      define(
        "loss(scores, y)",
        "The mean over images and classes of -log of the probability of the right answer, p or 1 - p, written so that it also works where p is 0 or 1 to the last digit.",
        [
          "right = targets(y)",
          "return np.mean(np.maximum(scores, 0) - scores * right + np.log1p(np.exp(-np.abs(scores))))",
        ],
      ),
      define(
        "loss_backward(scores, y)",
        "Sigmoid and -log together have a simple slope: p - y; and of N * K answers the mean is taken.",
        ["return (probabilities(scores) - targets(y)) / scores.size"],
      ),
    ],
  },
};

/** @throws InputError for a loss that isn't known here */
export function numpyLoss({ loss }: Model): NumpyLoss {
  if (Object.hasOwn(losses, loss.type)) return losses[loss.type];
  throw new InputError(`A program for NumPy can't have the loss ${JSON.stringify(loss.type)} yet.`);
}
