import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { conv2d, dense, flatten, maxPool2d, relu, sequential } from "../../src/builders.js";
import { builtIn, lenet5, oneConv } from "../../src/builtIn.js";
import { noise } from "../../src/data/noise.js";
import { checkFits } from "../../src/engine/fits.js";
import { defineModel } from "../../src/graph/model.js";
import type { ImageShape } from "../../src/tensor.js";

describe("the built-in models", () => {
  test.each([
    // the first from 9 weights and a bias for each of 8 filters, then 8 * 13 * 13 weights and a bias for each of 10
    ["one-conv", 8 * (9 + 1) + 10 * (8 * 13 * 13 + 1), 13_610],
    ["lenet5", 6 * (25 + 1) + 16 * (6 * 25 + 1) + 120 * (400 + 1) + 84 * (120 + 1) + 10 * (84 + 1), 61_706],
    ["convnet", 32 * (9 + 1) + 64 * (32 * 9 + 1) + 128 * (9216 + 1) + 10 * (128 + 1), 1_199_882],
  ])("%s has %i parameters", (name, sum, known) => {
    expect(sum).toBe(known);
    expect(defineModel(builtIn(name)).parameterCount).toBe(known);
  });

  test("their multiply-adds", () => {
    const convolution = 8 * 26 * 26 * 9;
    const last = 8 * 13 * 13 * 10;
    // Backward, the last layer does its multiply-adds for its weights and for its input, the first for its weights only.
    expect(defineModel(oneConv()).multiplyAdds).toEqual({
      forward: convolution + last,
      trainingStep: 2 * convolution + 3 * last,
    });
    expect(defineModel(lenet5()).multiplyAdds.forward).toBe(
      6 * 28 * 28 * 25 + 16 * 10 * 10 * 6 * 25 + 400 * 120 + 120 * 84 + 84 * 10,
    );
    expect(defineModel(builtIn("convnet")).multiplyAdds.forward).toBe(
      32 * 26 * 26 * 9 + 64 * 24 * 24 * 32 * 9 + 9216 * 128 + 128 * 10,
    );
  });

  test("small has fewer than 2,500 parameters, of grey and of colour images", () => {
    for (const [channels, parameters] of [
      [1, 8 * 9 + 2 * 8 * 8 * 9 + 10 * 8 * 9 + 2 * (3 * 8 + 10) + 10 * (10 + 1)],
      [3, 8 * 27 + 2 * 8 * 8 * 9 + 10 * 8 * 9 + 2 * (3 * 8 + 10) + 10 * (10 + 1)],
    ]) {
      const model = defineModel(builtIn("small", { input: [channels, 28, 28] }));
      expect(model.parameterCount).toBe(parameters);
      expect(parameters).toBeLessThan(2500);
    }
  });

  test("resnet: by default at most 15 million multiply-adds; as wide and deep as one likes", () => {
    expect(defineModel(builtIn("resnet")).multiplyAdds.forward).toBe(12_587_648);
    expect(defineModel(builtIn("resnet", { input: [1, 28, 28] })).layers.at(-2)?.outputShape).toEqual([64]);
    // He et al.'s ResNet-20: 3 blocks in a stage; its shortcuts had no weights, ours are convolutions 1x1 with a norm
    const weights = (inputs: number, outputs: number) => 9 * inputs * outputs + 2 * outputs;
    const stage = (inputs: number, outputs: number) =>
      weights(inputs, outputs) + 5 * weights(outputs, outputs);
    const twenty =
      weights(3, 16) +
      stage(16, 16) +
      stage(16, 32) +
      stage(32, 64) +
      64 * 10 +
      10 +
      (16 * 32 + 2 * 32) +
      (32 * 64 + 2 * 64);
    const { parameterCount, layers } = defineModel(builtIn("resnet", { depth: 3 }));
    expect(parameterCount).toBe(twenty);
    const convolutions = layers.filter(({ spec }) => spec.type === "conv2d" && spec.kernel === 3);
    expect(convolutions).toHaveLength(1 + 3 * 3 * 2);
    expect(defineModel(builtIn("resnet", { width: 3 })).layers.map(({ name }) => name)).toContain("block3");
  });

  test("sizes go with the model that has them", async () => {
    await expectInputError(
      () => builtIn("small", { depth: 2 }),
      /^The depth can be chosen for resnet only; small has its own\.$/,
    );
    await expectInputError(
      () => builtIn("resnet", { filters: 2 }),
      /^The number of filters can be chosen for one-conv only/,
    );
    await expectInputError(() => builtIn("resnet", { width: 0 }), /width must be a whole number/);
  });

  test("take a number of filters, another input and class names", () => {
    const model = defineModel(
      builtIn("one-conv", { filters: 3, input: [3, 8, 10], classes: ["cat", "dog"] }),
    );
    expect(model.layers.map(({ outputShape }) => outputShape)).toEqual([
      [3, 6, 8],
      [3, 6, 8],
      [3, 3, 4],
      [36],
      [2],
    ]);
    expect(model.classes).toEqual(["cat", "dog"]);
  });
});

