import { describe, expect, test } from "vitest";
import { lenet5, oneConv } from "../../src/builtIn.js";
import { createEngine } from "../../src/engine/index.js";
import type { ModelSpec } from "../../src/graph/model.js";
import { type FitOptions, fit } from "../../src/training/fit.js";
import { checksum } from "../support/checksum.js";
import { randomImages } from "../support/engineCases.js";

/*
 * What the compiled networks come to on the strict path, bit for bit: every kernel, every optimizer, whole and short
 * batches. The bits follow from the order of the sums; whoever changes an order changes the row in a commit that says why.
 */

interface Row extends Pick<FitOptions, "batchSize" | "optimizer" | "schedule" | "clip"> {
  readonly convolution?: "auto" | "direct";
}

const networks = {
  oneConv: oneConv(),
  fiveFilters: oneConv({ filters: 5 }),
  lenet5: lenet5(),
  /** Strides, dilation, unequal padding, pools that overlap, Winograd's method, no bias, ReLUs that nothing is fused with. */
  odd: {
    input: [1, 20, 18],
    layers: [
      { type: "conv2d", filters: 6, kernel: [5, 3], stride: [2, 1], padding: [1, 0, 2, 1], dilation: [1, 2] },
      { type: "relu" },
      { type: "maxPool2d", size: 3, stride: 2, padding: 1 },
      { type: "relu" },
      { type: "conv2d", filters: 16, kernel: 3, padding: "same", bias: false },
      { type: "relu" },
      { type: "conv2d", filters: 16, kernel: 3, padding: 1 },
      { type: "maxPool2d", size: 2 },
      { type: "flatten" },
      { type: "dense", units: 33 },
      { type: "relu" },
      { type: "dense", units: 10 },
    ],
    normalize: { mean: [0.1307], std: [0.3081] },
  },
  /** A dense layer whose weights' gradients are computed for the whole batch, and convolutions without pools. */
  wide: {
    input: [3, 12, 12],
    layers: [
      { type: "conv2d", filters: 8, kernel: 3, padding: 1 },
      { type: "relu" },
      { type: "conv2d", filters: 12, kernel: 5 },
      { type: "relu" },
      { type: "flatten" },
      { type: "dense", units: 160 },
      { type: "relu" },
      { type: "dense", units: 10 },
    ],
  },
  /** One tensor that goes into four layers, whose gradients are added in one order; averages, additions, a leaky ReLU. */
  ways: {
    input: [1, 12, 11],
    layers: [
      { type: "conv2d", filters: 6, kernel: 3, padding: 1, name: "stem" },
      { type: "leakyRelu", slope: 0.1 },
      { type: "conv2d", filters: 6, kernel: 3, padding: 1 },
      { type: "relu" },
      { type: "averagePool2d", size: 3, stride: 1, padding: 1, from: "leaky1" },
      { type: "maxPool2d", size: 3, stride: 1, padding: 1, from: "leaky1" },
      { type: "add", from: ["relu1", "avgpool1", "pool1", "leaky1"] },
      { type: "averagePool2d", size: 2 },
      { type: "flatten" },
      { type: "dense", units: 10 },
    ],
  },
  /** Blocks that wait for each other, masks, a residual way; a norm with a ReLU fused into it, and one without. */
  norms: {
    input: [2, 9, 8],
    layers: [
      { type: "conv2d", filters: 16, kernel: 3, padding: 1, bias: false },
      { type: "batchNorm2d" },
      { type: "relu", name: "stem" },
      { type: "conv2d", filters: 16, kernel: 3, padding: 1 },
      { type: "batchNorm2d", momentum: 0.2 },
      { type: "add", from: ["norm2", "stem"] },
      { type: "dropout", rate: 0.2 },
      { type: "flatten" },
      { type: "dense", units: 40 },
      { type: "batchNorm1d" },
      { type: "dense", units: 10 },
    ],
  },
  curves: {
    input: [2, 10, 9],
    layers: [
      { type: "tanh" },
      { type: "conv2d", filters: 6, kernel: 3 },
      { type: "silu" },
      { type: "conv2d", filters: 5, kernel: 3, padding: 1 },
      { type: "gelu" },
      { type: "maxPool2d", size: 2 },
      { type: "gelu", approximate: "tanh" },
      { type: "flatten" },
      { type: "dense", units: 12 },
      { type: "sigmoid" },
      { type: "dense", units: 10 },
    ],
  },
  groups: {
    input: [2, 10, 9],
    layers: [
      { type: "conv2d", filters: 8, kernel: 3, groups: 2 },
      { type: "relu" },
      { type: "conv2d", filters: 8, kernel: 3, padding: 1, groups: 8 },
      { type: "relu" },
      { type: "conv2d", filters: 12, kernel: 1, groups: 4 },
      { type: "globalAveragePool2d" },
      { type: "dense", units: 10 },
    ],
  },
  sideBySide: {
    input: [2, 10, 9],
    layers: [
      { type: "conv2d", filters: 5, kernel: 3, padding: 1 },
      { type: "relu" },
      { type: "concat", from: ["x", "relu1"] },
      { type: "conv2d", filters: 6, kernel: 3, stride: 2, groups: 1 },
      { type: "flatten" },
      { type: "globalAveragePool2d", from: "concat1" },
      { type: "concat", from: ["gap1", "flatten1"] },
      { type: "dense", units: 10 },
    ],
  },
} satisfies Record<string, ModelSpec>;

