import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { parseCell } from "../../src/cell.js";
import { finiteDifference } from "../../src/explain/finiteDifference.js";
import { GRADCHECK_TOLERANCE, type Gradcheck, gradcheck } from "../../src/explain/gradcheck.js";
import { defineModel, type Model } from "../../src/graph/model.js";
import type { AnyLayer } from "../../src/layers/index.js";
import { parameterGradients, type Trace, trace } from "../../src/reference/trace.js";
import { copyAll, tensor } from "../../src/tensor.js";
import { randomParameters } from "../support/networks.js";
import { cases } from "../support/properties.js";
import { traces } from "../support/traces.js";
import { normals } from "../support/values.js";
import { changed, flipped, inGradient, inParameters, withWrong } from "../support/wrongLayers.js";

const network = defineModel({
  input: [2, 9, 8],
  layers: [
    { type: "conv2d", filters: 3, kernel: 3, padding: 1 },
    { type: "relu" },
    { type: "maxPool2d", size: 3, stride: 2 },
    { type: "conv2d", filters: 2, kernel: [2, 3], stride: [1, 2] },
    { type: "flatten" },
    { type: "dense", units: 4 },
    { type: "relu" },
    { type: "dense", units: 3 },
  ],
});

function stepOf(model: Model, labels = [2, 0]): Trace {
  const x = normals([labels.length, ...model.inputShape], 3, "x");
  return trace(model, randomParameters(model, 3), x, labels);
}

/** What isn't right: the tensors along the whole network, and the layers alone. */
function found({ tensors, layers }: Gradcheck) {
  return {
    tensors: tensors.filter(({ verdict }) => verdict === "differs").map(({ tensor }) => tensor),
    layers: layers.filter(({ verdict }) => verdict === "differs").map(({ layer }) => layer),
  };
}

describe("right gradients agree", () => {
  test("of random networks, also where many numbers are equal or 0", async () => {
    let [checked, kinks] = [0, 0];
    await fc.assert(
      fc.asyncProperty(traces("float64"), async (step) => {
        const result = await gradcheck(step, { cells: 5 });
        expect(found(result)).toEqual({ tensors: [], layers: [] });
        expect(result.agrees).toBe(true);
        for (const check of [...result.tensors, ...result.layers.flatMap(({ tensors }) => tensors)]) {
          expect(check.checked).toBe(Math.min(5, check.cells));
          checked += check.checked;
          kinks += check.kinks;
        }
      }),
      cases(few(15, 60)),
    );
    expect(checked).toBeGreaterThan(few(240, 1000));
    expect(kinks).toBeGreaterThan(few(2, 10));
    expect(kinks).toBeLessThan(checked / 2);
  });

  test("each tensor and each layer is named, in order", async () => {
    const { tensors, layers } = await gradcheck(stepOf(network), { cells: 2 });
    const parameters = ["conv1", "conv2", "fc1", "fc2"].flatMap((layer) => [
      `${layer}.weight`,
      `${layer}.bias`,
    ]);
    expect(tensors.map(({ tensor }) => tensor)).toEqual(["x", ...parameters]);
    expect(layers.map(({ layer, verdict }) => [layer, verdict])).toEqual(
      ["conv1", "relu1", "pool1", "conv2", "flatten1", "fc1", "relu2", "fc2", "loss"].map((layer) => [
        layer,
        "agrees",
      ]),
    );
    expect(layers[3].tensors.map(({ tensor }) => tensor)).toEqual([
      "pool1.out",
      "conv2.weight",
      "conv2.bias",
    ]);
  });

  test("as many cells as wanted, the one with the largest gradient first of all", async () => {
    const step = stepOf(network);
    const all = await gradcheck(step, { cells: Infinity });
    for (const { cells, checked } of all.tensors) expect(checked).toBe(cells);
    const gradient = step.tensors["grad.conv1.weight"].data.map(Math.abs);
    const one = await gradcheck(step, { cells: 1 });
    expect(Math.abs(one.tensors[1].worst?.gradient ?? 0)).toBe(Math.max(...gradient));
  });
});

