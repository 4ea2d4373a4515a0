import type { Dataset } from "../../src/data/dataset.js";
import type { Model, ModelSpec } from "../../src/graph/model.js";
import type { LossSpec } from "../../src/losses/loss.js";
import { type OptimizerSpec, resolveOptimizer } from "../../src/optimizers/index.js";
import { learningRateAt, type Schedule } from "../../src/optimizers/schedules.js";
import { randomStream } from "../../src/random.js";
import { sizeOf } from "../../src/tensor.js";

/** A short training: so many images, in batches, the last of which may be short. */
export interface Training {
  readonly images: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSpec;
  readonly schedule: Schedule;
  readonly peak: number;
  readonly clip?: number;
  readonly ema?: number;
}

/** Every optimizer, schedule, with and without clipping and an average, decay of all parameters and of weights only; batches of less than a block, odd ones, more than the images. */
export const trainings: readonly Training[] = [
  { images: 3, batchSize: 1, optimizer: { type: "sgd", momentum: 0 }, schedule: "constant", peak: 0.05 },
  {
    images: 8,
    batchSize: 3,
    optimizer: { type: "sgd", nesterov: true, weightDecay: 0.01 },
    schedule: "cosine",
    peak: 0.02,
  },
  { images: 20, batchSize: 8, optimizer: { type: "adam" }, schedule: "one-cycle", peak: 0.002 },
  {
    images: 40,
    batchSize: 17,
    optimizer: { type: "adamw", weightDecay: 0.5, decay: "weights" },
    schedule: "cosine",
    peak: 0.002,
    clip: 0.1,
  },
  {
    images: 70,
    batchSize: 64,
    optimizer: { type: "sgd" },
    schedule: "one-cycle",
    peak: 0.05,
    clip: 0.5,
    ema: 0.75,
  },
  {
    images: 5,
    batchSize: 64,
    optimizer: { type: "adam", weightDecay: 0.01, beta1: 0.8 },
    schedule: "constant",
    peak: 0.001,
  },
];

/** In words, for a test's name. */
export function describeTraining({ images, batchSize, optimizer, schedule, clip, ema }: Training): string {
  const options = Object.entries(optimizer).map(([name, value]) =>
    name === "type" ? value : `${name} ${value}`,
  );
  return `${options.join(" ")}, ${schedule}, ${images} images by ${batchSize}${clip === undefined ? "" : `, clip ${clip}`}${ema === undefined ? "" : `, ema ${ema}`}`;
}

/** The learning rate of each of its steps. */
export function ratesOf({ images, batchSize, schedule, peak }: Training): Float64Array {
  const steps = Math.ceil(images / batchSize);
  return Float64Array.from({ length: steps }, (_, step) => learningRateAt(schedule, peak, step, steps));
}

export function optionsOf({ batchSize, optimizer, clip, ema }: Training) {
  return { batchSize, optimizer: resolveOptimizer(optimizer), clip, ema };
}

/** Images of random bytes with random labels. A third of the pixels is black, as in most pictures. */
export function randomImages(model: Model, count: number, seed: number): Dataset {
  const random = randomStream(seed, "images");
  const images = Uint8Array.from({ length: count * sizeOf(model.inputShape) }, (_, k) => {
    const value = random.uniform(k);
    return value < 1 / 3 ? 0 : Math.floor(256 * value);
  });
  const labelOf = randomStream(seed, "labels");
  const most = Math.min(256, model.classes.length);
  return {
    name: "random images",
    shape: model.inputShape,
    classes: model.classes,
    images,
    labels: Uint8Array.from({ length: count }, (_, n) => Math.floor(most * labelOf.uniform(n))),
  };
}

