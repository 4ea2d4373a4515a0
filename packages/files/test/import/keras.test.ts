import { zipSync } from "fflate";
import { formatModel, parseModel, type Tensor, tensor, trace, withUpdate } from "unravel-cnn";
import { expect, test } from "vitest";
import { importModel } from "../../src/import/index.js";
import { goldenCase, kerasBytes } from "../support/goldenKeras.js";
import { expectClose, scoresOf } from "../support/imported.js";
import { expectRefused } from "../support/refused.js";

/** Images [N, H, W, C], or [N, C, H, W] if they have the network's shape already, or rows, as this library has them. */
function images({ shape, data }: Tensor, [C, H, W]: readonly number[]): Tensor {
  const [N] = shape;
  if (shape.length !== 4 || String(shape) === String([N, C, H, W])) return tensor([N, C, H, W], data);
  const turned = Array.from({ length: data.length }, (_, k) => {
    const [n, rest] = [Math.floor(k / (C * H * W)), k % (C * H * W)];
    return data[n * C * H * W + (rest % (H * W)) * C + Math.floor(rest / (H * W))];
  });
  return tensor([N, C, H, W], turned);
}

/** Bytes as a model's normalisation makes inputs of them. */
function normalized(
  { shape, data }: Tensor,
  { mean, std }: { mean: readonly number[]; std: readonly number[] },
): Tensor {
  const pixels = shape[2] * shape[3];
  const channel = (k: number) => Math.floor(k / pixels) % mean.length;
  return tensor(
    shape,
    Array.from(data, (byte, k) => (byte / 255 - mean[channel(k)]) / std[channel(k)]),
  );
}

const SOFTMAX = /^The softmax at the end is part of the loss/;
const PIXELS = /^The file doesn't say how pixels become inputs/;

const cases: readonly [name: string, layers: readonly string[], remarks: readonly RegExp[], how: RegExp][] = [
  [
    "plain.h5",
    [
      "conv1",
      "relu1",
      "pool1",
      "conv2",
      "norm1",
      "gelu1",
      "pool2",
      "flatten1",
      "fc1",
      "tanh1",
      "dropout1",
      "fc2",
    ],
    [SOFTMAX, PIXELS],
    /with the inputs in our order/,
  ],
  [
    "packed.h5",
    [
      "conv1",
      "relu1",
      "pool1",
      "conv2",
      "norm1",
      "gelu1",
      "pool2",
      "flatten1",
      "fc1",
      "tanh1",
      "dropout1",
      "fc2",
    ],
    [SOFTMAX, PIXELS],
    /turned to \[out, in, height, width\]/,
  ],
  [
    "branches.h5",
    ["conv1", "relu1", "conv2", "leaky1", "concat1", "conv3", "silu1", "add1", "gap1", "concat2", "fc1"],
    [/^The one unit with a sigmoid at the end became two/, /^Layers at the start that scale pixels/],
    /turned to \[out, in\]/,
  ],
  [
    "separable.keras",
    [
      "conv1",
      "conv2",
      "leaky1",
      "conv3",
      "dropout1",
      "conv4",
      "silu1",
      "norm1",
      "avgpool1",
      "flatten1",
      "fc1",
    ],
    [/^The layer "spatial" drops whole maps/, /^The sigmoid at the end is part of the loss/, PIXELS],
    /^1, as it has no gamma$/,
  ],
  [
    "nested.keras",
    ["conv1", "relu1", "conv2", "relu2", "flatten1", "pool1", "flatten2", "concat1", "fc1"],
    [SOFTMAX, PIXELS],
    /with the inputs in our order/,
  ],
  [
    "channels-first.h5",
    ["conv1", "relu1", "pool1", "flatten1", "fc1"],
    [PIXELS],
    /with the inputs in our order/,
  ],
];

test.each(cases)(
  "%s: the scores that NumPy's loops gave, and it goes on being trained",
  async (name, layers, remarks, how) => {
    const read = await importModel({ name, bytes: kerasBytes(name) });
    const { model, parameters, table } = read;
    const { x, y } = goldenCase(name);
    const given = images(x, model.inputShape);
    const inputs = name === "branches.h5" ? normalized(given, model.normalize) : given;
    expectClose(scoresOf(read, inputs), y, 1e-5, name);
    expect(model.layers.map((layer) => layer.name)).toEqual(layers);
    expect(table.map(({ to }) => to).sort()).toEqual(Object.keys(parameters).sort());
    expect(table.some((row) => how.test(row.how))).toBe(true);
    expect(read.remarks).toHaveLength(remarks.length);
    for (const [k, remark] of remarks.entries()) expect(read.remarks[k]).toMatch(remark);

    const kept = parseModel(formatModel(read), "kept");
    const labels = labelsFor(model.loss.takesSeveral, inputs.shape[0], model.classes.length);
    const before = trace(kept.model, kept.parameters, inputs, labels);
    const { tensors } = withUpdate(before, 0.01);
    const after = Object.fromEntries(
      Object.keys(parameters).map((key) => [key, tensors[`new.${key}`] ?? parameters[key]]),
    );
    expect(trace(kept.model, after, inputs, labels).loss).toBeLessThan(before.loss);
  },
);

function labelsFor(several: boolean, images: number, classes: number): Uint8Array {
  if (!several) return Uint8Array.from({ length: images }, (_, k) => k % 2);
  return Uint8Array.from({ length: images * classes }, (_, k) => Number((k + (k % classes)) % 2 === 0));
}

test("normalisation comes from a Rescaling layer", async () => {
  const { model } = await importModel({ name: "branches.h5", bytes: kerasBytes("branches.h5") });
  expect(model.normalize).toEqual({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
});

test.each([
  ["weights-only.h5", /^weights-only\.h5: it holds only weights, no network/],
  ["no-layers.h5", /^no-layers\.h5: the network "" has no list of layers/],
])("%s is refused in one sentence", async (name, message) => {
  await expectRefused(importModel({ name, bytes: kerasBytes(name) }), message);
});

test.each(["model.weights.json", "model.weights.npz"])("weights in %s are refused", async (name) => {
  const nothing = new Uint8Array(0);
  const bytes = zipSync({ "metadata.json": nothing, "config.json": nothing, [name]: nothing });
  await expectRefused(
    importModel({ name: "net.keras", bytes }),
    new RegExp(
      `^net.keras: its weights are kept by way of ${name}, but only one model.weights.h5 is read; save`,
    ),
  );
});