describe("a mistake is found in the layer that makes it", () => {
  const mistakes: [string, string, (right: AnyLayer) => Partial<AnyLayer>, string[]][] = [
    [
      "a convolution that takes the kernel as it is for its input's gradient",
      "conv2",
      ({ inputGradients }) => ({
        inputGradients: (layer, x, { weight, ...rest }, outgoing) =>
          inputGradients(layer, x, { weight: flipped(weight), ...rest }, outgoing),
      }),
      ["x", "conv1.weight"], // a bias collects the gradients of all places, and these only change places
    ],
    [
      "a convolution that flips the kernel forward, but computes the gradient of one that doesn't",
      "conv2",
      ({ forward }) => ({
        forward: (layer, x, { weight, ...rest }) => forward(layer, x, { weight: flipped(weight), ...rest }),
      }),
      ["x", "conv1.weight", "conv2.weight"],
    ],
    [
      "a bias whose gradient is the mean over the cells",
      "conv1",
      inParameters(({ weight, bias }) => ({ weight, bias: changed(bias, (value) => value / 72) })),
      ["conv1.bias"],
    ],
    [
      "a dense layer that divides by the batch once more",
      "fc1",
      inParameters(({ weight, bias }, batch) => ({
        weight: changed(weight, (value) => value / batch),
        bias,
      })),
      ["fc1.weight"],
    ],
    [
      "a ReLU that passes every gradient",
      "relu2",
      () => ({ inputGradients: (_layer, _x, _parameters, outgoing) => [outgoing] }),
      ["x", "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias"],
    ],
    [
      "a pool that forgets to add where windows overlap",
      "pool1",
      inGradient((gradient) => changed(gradient, (value) => Math.sign(value))),
      ["x", "conv1.weight", "conv1.bias"],
    ],
    [
      "a gradient that is not a number",
      "fc2",
      inGradient((gradient) => changed(gradient, (value, k) => (k === 0 ? NaN : value))),
      ["x", "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias"],
    ],
    [
      "one wrong cell, the largest",
      "fc2",
      inParameters(({ weight, bias }) => ({
        weight,
        bias: changed(bias, (value, k) => (k === 1 ? value + 1e-3 : value)),
      })),
      ["fc2.bias"],
    ],
  ];

  test.each(mistakes)("%s", async (_, name, wrong, tensors) => {
    const result = await gradcheck(stepOf(withWrong(network, name, wrong)));
    expect(result.agrees).toBe(false);
    expect(found(result)).toEqual({ tensors, layers: [name] });
    for (const check of result.tensors) {
      expect(check.wrong > 0).toBe(tensors.includes(check.tensor));
      if (check.wrong > 0) expect(check.worst?.error).not.toBeLessThanOrEqual(GRADCHECK_TOLERANCE);
    }
  });

  test("two mistakes in different layers are both found", async () => {
    const [[, first, one], [, , ,], [, second, two]] = mistakes;
    const result = await gradcheck(stepOf(withWrong(withWrong(network, first, one), second, two)));
    expect(found(result).layers.sort()).toEqual([first, second].sort());
  });

  test("a loss whose gradient lacks 1/N: every layer is right, the loss is not", async () => {
    const step = stepOf(network);
    const wrong = Object.entries(step.tensors).map(([name, t]) =>
      name.startsWith("grad.") ? [name, changed(t, (value) => 2 * value)] : [name, t],
    );
    const result = await gradcheck({ ...step, tensors: Object.fromEntries(wrong) });
    expect(found(result).layers).toEqual(["loss"]);
    expect(found(result).tensors).toHaveLength(9);
    expect(result.tensors[1].worst?.gradient).toBeCloseTo(2 * (result.tensors[1].worst?.measured ?? 0), 6);
  });
});

test("gradients that are lost in the rounding of the loss are no mistake", async () => {
  const model = defineModel({ input: [1, 2, 2], layers: [{ type: "flatten" }, { type: "dense", units: 2 }] });
  const parameters = {
    "fc1.weight": normals([2, 4], 1, "weight"),
    "fc1.bias": tensor([2], [28, 0], "float64"), // so sure that p - y is about 1e-12
  };
  const result = await gradcheck(trace(model, parameters, normals([1, 1, 2, 2], 1, "x"), [0]));
  expect(Math.abs(result.tensors[1].worst?.gradient ?? 1)).toBeLessThan(1e-10);
  expect(found(result)).toEqual({ tensors: [], layers: [] });
});

