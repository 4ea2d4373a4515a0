import {
  type Dataset,
  type Init,
  initialParameters,
  knownMistakes,
  type Model,
  type NamedTensors,
  permutation,
  randomStream,
} from "unravel-cnn";
import * as layers from "./layers.js";
import { answerTo } from "./riddles.js";

/* The mistakes that the lab can make: what each is called, what goes wrong, and what makes it. */

export interface LabMistake {
  /** `pool-gradient-to-all`: where `unravel check` knows it, by the same name. */
  readonly name: string;
  /** In a few words, for the list. */
  readonly title: string;
  readonly group: "forward" | "backward" | "around";
  /** The wrong line of NumPy and the right one. */
  readonly wrong: string;
  readonly fix: string;
  /** Why it is wrong: what `unravel check` says of it. */
  readonly why: string;
  /** What follows from it for training. */
  readonly effect: string;
  readonly change: LabChange;
}

/** What is done otherwise. */
export interface LabChange {
  readonly model?: (model: Model) => Model;
  /** The weights to begin with. */
  readonly start?: (model: Model, seed: number) => NamedTensors;
  readonly data?: (train: Dataset, seed: number) => Dataset;
  /** Times the right learning rate. */
  readonly rate?: number;
}

export const groups: Readonly<Record<LabMistake["group"], string>> = {
  forward: "On the way forward",
  backward: "On the way back",
  around: "Around the network",
};

/** A mistake that `unravel check` knows: its words stand there. */
function known(
  name: string,
  rest: Pick<LabMistake, "title" | "group" | "wrong" | "effect" | "change"> & { readonly fix?: string },
): LabMistake {
  const found = knownMistakes.find((one) => one.name === name);
  if (!found) throw new Error(`There is no mistake ${name}.`);
  return { name, why: found.why, fix: found.fix.split("  #")[0], ...rest };
}

/** Weights that all are the same number. */
const allZero = (model: Model, seed: number): NamedTensors =>
  Object.fromEntries(
    Object.entries(initialParameters(model, seed)).map(([name, { shape, data }]) => [
      name,
      { shape, data: new Float32Array(data.length) },
    ]),
  );

const startsAs = (init: Init) => (model: Model, seed: number) => initialParameters(model, seed, init);

/** The labels of other images. */
function shuffled(train: Dataset, seed: number): Dataset {
  const order = permutation(train.labels.length, randomStream(seed, "shuffled labels"));
  return { ...train, labels: train.labels.map((_, n) => train.labels[order[n]]) };
}

/** Pixels from 0 to 255. */
const unscaled = (model: Model): Model => ({ ...model, normalize: { mean: [0], std: [1 / 255] } });

/** How many times too high the learning rate is. */
const TOO_HIGH = 30;

