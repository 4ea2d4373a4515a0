import { describe, expect, test } from "vitest";
import { few, sampleOf } from "../../../../test/support/long.js";
import { offsetOf } from "../../src/cell.js";
import { flipped } from "../../src/check/mistakes/tools.js";
import { explain } from "../../src/explain/explain.js";
import { type CheckReport, checkArrays, defineModel, type ModelSpec, type Tensor } from "../../src/index.js";
import type { AnyLayer } from "../../src/layers/index.js";
import { shapesOfTrace } from "../../src/reference/names.js";
import { type Trace, tensorsOf, trace, withUpdate } from "../../src/reference/trace.js";
import { copyOf, dtypeOf, type NamedTensors, tensor } from "../../src/tensor.js";
import type { Arrays } from "../support/conventions.js";
import { randomParameters } from "../support/networks.js";
import { normals } from "../support/values.js";

/* Networks that are no chains, whose layers have names of their own: the model is given then. */

const RESIDUAL: ModelSpec = {
  input: [2, 7, 6],
  layers: [
    { type: "conv2d", filters: 2, kernel: 3, padding: 1, name: "stem" },
    { type: "relu" },
    { type: "conv2d", filters: 2, kernel: 3, padding: 1 },
    { type: "add", from: ["relu1", "conv2"] },
    { type: "relu" },
    { type: "averagePool2d", size: 3, stride: 2, padding: 1 },
    { type: "flatten" },
    { type: "dense", units: 4 },
  ],
};
const model = defineModel(RESIDUAL);

function stepOf(images: number, dtype: "float32" | "float64", of = model): Trace {
  const as = ({ shape, data }: Tensor) => tensor(shape, data, dtype);
  const parameters = randomParameters(of, images);
  for (const name of Object.keys(parameters)) parameters[name] = as(parameters[name]);
  const x = as(normals([images, ...of.inputShape], images, "x"));
  return withUpdate(trace(of, parameters, x, [1, 3, 0].slice(0, images)), 0.1);
}

const asArrays = (tensors: NamedTensors): Arrays =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, { ...t, dtype: dtypeOf(t) }]));
const check = (tensors: NamedTensors): CheckReport => checkArrays(asArrays(tensors), { model: RESIDUAL });
const RIGHT = { agrees: true, first: null, mistakes: [], unknownNames: [] };

/** The step as somebody computes it who adds the terms in the other order and rounds each product and each sum to float32. */
function addedBackwards(step: Trace): NamedTensors {
  const tensors = { ...step.tensors };
  for (const name of Object.keys(shapesOfTrace(model, step.labels.length))) {
    if (!/\.out$|^grad\.|^new\./.test(name)) continue;
    const sums = copyOf(tensors[name]);
    for (const index of indicesOf(sums.shape)) {
      const { terms } = explain({ ...step, tensors }, { tensor: name, index });
      sums.data[offsetOf(sums.shape, index)] = terms.reduceRight(
        (sum, { value }) => Math.fround(sum + Math.fround(value)),
        0,
      );
    }
    tensors[name] = sums;
  }
  return tensorsOf({ ...step, tensors });
}

const indicesOf = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>(
    (all, size) => all.flatMap((index) => Array.from({ length: size }, (_, k) => [...index, k])),
    [[]],
  );

type Functions = Pick<AnyLayer, "forward" | "inputGradients">;
type Mistake = (right: Functions) => Partial<Functions>;

const times = (t: Tensor, factor: (k: number) => number): Tensor => ({
  shape: t.shape,
  data: t.data.map((value, k) => value * factor(k)),
});

/** What comes back to the layer's inputs, each multiplied. */
const back =
  (factor: (input: number) => number): Mistake =>
  ({ inputGradients }) => ({
    inputGradients: (...given) => inputGradients(...given).map((way, k) => times(way, () => factor(k))),
  });

const meanOfCellsInside: Mistake = ({ forward }) => ({
  forward(layer, [x]) {
    const inside = forward(layer, [{ ...x, data: x.data.slice().fill(1) }], {});
    return times(forward(layer, [x], {}), (k) => 1 / inside.data[k]);
  },
});

const kernelNotFlipped: Mistake = ({ inputGradients }) => ({
  inputGradients: (layer, inputs, { weight }, g) =>
    inputGradients(layer, inputs, { weight: flipped(weight) }, g),
});

