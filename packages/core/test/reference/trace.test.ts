import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { conv2d, dense, flatten, maxPool2d, relu, sequential } from "../../src/builders.js";
import { oneConv } from "../../src/builtIn.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import { FIRST_STEP } from "../../src/layers/layer.js";
import {
  backward,
  EVALUATION,
  forward,
  logits,
  parameterGradients,
  tensorsOf,
  trace,
  withUpdate,
} from "../../src/reference/trace.js";
import { copyAll, dtypeOf, type NamedTensors } from "../../src/tensor.js";
import { randomParameters } from "../support/networks.js";
import { normals } from "../support/values.js";

/** With two ways through it, a norm and a dropout. */
const withBranches: ModelSpec = {
  input: [2, 6, 6],
  layers: [
    { type: "conv2d", filters: 2, kernel: 3, padding: 1 },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "add", from: ["relu1", "x"] },
    { type: "flatten" },
    { type: "dropout" },
    { type: "dense", units: 3 },
  ],
};

/** Its norm needs two images to train on. */
const narrowNorm: ModelSpec = {
  input: [1, 2, 2],
  layers: [{ type: "flatten" }, { type: "dense", units: 2 }, { type: "batchNorm1d" }],
};

/** A trace of two random images. */
function traceOf(spec: ModelSpec, options?: { readonly inputGradient: boolean }) {
  const model = defineModel(spec);
  const parameters = randomParameters(model, 1);
  const x = normals([2, ...model.inputShape], 1, "x");
  return { parameters, x, ...trace(model, parameters, x, [1, 0], options) };
}

test("a trace has the names of the contract, forward and then backward", () => {
  expect(Object.keys(traceOf(oneConv()).tensors)).toEqual([
    "x",
    "conv1.weight",
    "conv1.bias",
    "fc1.weight",
    "fc1.bias",
    "conv1.out",
    "relu1.out",
    "pool1.out",
    "flatten1.out",
    "fc1.out",
    "probs",
    "grad.fc1.out",
    "grad.fc1.weight",
    "grad.fc1.bias",
    "grad.flatten1.out",
    "grad.pool1.out",
    "grad.relu1.out",
    "grad.conv1.out",
    "grad.conv1.weight",
    "grad.conv1.bias",
    "grad.x",
  ]);
});

test("every gradient has the shape of what it is the gradient of", () => {
  const { tensors } = traceOf(oneConv());
  for (const [name, { shape }] of Object.entries(tensors)) {
    if (name.startsWith("grad.")) expect(shape, name).toEqual(tensors[name.slice(5)].shape);
  }
});

describe("forward, and then backward", () => {
  test.each([
    ["in training", {}],
    ["in evaluation", EVALUATION],
    ["at a later step", { seed: 7, step: 5 }],
    ["without the input's gradient", { inputGradient: false }],
  ])("is what a trace is: %s", (_, options) => {
    const model = defineModel(withBranches);
    const parameters = randomParameters(model, 3);
    const x = normals([4, ...model.inputShape], 3, "x");
    const labels = [1, 0, 2, 1];
    const { tensors, circumstances } = trace(model, parameters, x, labels, options);
    const outputs = forward(model, parameters, x, circumstances);
    const gradients = backward(model, { ...parameters, ...outputs, x }, labels, options);
    const { probs, ...all } = tensors;
    expect({ x, ...parameters, ...outputs, ...gradients }).toEqual(all);
    expect(Object.keys(gradients)).toEqual(Object.keys(all).filter((name) => name.startsWith("grad.")));
  });

  test("what is missing or of another shape is said", async () => {
    const { model, x, parameters, tensors } = traceOf(oneConv());
    const { "pool1.out": pooled, ...others } = tensors;
    const run = (given: NamedTensors, labels = [1, 0]) => backward(model, given, labels);
    await expectInputError(
      () => run(others),
      /^The output pool1\.out is missing; forward gives all of them\.$/,
    );
    await expectInputError(
      () => run({ ...others, "pool1.out": tensors["relu1.out"] }),
      /^The output pool1\.out has shape \[2, 8, 26, 26\], but of 2 images it has \[2, 8, 13, 13\]\.$/,
    );
    await expectInputError(() => run({ x, ...parameters }), /conv1\.out is missing/);
    await expectInputError(() => run({ ...tensors, x: pooled }), /^The batch x has shape/);
    const branches = defineModel(withBranches);
    const drawn = randomParameters(branches, 1);
    const one = normals([1, 2, 6, 6], 1, "x");
    const alone = { x: one, ...drawn, ...forward(branches, drawn, one, EVALUATION) };
    expect(Object.keys(backward(branches, alone, [0], EVALUATION))).toContain("grad.x");
    const narrow = defineModel(narrowNorm);
    const few = { x: normals([1, 1, 2, 2], 1, "x"), ...randomParameters(narrow, 1) };
    const { x: single, ...own } = few;
    const seen = { ...few, ...forward(narrow, own, single, EVALUATION) };
    await expectInputError(
      () => backward(narrow, seen, [0]),
      /needs at least 2 images in a batch to train on/,
    );
    await expectInputError(() => run(tensors, [1]), /^The labels must be a list of 2 class numbers/);
    await expectInputError(
      () => backward(model, tensors, [1, 0], { stepp: 1 } as object),
      /^The backward pass: unknown option "stepp".*"step"/,
    );
  });
});