export const mistakes: readonly LabMistake[] = [
  known("relu-left-out", {
    title: "No ReLU",
    group: "forward",
    wrong: "y = x",
    effect:
      "Only pooling is left that isn't a weighted sum. Without it, too, all layers together could do no more than a single one.",
    change: { model: layers.reluLeftOut },
  }),
  known("kernel-flipped-forward", {
    title: "Kernel flipped, forward only",
    group: "forward",
    wrong: "y[o] = scipy.signal.convolve2d(x[c], w[o, c], 'valid')",
    fix: "y[o] = scipy.signal.correlate2d(x[c], w[o, c], 'valid')",
    effect:
      "A flipped kernel would be as good as another, if the way back knew of it. But here each weight is moved by the gradient of the one opposite to it.",
    change: { model: layers.kernelFlippedForward },
  }),
  known("batch-mean-left-out", {
    title: "Gradients not divided by N",
    group: "backward",
    wrong: "dz = p - onehot",
    effect:
      "All gradients are N times as long: with plain gradient descent the same as an N times higher learning rate. Adam divides by the gradients' size, so N drops out.",
    change: { model: layers.batchMeanLeftOut },
  }),
  known("batch-overwritten", {
    title: "Each image replaces the last",
    group: "backward",
    wrong: "dw = np.outer(dy[n], x[n]); db = dy[n]",
    effect:
      "Only the last image of a batch counts, with an N-th of its gradient: most of the work is thrown away.",
    change: { model: layers.batchOverwritten },
  }),
  known("positions-overwritten", {
    title: "Each position replaces the last",
    group: "backward",
    wrong: "dw[o] = x[n, :, i:i+kh, j:j+kw] * dy[n, o, i, j]",
    effect:
      "The kernels learn from one corner of one image, where there is mostly paper, so their gradients are next to nothing. Plain gradient descent then hardly moves the kernels; Adam makes long steps even of such gradients. The dense layer behind them gets its right gradients, and can learn from filters that are as random as they began.",
    change: { model: layers.positionsOverwritten },
  }),
  known("kernel-not-flipped-backward", {
    title: "Kernel not flipped on the way back",
    group: "backward",
    wrong: "dx = correlate(pad(dy), w)",
    fix: "dx = correlate(pad(dy), w[..., ::-1, ::-1])",
    effect:
      "Only layers before this one feel it. In a network with a single convolution nothing would, because nobody learns from the gradient of the picture. Here the first convolution gets gradients that went through turned kernels.",
    change: { model: layers.kernelNotFlippedBackward },
  }),
  known("kernel-gradient-flipped", {
    title: "Kernel's gradient flipped",
    group: "backward",
    wrong: "dw[o, c] = convolve2d(x[c], dy[o], 'valid')",
    fix: "dw[o, c] = correlate2d(x[c], dy[o], 'valid')",
    effect:
      "Each weight of a kernel is moved by the gradient of the one opposite to it; the one in the middle is right.",
    change: { model: layers.kernelGradientFlipped },
  }),
  known("relu-mask-left-out", {
    title: "ReLU's mask left out",
    group: "backward",
    wrong: "dx = dy",
    effect:
      "Filters are also moved for places where they gave nothing. There the output doesn't change with them, so neither does the gradient, and nothing stops them.",
    change: { model: layers.reluMaskLeftOut },
  }),
  known("pool-gradient-to-all", {
    title: "Gradient to all pooled cells",
    group: "backward",
    wrong: "dx[n, c, 2*i:2*i+2, 2*j:2*j+2] += dy[n, c, i, j]",
    effect:
      "The filters get the gradient of four places where one made the output. Neighbours look alike, so much of it points the right way, but it is too long.",
    change: { model: layers.poolGradientToAll },
  }),
  known("gradient-added", {
    title: "Gradient added",
    group: "backward",
    wrong: "w += lr * dw",
    effect: "Every step goes uphill. With plain gradient descent steps grow longer where it is steeper.",
    change: { model: layers.gradientAdded },
  }),
  {
    name: "weights-start-at-zero",
    title: "All weights 0 at first",
    group: "around",
    wrong: "w = np.zeros(shape)",
    fix: "w = rng.normal(size=shape) * np.sqrt(2 / fan_in)",
    why: "All filters are the same and give 0, so that nothing tells one from another.",
    effect:
      "A weight's gradient is its input times what comes back through the weights behind it, and both are 0. Only the last biases can move, and they see no picture.",
    change: { start: allZero },
  },
  {
    name: "weights-start-huge",
    title: "Huge weights at first",
    group: "around",
    wrong: "w = rng.normal(size=shape)",
    fix: "w = rng.normal(size=shape) * np.sqrt(2 / fan_in)",
    why: "A sum of many terms grows with their number; the weights have to be smaller where there are more of them.",
    effect:
      "The scores begin far apart, so the network is certain and wrong: the loss begins high, and so do the gradients.",
    change: { start: startsAs("normal") },
  },
  {
    name: "learning-rate-too-high",
    title: "Learning rate too high",
    group: "around",
    wrong: `w -= ${TOO_HIGH} * lr * dw`,
    fix: "w -= lr * dw",
    why: `The gradient tells the slope where the weights are, and a step that is ${TOO_HIGH} times as long ends far from there.`,
    effect:
      "Steps jump over the valley that they aim at. ReLUs that are pushed below 0 for all images stay there, because no gradient passes them.",
    change: { rate: TOO_HIGH },
  },
  {
    name: "pixels-not-scaled",
    title: "Pixels not scaled",
    group: "around",
    wrong: "x = images.astype(np.float32)",
    fix: "x = images.astype(np.float32) / 255",
    why: "Pixels from 0 to 255 are 255 times as large as the weights were made for.",
    effect:
      "Everything that is computed from the pixels is 255 times as large, and the gradients of the first kernels once more. With plain gradient descent and a learning rate that fits scaled pixels, the first step is far too long.",
    change: { model: unscaled },
  },
  {
    name: "labels-shuffled",
    title: "Labels shuffled",
    group: "around",
    wrong: "rng.shuffle(images)",
    fix: "order = rng.permutation(len(images)); images, labels = images[order], labels[order]",
    why: "Images and labels were shuffled apart, so that an image has the label of another.",
    effect:
      "There is nothing to find but how often each digit occurs. With enough weights and time a network learns such labels by heart, and that helps nobody.",
    change: { data: shuffled },
  },
];

/** @param name of a mistake, or of a riddle */
export function mistakeNamed(name: string | undefined): LabMistake | undefined {
  const wanted = name === undefined ? undefined : (answerTo(name) ?? name);
  return mistakes.find((one) => one.name === wanted);
}