const rows: readonly (readonly [keyof typeof networks, Row, string])[] = [
  ["oneConv", { batchSize: 32, optimizer: { type: "adam" } }, "a4535f863f9c5366"],
  [
    "oneConv",
    { batchSize: 1, optimizer: { type: "sgd", momentum: 0 }, schedule: "constant" },
    "cbb187d4ec6de67b",
  ],
  [
    "fiveFilters",
    { batchSize: 50, optimizer: { type: "sgd", nesterov: true, weightDecay: 0.001 }, schedule: "cosine" },
    "f42ce914cc0fa108",
  ],
  ["lenet5", { batchSize: 64, optimizer: { type: "adamw", weightDecay: 0.01 }, clip: 1 }, "b6d7cc40f61b4a71"],
  ["lenet5", { batchSize: 1, optimizer: { type: "adam" } }, "99c3691c5d566c11"],
  [
    "odd",
    { batchSize: 33, optimizer: { type: "sgd", momentum: 0.9 }, schedule: "constant" },
    "754a194542419552",
  ],
  [
    "odd",
    { batchSize: 7, optimizer: { type: "adam", weightDecay: 0.01 }, convolution: "direct" },
    "12789c3e2fe3a827",
  ],
  ["wide", { batchSize: 40, optimizer: { type: "adam" }, clip: 0.5 }, "87fd384ced00ef81"],
  ["wide", { batchSize: 1, optimizer: { type: "sgd" } }, "24bfb25ee72e1528"],
  ["ways", { batchSize: 33, optimizer: { type: "adam" } }, "318da1f68dfd4dc5"],
  ["ways", { batchSize: 1, optimizer: { type: "sgd" } }, "935bc74f9b23685c"],
  ["norms", { batchSize: 33, optimizer: { type: "adam" } }, "473d288dd55caf9b"],
  ["curves", { batchSize: 33, optimizer: { type: "adam" } }, "b09c70a3efea4feb"],
  ["curves", { batchSize: 1, optimizer: { type: "sgd" } }, "0b45c21647aee858"],
  ["groups", { batchSize: 33, optimizer: { type: "adam" } }, "bbc4bd86c039a3db"],
  ["groups", { batchSize: 1, optimizer: { type: "sgd" } }, "4ce5eda220645367"],
  ["sideBySide", { batchSize: 33, optimizer: { type: "adam" } }, "2079b32ea84b532d"],
];

async function trained(spec: ModelSpec, { convolution = "auto", ...options }: Row): Promise<string> {
  const engine = await createEngine(spec, { strict: true, threads: 0, seed: 3, convolution });
  try {
    await fit(engine, randomImages(engine.model, options.batchSize === 1 ? 20 : 101, 5), {
      epochs: 1,
      seed: 3,
      ...options,
    });
    return checksum(engine.parameters()).slice(0, 16);
  } finally {
    await engine.close();
  }
}

describe("trained strictly, the same bits as ever", () => {
  test.each(rows)("%s, %j", async (name, row, bits) => {
    expect(await trained(networks[name], row)).toBe(bits);
  });
});