describe("batch normalisation, of which slopes hang together over the whole batch", () => {
  const model = defineModel({
    input: [1, 3, 3],
    layers: [
      { type: "flatten" },
      { type: "batchNorm1d", eps: 1e-9 },
      { type: "dropout" },
      { type: "dense", units: 3 },
    ],
  });
  /** Images that hardly differ: what is divided by is so small that a usual step is far too long. */
  const step = (wrong: Model) => {
    const image = Array.from(normals([9], 5, "image").data);
    const images = [0, 1, 4].flatMap((k) => image.map((value) => value + k * 2 ** -16));
    const x = tensor([3, 1, 3, 3], images, "float64");
    return trace(wrong, randomParameters(model, 3), x, [2, 0, 1]);
  };

  test("agrees where it bends more than a step is long, and the mask is held still", async () => {
    const result = await gradcheck(step(model), { cells: Infinity });
    expect(found(result)).toEqual({ tensors: [], layers: [] });
  });

  test.each<readonly [string, (right: AnyLayer) => Partial<AnyLayer>, string[]]>([
    [
      "that divides by a little more going back",
      inGradient((gradient) => changed(gradient, (value) => value / 1.001)),
      ["x"],
    ],
    [
      "whose bias gets a mean",
      inParameters(({ weight, bias }, batch) => ({ weight, bias: changed(bias, (value) => value / batch) })),
      ["norm1.bias"],
    ],
  ])("one %s is found", async (_, wrong, tensors) => {
    const result = await gradcheck(step(withWrong(model, "norm1", wrong)), { cells: Infinity });
    expect(found(result)).toEqual({ tensors, layers: ["norm1"] });
  });
});

describe("kinks are told apart", () => {
  const model = defineModel({
    input: [1, 2, 2],
    layers: [
      { type: "conv2d", filters: 1, kernel: 1 },
      { type: "relu" },
      { type: "flatten" },
      { type: "dense", units: 2 },
    ],
  });
  const parameters = {
    "conv1.weight": tensor([1, 1, 1, 1], [2], "float64"),
    "conv1.bias": tensor([1], [0], "float64"),
    "fc1.weight": tensor([2, 4], [1, 2, 3, 4, 8, 7, 6, 5], "float64"),
    "fc1.bias": tensor([2], [0, 0], "float64"),
  };
  const step = (pixels: number[]) => trace(model, parameters, tensor([1, 1, 2, 2], pixels, "float64"), [0]);

  test("a bias on black paper moves ReLUs that stand at exactly 0", async () => {
    const result = await gradcheck(step([0, 1, 0, 0]));
    expect(result.agrees).toBe(true);
    const bias = result.tensors.find(({ tensor }) => tensor === "conv1.bias");
    expect(bias).toMatchObject({ verdict: "not judged", checked: 1, kinks: 1, wrong: 0 });
    expect(bias?.kink).toEqual({
      cell: parseCell("conv1.bias[0]"),
      unit: parseCell("relu1.out[0, 0, 0, 0]"),
    });
    expect(bias).not.toHaveProperty("worst");
    // a weight moves nothing where the pixel is 0
    expect(result.tensors.find(({ tensor }) => tensor === "conv1.weight")).toMatchObject({
      verdict: "agrees",
      kinks: 0,
    });
    expect(result.layers[1]).toMatchObject({
      layer: "relu1",
      verdict: "agrees",
      tensors: [{ kinks: 0, checked: 4 }],
    });
  });

  test("near a kink a smaller step finds the slope", () => {
    const near = step([1e-6, 1, 1, 1]);
    const { kink, step: taken, slope, gradient } = finiteDifference(near, parseCell("x[0, 0, 0, 0]"));
    expect(kink).toBeUndefined();
    expect(taken).toBeLessThan(1e-6);
    expect(slope).toBeCloseTo(gradient ?? NaN, 5);
  });
});