describe("without the input's gradient", () => {
  test.each([
    [
      "a layer that learns comes first",
      sequential([1, 6, 6], [conv2d({ filters: 2, kernel: 3 }), relu(), flatten(), dense({ units: 2 })]),
    ],
    [
      "others come before it",
      sequential(
        [1, 6, 6],
        [maxPool2d({ size: 2 }), relu(), flatten(), dense({ units: 3 }), dense({ units: 2 })],
      ),
    ],
  ])("where %s: the same gradients of the parameters, and no more than they need", (_, spec) => {
    const all = traceOf(spec);
    const some = traceOf(spec, { inputGradient: false });
    expect(parameterGradients(some)).toEqual(parameterGradients(all));
    expect(Object.keys(parameterGradients(some))).toEqual(
      all.model.parameters.map(({ fullName }) => fullName),
    );
    expect(Object.keys(some.tensors)).not.toContain("grad.x");
    for (const [name, one] of Object.entries(some.tensors)) expect(one, name).toEqual(all.tensors[name]);
  });
});

test("a trace leaves the input and the parameters alone", () => {
  const { parameters, x, model, labels } = traceOf(oneConv());
  const before = copyAll({ x, ...parameters });
  trace(model, parameters, x, labels);
  expect({ x, ...parameters }).toEqual(before);
});

test("all results have the dtype of the input", () => {
  const { parameters, x, model, labels } = traceOf(oneConv());
  for (const dtype of ["float32", "float64"] as const) {
    const { x: input, ...rest } = copyAll({ x, ...parameters }, dtype);
    const { tensors } = trace(model, rest, input, labels);
    expect(Object.values(tensors).map(dtypeOf)).toEqual(Object.keys(tensors).map(() => dtype));
  }
});

test("an image's results do not depend on the others in its batch", () => {
  const { parameters, x, model, tensors } = traceOf(oneConv());
  const size = x.data.length / 2;
  for (const n of [0, 1]) {
    const one = { shape: [1, ...model.inputShape], data: x.data.slice(n * size, (n + 1) * size) };
    const outputs = forward(model, parameters, one);
    for (const [name, { data }] of Object.entries(outputs)) {
      const both = tensors[name].data;
      expect(data, name).toEqual(both.slice((n * both.length) / 2, ((n + 1) * both.length) / 2));
    }
    expect(logits(model, parameters, one, FIRST_STEP)).toEqual(outputs["fc1.out"]);
  }
});

test("an update goes against the gradient, by the learning rate, and changes nothing else", () => {
  const step = traceOf(oneConv());
  const before = copyAll(step.tensors);
  const updated = withUpdate(step, 0.5);
  expect(step.tensors).toEqual(before);
  expect(updated.learningRate).toBe(0.5);
  const names = Object.keys(updated.tensors).filter((name) => !(name in before));
  expect(names).toEqual(step.model.parameters.map(({ fullName }) => `new.${fullName}`));
  for (const name of names) {
    const [old, gradient] = [before[name.slice(4)], before[`grad.${name.slice(4)}`]];
    expect(updated.tensors[name]).toEqual({
      shape: old.shape,
      data: old.data.map((value, k) => value - 0.5 * gradient.data[k]),
    });
  }
});

test("classes, loss and learning rate are tensors, too, in their places", () => {
  const step = withUpdate(traceOf(oneConv()), 0.5);
  const tensors = tensorsOf(step);
  expect(tensors.y).toEqual({ shape: [2], data: Float64Array.of(1, 0) });
  expect(tensors.loss).toEqual({ shape: [], data: Float64Array.of(step.loss) });
  expect(tensors.lr).toEqual({ shape: [], data: Float64Array.of(0.5) });
  const names = Object.keys(tensors);
  expect(names.slice(0, 3)).toEqual(["x", "y", "conv1.weight"]);
  expect(names[names.indexOf("probs") + 1]).toBe("loss");
});