/** The small convolutional networks that the table runs besides the golden ones. */
export const smallNetworks: Readonly<Record<string, ModelSpec>> = {
  "no parameters": {
    input: [2, 3, 3],
    layers: [{ type: "maxPool2d", size: 2, padding: 1 }, { type: "relu" }, { type: "flatten" }],
  },
  "a padded pool reads a convolution, a padded convolution a pool": {
    input: [2, 7, 6],
    layers: [
      { type: "conv2d", filters: 5, kernel: 3, padding: 1 },
      { type: "relu" },
      { type: "maxPool2d", size: 3, stride: 2, padding: [1, 0, 2, 1] },
      { type: "conv2d", filters: 6, kernel: [2, 3], padding: [2, 1, 0, 3] },
      { type: "maxPool2d", size: [2, 3], stride: 1, padding: 1 },
      { type: "flatten" },
      { type: "dense", units: 3 },
    ],
  },
  "ReLU everywhere": {
    input: [1, 5, 5],
    layers: [
      { type: "relu" },
      { type: "relu" },
      { type: "maxPool2d", size: 2, stride: 1 },
      { type: "relu" },
      { type: "conv2d", filters: 3, kernel: 2, bias: false },
      { type: "relu" },
      { type: "relu" },
      { type: "flatten" },
      { type: "relu" },
      { type: "dense", units: 7, bias: false },
      { type: "relu" },
      { type: "dense", units: 5 },
      { type: "relu" },
    ],
    normalize: { mean: [0.4], std: [0.3] },
  },
  "ways that go apart, into layers that read other borders, and come together": {
    input: [2, 8, 7],
    layers: [
      { type: "conv2d", filters: 3, kernel: 3, padding: 1, name: "stem" },
      { type: "relu" },
      { type: "maxPool2d", size: 3, stride: 1, padding: 1 },
      { type: "conv2d", filters: 3, kernel: 5, padding: 2, from: "relu1" },
      { type: "averagePool2d", size: 3, stride: 1, padding: 1, from: "relu1" },
      { type: "add", from: ["pool1", "conv2", "relu1", "avgpool1", "conv2"] },
      { type: "relu" },
      { type: "flatten" },
      { type: "conv2d", filters: 1, kernel: [3, 2], stride: [2, 3], from: "relu2" },
      { type: "flatten" },
      { type: "dense", units: 3 },
      { type: "dense", units: 3, from: "flatten1" },
      { type: "add", from: ["fc1", "fc2"] },
    ],
  },
  "one pixel": {
    input: [9, 1, 1],
    layers: [
      { type: "conv2d", filters: 9, kernel: 3, padding: 1 },
      { type: "maxPool2d", size: 3, stride: 1, padding: 1 },
      { type: "flatten" },
      { type: "dense", units: 2 },
    ],
  },
  "many classes": { input: [1, 2, 3], layers: [{ type: "flatten" }, { type: "dense", units: 1500 }] },
  "pools of pools": {
    input: [3, 9, 9],
    layers: [
      { type: "maxPool2d", size: 3, stride: 1, padding: [2, 1, 0, 2] },
      { type: "maxPool2d", size: 2, stride: 3, padding: [1, 0, 1, 1] },
      { type: "conv2d", filters: 2, kernel: 2, stride: 2, dilation: 2, padding: [1, 2, 1, 0] },
      { type: "flatten" },
      { type: "dense", units: 4 },
    ],
  },
  "convolutions by tiles, whole and cut off": {
    input: [2, 6, 13],
    layers: [
      { type: "conv2d", filters: 16, kernel: 3, padding: [1, 0, 2, 1] },
      { type: "conv2d", filters: 20, kernel: 3, padding: 1 },
      { type: "flatten" },
      { type: "dense", units: 3 },
    ],
  },
  "tiles without bias before tiles": {
    input: [3, 6, 5],
    layers: [
      { type: "conv2d", filters: 16, kernel: 3, padding: 1, bias: false },
      { type: "conv2d", filters: 24, kernel: 3, bias: false },
      { type: "conv2d", filters: 16, kernel: 3, padding: "same" },
      { type: "flatten" },
      { type: "dense", units: 5 },
    ],
  },
  "many weights, for whole batches": {
    input: [2, 6, 12],
    layers: [
      { type: "flatten" },
      { type: "dense", units: 232 },
      { type: "dense", units: 144, bias: false },
      { type: "dense", units: 4 },
    ],
  },
  "convolutions with many weights and few tiles, for whole batches": {
    input: [32, 3, 5],
    layers: [
      { type: "conv2d", filters: 32, kernel: 3, padding: 1 },
      { type: "relu" },
      { type: "conv2d", filters: 40, kernel: 3, bias: false },
      { type: "flatten" },
      { type: "dense", units: 3 },
    ],
  },
  "a window larger than what is unrolled": {
    input: [2, 8, 8],
    layers: [
      { type: "conv2d", filters: 2, kernel: 1 },
      { type: "maxPool2d", size: 7, stride: 2, padding: 3 },
      { type: "flatten" },
      { type: "dense", units: 3 },
    ],
  },
  "leaky ReLUs, before, behind and between all else": {
    input: [2, 7, 6],
    layers: [
      { type: "leakyRelu", slope: 0.3 },
      { type: "conv2d", filters: 5, kernel: 3, padding: 1 },
      { type: "leakyRelu" },
      { type: "maxPool2d", size: 2 },
      { type: "leakyRelu", slope: -0.5 },
      { type: "relu" },
      { type: "leakyRelu", slope: 1.5 },
      { type: "flatten" },
      { type: "leakyRelu", slope: 0 },
      { type: "dense", units: 6 },
      { type: "leakyRelu", slope: 0.2 },
      { type: "dense", units: 3 },
      { type: "leakyRelu" },
    ],
  },
  "smooth curves, before, behind and between all else": {
    input: [2, 7, 6],
    layers: [
      { type: "silu" },
      { type: "conv2d", filters: 5, kernel: 3, padding: 1 },
      { type: "sigmoid" },
      { type: "conv2d", filters: 4, kernel: 3, padding: 1 },
      { type: "gelu" },
      { type: "maxPool2d", size: 2 },
      { type: "tanh" },
      { type: "relu" },
      { type: "gelu", approximate: "tanh" },
      { type: "flatten" },
      { type: "gelu" },
      { type: "dense", units: 6 },
      { type: "silu" },
      { type: "dense", units: 5 },
      { type: "sigmoid" },
      { type: "dense", units: 3 },
      { type: "tanh" },
    ],
  },
  "means of whole maps, of more channels than are summed at a time": {
    input: [2, 7, 9],
    layers: [
      { type: "conv2d", filters: 9, kernel: 3 },
      { type: "relu" },
      { type: "globalAveragePool2d" },
      { type: "dense", units: 5 },
    ],
  },
  "ways that come together side by side, of images and of rows": {
    input: [2, 8, 7],
    layers: [
      { type: "conv2d", filters: 3, kernel: 3, padding: 1 },
      { type: "relu" },
      { type: "maxPool2d", size: 3, stride: 1, padding: 1 },
      { type: "concat", from: ["x", "relu1", "pool1", "relu1"] },
      { type: "conv2d", filters: 5, kernel: 3, padding: 2 },
      { type: "concat", from: ["conv2", "conv2"] },
      { type: "relu" },
      { type: "flatten" },
      { type: "globalAveragePool2d", from: "concat1" },
      { type: "dense", units: 4, from: "flatten1" },
      { type: "concat", from: ["gap1", "fc1", "flatten1"] },
      { type: "dense", units: 3 },
    ],
  },
  "convolutions in groups, also of one channel, gathered and scattered, pooled and not": {
    input: [4, 6, 7],
    layers: [
      { type: "conv2d", filters: 4, kernel: 3, padding: 1, groups: 2 },
      { type: "silu" },
      { type: "conv2d", filters: 4, kernel: 3, padding: [0, 1, 2, 1], groups: 4, bias: false },
      { type: "relu" },
      { type: "conv2d", filters: 12, kernel: [2, 3], groups: 2 },
      { type: "relu" },
      { type: "maxPool2d", size: 2 },
      { type: "conv2d", filters: 18, kernel: 3, stride: 2, padding: 3, dilation: 2, groups: 3 },
      { type: "conv2d", filters: 18, kernel: 1, groups: 9 },
      { type: "flatten" },
      { type: "dense", units: 3 },
    ],
  },
  "groups of one image": {
    input: [2, 7, 9],
    layers: [
      { type: "conv2d", filters: 6, kernel: 3, padding: 1, groups: 2 },
      { type: "relu" },
      { type: "conv2d", filters: 6, kernel: [3, 2], padding: 1, dilation: 2, groups: 6 },
      { type: "silu" },
      { type: "conv2d", filters: 9, kernel: 2, groups: 3, bias: false },
      { type: "flatten" },
      { type: "dense", units: 3 },
    ],
  },
  "as many channels in each group as Winograd's method takes": {
    input: [32, 6, 6],
    layers: [
      { type: "conv2d", filters: 32, kernel: 3, padding: 1, groups: 2 },
      { type: "relu" },
      { type: "conv2d", filters: 32, kernel: 3, padding: 1, groups: 2 },
      { type: "globalAveragePool2d" },
      { type: "dense", units: 3 },
    ],
  },
  "ReLU6, before, behind and between all else": {
    input: [2, 7, 6],
    layers: [
      { type: "relu6" },
      { type: "conv2d", filters: 5, kernel: 3, padding: 1 },
      { type: "leakyRelu", slope: -9 },
      { type: "relu6" },
      { type: "maxPool2d", size: 2 },
      { type: "relu6" },
      { type: "conv2d", filters: 4, kernel: 2 },
      { type: "relu6" },
      { type: "relu" },
      { type: "flatten" },
      { type: "dense", units: 6 },
      { type: "leakyRelu", slope: -9 },
      { type: "relu6" },
      { type: "dense", units: 3 },
      { type: "relu6" },
    ],
  },
};

/** Every loss, without class weights. */
export const losses: readonly LossSpec[] = [
  { type: "softmaxCrossEntropy" },
  { type: "softmaxCrossEntropy", labelSmoothing: 0.25 },
  { type: "meanSquaredError" },
  { type: "binaryCrossEntropy" },
];
