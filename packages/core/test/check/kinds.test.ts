import { describe, expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { type CheckReport, checkArrays, defineModel, type ModelSpec } from "../../src/index.js";
import { tensorsOf, trace, withUpdate } from "../../src/reference/trace.js";
import { copyAll, dtypeOf, type NamedTensors } from "../../src/tensor.js";
import { randomParameters } from "../support/networks.js";
import { normals } from "../support/values.js";

/* What the check says of kinds of layers for which it has no table of mistakes: right ones agree, and a wrong array is named. */

const spec: ModelSpec = {
  input: [2, 6, 5],
  layers: [
    { type: "tanh" },
    { type: "conv2d", filters: 4, kernel: 3, padding: 1, groups: 2 },
    { type: "silu" },
    { type: "conv2d", filters: 4, kernel: 2, groups: 4, from: "conv1" },
    { type: "gelu" },
    { type: "globalAveragePool2d" },
    { type: "concat", from: ["silu1", "tanh1"] },
    { type: "flatten" },
    { type: "dense", units: 3 },
    { type: "sigmoid" },
    { type: "concat", from: ["gap1", "sigmoid1"] },
    { type: "gelu", approximate: "tanh" },
    { type: "dense", units: 3 },
  ],
};
const model = defineModel(spec);

function stepIn(dtype: "float32" | "float64"): NamedTensors {
  const given = { x: normals([2, ...model.inputShape], 3, "x"), ...randomParameters(model, 4) };
  const { x, ...parameters } = copyAll(given, dtype);
  return tensorsOf(withUpdate(trace(model, parameters, x, [1, 2]), 0.1));
}

const check = (tensors: NamedTensors): CheckReport =>
  checkArrays(
    Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, { ...t, dtype: dtypeOf(t) }])),
    { model: spec },
  );

test.each(["float32", "float64"] as const)("what is right in %s agrees", (dtype) => {
  expect(check(stepIn(dtype))).toMatchObject({ agrees: true, first: null, mistakes: [] });
});

describe("a number that is wrong is found in", () => {
  const names = Object.keys(stepIn("float64")).filter(
    (name) => /\.out$|^grad\./.test(name) && !name.startsWith("new."),
  );

  test.each(sampleOf(names, 4))("%s", (name) => {
    const step = stepIn("float64");
    const data = step[name].data.slice();
    data[0] += 0.01;
    const { agrees, first } = check({ ...step, [name]: { ...step[name], data } });
    expect([agrees, first]).toEqual([false, name]);
  });
});