/** Of each mistake: the layer, the first array that is wrong, and what it is called. */
const MISTAKES: [about: string, layer: string, first: string, name: string, mistake: Mistake][] = [
  [
    "a skip path whose gradient is forgotten",
    "add1",
    "grad.relu1.out",
    "gradient-of-one-way",
    back((k) => k),
  ],
  ["a skip path that gets all the gradient", "conv2", "grad.relu1.out", "gradient-of-one-way", back(() => 0)],
  [
    "a wrong kernel on one of two ways",
    "conv2",
    "grad.relu1.out",
    "kernel-not-flipped-backward",
    kernelNotFlipped,
  ],
  ["an addition that overwrites", "add1", "add1.out", "unknown", () => ({ forward: (_, [, last]) => last })],
  ["a mean of the cells inside the image", "avgpool1", "avgpool1.out", "unknown", meanOfCellsInside],
  [
    "a mean's gradient that isn't divided",
    "avgpool1",
    "grad.relu2.out",
    "average-gradient-not-divided",
    back(() => 9),
  ],
  ["a mean's gradient divided by 8, not 9", "avgpool1", "grad.relu2.out", "unknown", back(() => 9 / 8)],
];

const STEPS = [
  [1, "float64"],
  [1, "float32"],
  [3, "float64"],
  [3, "float32"],
] as const;

const steps = sampleOf(STEPS, 1);

describe.each(steps)("a residual network on %i images in %s", (images, dtype) => {
  test("is right if it is as in the textbook", () => {
    const { arrays, ...report } = check(tensorsOf(stepOf(images, dtype)));

    expect(report).toMatchObject(RIGHT);
    expect(arrays.filter(({ status }) => status !== "agrees")).toEqual([]);
  });

  test("is right if only every other array is given", () => {
    const kept = Object.entries(tensorsOf(stepOf(images, dtype))).filter(
      ([name], k) => k % 2 === 0 || /^[a-z\d]+(\.weight|\.bias)?$/.test(name),
    );

    expect(check(Object.fromEntries(kept))).toMatchObject(RIGHT);
  });

  test.each(sampleOf(MISTAKES, 2))("%s is seen where it is made", (_, name, first, called, mistake) => {
    const layers = model.layers.map((layer) =>
      layer.name === name ? { ...layer, kind: { ...layer.kind, ...mistake(layer.kind) } } : layer,
    );

    const report = check(tensorsOf(stepOf(images, dtype, { ...model, layers })));

    expect(report.mistakes).toMatchObject([{ array: first, name: called, arrays: [first] }]);
    expect(report.arrays.filter(({ status }) => status === "differs")).toMatchObject([{ name: first }]);
  });
});

test.each(few([3], [1, 3]))("sums of %i images in float32 and another order are right", (images) => {
  expect(check(addedBackwards(stepOf(images, "float32")))).toMatchObject(RIGHT);
});

test("layers keep their names, and a number may be missing where there is one of a kind", () => {
  const { "avgpool1.out": pool, "grad.add1.out": add, ...others } = tensorsOf(stepOf(1, "float64"));

  const report = check({ ...others, "avgpool.out": pool, "grad.add.out": add, "conv1.out": add });

  expect(report).toMatchObject({ ...RIGHT, unknownNames: ["conv1.out"] });
  expect(report.arrays.map(({ name, status }) => [name, status])).toEqual(
    expect.arrayContaining([
      ["stem.out", "agrees"],
      ["avgpool1.out", "agrees"],
      ["grad.add1.out", "agrees"],
    ]),
  );
  expect(() => check({ ...others, "relu.out": add })).toThrow(
    'The array "relu.out" has no number, but there are 2 layers of its kind; say which one it belongs to.',
  );
});

test("without a model such networks are refused in a sentence", () => {
  const tensors = tensorsOf(stepOf(1, "float64"));
  const only = (...names: string[]) =>
    asArrays(Object.fromEntries(names.map((name) => [name, tensors[name]])));

  expect(() => checkArrays(asArrays(tensors))).toThrow(
    "A network with layers like add1 can't be worked out from the shapes; give it with --model.",
  );
  expect(() => checkArrays(only("x", "fc1.weight", "grad.add1.out"))).toThrow("layers like add1 can't");
  expect(() => checkArrays(only("x", "stem.weight"))).toThrow("give the network with --model");
});
