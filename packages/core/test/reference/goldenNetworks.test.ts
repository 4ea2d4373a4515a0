import { describe, expect, test } from "vitest";
import { defineModel, type Model, type ModelSpec } from "../../src/graph/model.js";
import { trace } from "../../src/reference/trace.js";
import { copyAll, type DType, dtypeOf, type NamedTensors } from "../../src/tensor.js";
import { EPSILON, expectTensor, expectWithin } from "../support/compare.js";
import { goldenFiles, readGolden } from "../support/goldenFile.js";
import { sumLengths } from "../support/sumLengths.js";

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
