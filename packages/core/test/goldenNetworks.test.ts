import { describe, expect, test } from "vitest";
import { defineModel, type Model, type ModelSpec } from "../src/model.js";
import { trace } from "../src/reference/trace.js";
import { copyAll, type DType, dtypeOf, type NamedTensors, sizeOf } from "../src/tensor.js";
import { EPSILON, expectTensor, expectWithin } from "./support/compare.js";
import { goldenFiles, readGolden } from "./support/goldenFile.js";

/*
 * Every number of a step, forward and backward, against PyTorch's in float64 (golden/make_golden.py).
 *
 * The bound. A sum of n products whose factors are each off by a relative e is off by at most about
 * (n + 2) e sum|terms|; through several layers these add up. Terms are rarely larger than the largest sum in the same
 * tensor, and their errors mostly cancel, so
 *
 *   |value - golden value| <= L e max|tensor|      L: the lengths of all sums on the way to that tensor, added up
 *
 * where e is the distance from 1 to the next number in the dtype. For float64 this comes to 1e-14 to 1e-13 of the
 * largest value, for float32 to 1e-5 to 1e-4. A wrong index or factor is off by about 1. Forward, the way to a tensor
 * leads through the layers before it; backward through all layers, the softmax and then back, where a weight's gradient
 * is a sum over the batch and all cells of the output.
 */

/** How many products are added up for one output of each layer. Layers that only move numbers have none. */
function forwardLengths(model: Model): number[] {
  return model.layers.map(({ parameters: [weight] }) => (weight ? weight.fanIn + 1 : 0));
}

/** L, for each tensor of a trace. */
function sumLengths(model: Model, batch: number): Record<string, number> {
  const lengths: Record<string, number> = {};
  let total = 1;
  for (const [index, length] of forwardLengths(model).entries()) {
    total += length;
    lengths[`${model.layers[index].name}.out`] = total;
  }
  total += model.classes.length;
  lengths.probs = total;
  lengths.loss = total + batch;
  for (const layer of [...model.layers].reverse()) {
    lengths[`grad.${layer.name}.out`] = total;
    const [weight] = layer.parameters;
    const meetings = weight ? batch * (sizeOf(layer.outputShape) / weight.shape[0]) : 0;
    for (const { fullName } of layer.parameters) lengths[`grad.${fullName}`] = total + meetings;
    // An input cell goes into at most as many sums as there are weights in a kernel, for each filter. Where pooling
    // windows overlap, a winner collects from several.
    total += weight ? sizeOf(weight.shape.toSpliced(1, 1)) : layer.spec.type === "maxPool2d" ? 4 : 0;
  }
  lengths["grad.x"] = total;
  return lengths;
}

interface GoldenNetwork {
  readonly spec: ModelSpec;
  readonly labels: readonly number[];
}

const networks = goldenFiles("network-");

test("there are golden files of all networks", () => {
  expect(networks.length).toBeGreaterThanOrEqual(11);
});

describe.each(networks)("%s", (file) => {
  const { about, tensors: golden } = readGolden<GoldenNetwork>(file);
  const model = defineModel(about.spec);

  const traceIn = (dtype: DType) => {
    const { x, ...parameters } = copyAll(inputsOf(model, golden), dtype);
    return trace(model, parameters, x, about.labels);
  };

  test.each(["float64", "float32"] as const)("is PyTorch's in %s", (dtype) => {
    const { tensors, loss } = traceIn(dtype);
    const lengths = sumLengths(model, about.labels.length);
    for (const [name, expected] of Object.entries(golden)) {
      if (name === "loss") continue;
      if (name in lengths) {
        expect(dtypeOf(tensors[name]), name).toBe(dtype);
        expectTensor(name, tensors[name], expected, lengths[name] * EPSILON[dtype]);
      } else {
        expectTensor(name, tensors[name], expected, 0); // an input
      }
    }
    const expected = golden.loss.data[0];
    expectWithin("loss", [loss], [expected], lengths.loss * EPSILON[dtype] * Math.max(1, expected));
  });

  test("holds every tensor that PyTorch has, and no other", () => {
    const { tensors } = traceIn("float64");
    expect([...Object.keys(tensors), "loss"].sort()).toEqual(Object.keys(golden).sort());
  });
});

function inputsOf(model: Model, golden: NamedTensors): NamedTensors {
  const names = ["x", ...model.parameters.map(({ fullName }) => fullName)];
  return Object.fromEntries(names.map((name) => [name, golden[name]]));
}