describe("the finite difference of one cell", () => {
  const step = stepOf(network);

  test.each([
    "x[1, 0, 4, 4]",
    "conv1.weight[2, 1, 0, 2]",
    "conv2.bias[1]",
    "relu1.out[0, 1, 3, 3]",
    "flatten1.out[1, 2]",
    "fc2.out[0, 2]",
    "grad.fc1.weight[3, 1]",
    "grad.x[0, 1, 2, 3]",
  ])("%s", (address) => {
    const cell = parseCell(address);
    const difference = finiteDifference(step, cell);
    expect(difference.moved).toEqual({ ...cell, tensor: cell.tensor.replace("grad.", "") });
    expect(difference.gradient).toBeDefined();
    expect(difference.slope).toBeCloseTo(difference.gradient ?? NaN, 8);
    expect((difference.above - difference.below) / (2 * difference.step)).toBeCloseTo(difference.slope, 8);
    expect((difference.above + difference.below) / 2).toBeCloseTo(step.loss, 8);
  });

  test("of a trace in float32 is measured in float64, and leaves the trace alone", () => {
    const { x, ...parameters } = copyAll({ x: step.tensors.x, ...randomParameters(network, 3) }, "float32");
    const single = trace(network, parameters, x, [2, 0]);
    const before = copyAll(single.tensors);
    const { slope, gradient } = finiteDifference(single, parseCell("conv1.weight[0, 0, 0, 0]"));
    expect(single.tensors).toEqual(before);
    expect(slope).toBeCloseTo(gradient ?? NaN, 6);
  });

  test.each(["probs[0, 0]", "loss", "y[0]", "new.fc1.bias[0]", "conv9.out[0]"])(
    "there is none of %s",
    async (address) => {
      await expectInputError(
        () => finiteDifference(step, parseCell(address)),
        /A finite difference moves x, a parameter or the output of a layer/,
      );
    },
  );

  test("or of a cell that isn't there", async () => {
    await expectInputError(
      () => finiteDifference(step, parseCell("grad.fc2.bias[3]")),
      /^fc2\.bias has shape \[3\], so there is no fc2\.bias\[3\]/,
    );
  });
});

test("a trace in float32 is refused", async () => {
  const { x, ...parameters } = copyAll(
    { x: normals([1, 2, 9, 8], 3, "x"), ...randomParameters(network, 3) },
    "float32",
  );
  await expectInputError(() => gradcheck(trace(network, parameters, x, [0])), /in float64 only/);
});

test("it can be interrupted, and says how far it is", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const heard: number[] = [];
  const onProgress = (done: number, total: number) => {
    heard.push(done, total);
    if (done === 7) controller.abort(reason);
  };
  await expect(gradcheck(stepOf(network), { cells: 3, signal: controller.signal, onProgress })).rejects.toBe(
    reason,
  );
  expect(heard.filter((_, k) => k % 2 === 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const totals = new Set(heard.filter((_, k) => k % 2 === 1));
  const { tensors, layers } = await gradcheck(stepOf(network), { cells: 3 });
  const checked = [...tensors, ...layers.flatMap(({ tensors }) => tensors)].reduce(
    (sum, check) => sum + check.checked,
    0,
  );
  expect([...totals]).toEqual([checked]);
});

test("without grad.x the parameters are checked", async () => {
  const x = normals([1, 2, 9, 8], 3, "x");
  const step = trace(network, randomParameters(network, 3), x, [0], { inputGradient: false });
  const { tensors } = await gradcheck(step, { cells: 1 });
  expect(tensors.map(({ tensor }) => tensor)).toEqual(Object.keys(parameterGradients(step)));
});

test("who is told of the cells, and rejects, ends it", async () => {
  let told = 0;
  const onProgress = async () => {
    if (++told === 3) throw new Error("no room");
  };
  await expect(gradcheck(stepOf(network), { cells: Infinity, onProgress })).rejects.toThrow("no room");
  expect(told).toBeLessThan(6);
});