test("layers are numbered per kind, and parameters carry their layer's name", () => {
  const model = defineModel(lenet5());
  expect(model.layers.map(({ name }) => name)).toEqual([
    "conv1",
    "relu1",
    "pool1",
    "conv2",
    "relu2",
    "pool2",
    "flatten1",
    "fc1",
    "relu3",
    "fc2",
    "relu4",
    "fc3",
  ]);
  expect(model.parameters.map(({ fullName, shape, fanIn }) => [fullName, shape, fanIn])).toEqual([
    ["conv1.weight", [6, 1, 5, 5], 25],
    ["conv1.bias", [6], 0],
    ["conv2.weight", [16, 6, 5, 5], 150],
    ["conv2.bias", [16], 0],
    ["fc1.weight", [120, 400], 400],
    ["fc1.bias", [120], 0],
    ["fc2.weight", [84, 120], 120],
    ["fc2.bias", [84], 0],
    ["fc3.weight", [10, 84], 84],
    ["fc3.bias", [10], 0],
  ]);
});

test("what is left out of a spec has its default", () => {
  const short = defineModel(
    sequential(
      [2, 9, 9],
      [conv2d({ filters: 2, kernel: 3 }), maxPool2d({ size: [2, 3] }), flatten(), dense({ units: 3 })],
    ),
  );
  const long = defineModel({
    input: [2, 9, 9],
    layers: [
      {
        type: "conv2d",
        filters: 2,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [0, 0, 0, 0],
        dilation: 1,
        bias: true,
      },
      { type: "maxPool2d", size: [2, 3], stride: [2, 3], padding: 0 },
      { type: "flatten" },
      { type: "dense", units: 3, bias: true },
    ],
    classes: ["0", "1", "2"],
    normalize: { mean: [0, 0], std: [1, 1] },
  });
  expect(short.layers.map(({ resolved }) => resolved)).toEqual(long.layers.map(({ resolved }) => resolved));
  expect(short.classes).toEqual(long.classes);
  expect(short.normalize).toEqual(long.normalize);
  expect(short.parameters).toEqual(long.parameters);
});

test("layers before the first one that learns cost a training step nothing extra", () => {
  const model = defineModel(
    sequential(
      [1, 4, 4],
      [maxPool2d({ size: 2 }), relu(), flatten(), dense({ units: 5 }), dense({ units: 2 })],
    ),
  );
  expect(model.layers.map(({ multiplyAdds }) => multiplyAdds.trainingStep)).toEqual([
    0,
    0,
    0,
    2 * 20,
    3 * 10,
  ]);
});

test("a parameter without a bias isn't there", () => {
  const model = defineModel(
    sequential(
      [1, 3, 3],
      [conv2d({ filters: 1, kernel: 2, bias: false }), flatten(), dense({ units: 2, bias: false })],
    ),
  );
  expect(model.parameters.map(({ fullName }) => fullName)).toEqual(["conv1.weight", "fc1.weight"]);
  expect(model.parameterCount).toBe(4 + 8);
});

describe("channels that come last", () => {
  const layers = [{ type: "flatten" }, { type: "dense", units: 10 }] as const;
  const conv = { type: "conv2d", filters: 2, kernel: 3 } as const;
  const refusal = (input: ImageShape) => {
    try {
      defineModel({ input, layers: [conv, ...layers] });
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };

  test("are hinted at where a window doesn't fit", () => {
    expect(refusal([28, 28, 1])).toMatch(
      /its input is 28x1; .*; "input" has the channels first, so for images of 28x28 with one channel it is \[1, 28, 28\]\.$/,
    );
    expect(refusal([32, 30, 2])).toMatch(/images of 32x30 with 2 channels it is \[2, 32, 30\]\.$/);
    expect(refusal([1, 2, 28]), "these are first").not.toContain("channels first");
    expect(refusal([3, 3, 1]), "this may be meant").not.toContain("channels first");
  });

  test("are hinted at where images have theirs first", () => {
    const model = defineModel({ input: [28, 28, 1], layers });
    const data = noise(defineModel({ input: [1, 28, 28], layers }), 2);
    expect(() => checkFits(model, data)).toThrow(
      /have shape \[1, 28, 28\], but the model takes \[28, 28, 1\]; "input" in its spec has the channels first: write \[1, 28, 28\]\.$/,
    );
    const other = defineModel({ input: [1, 20, 20], layers });
    expect(() => checkFits(other, data)).toThrow(/takes \[1, 20, 20\]; change "input" in its spec\.$/);
  });
});
