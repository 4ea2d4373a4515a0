import { describe, expect, test } from "vitest";
import { batchNorm2d, conv2d, dense, flatten, relu, sequential } from "../../src/builders.js";
import {
  checkArrays,
  defineModel,
  EVALUATION,
  type NamedTensors,
  tensorsOf,
  trace,
} from "../../src/index.js";
import { randomParameters } from "../support/networks.js";

/* What a network with running means and variances computes when it is used, not trained: `unravel explain --trace` writes that. */

const model = defineModel(
  sequential(
    [1, 8, 8],
    [conv2d({ filters: 3, kernel: 3 }), batchNorm2d(), relu(), flatten(), dense({ units: 3 })],
  ),
);
const running = Object.fromEntries(
  model.state.map(({ fullName, shape, initial }) => [
    fullName,
    { shape, data: Float64Array.from({ length: shape[0] }, (_, c) => (initial || -0.3) * (1 + c / 5)) },
  ]),
);
const parameters = { ...randomParameters(model, 1), ...running };
const x = {
  shape: [2, 1, 8, 8],
  data: Float64Array.from({ length: 128 }, (_, k) => ((k * k * 37) % 101) / 101),
};
const used = tensorsOf(trace(model, parameters, x, [2, 0], EVALUATION));
const trained = tensorsOf(trace(model, parameters, x, [2, 0]));

const check = (arrays: NamedTensors, spec = false) =>
  checkArrays(
    Object.fromEntries(
      Object.entries(arrays).map(([name, { shape, data }]) => [
        name,
        { shape, data, dtype: "float64" as const },
      ]),
    ),
    spec ? { model: model.spec } : {},
  );

describe.each([
  ["worked out from the shapes", false],
  ["given", true],
])("the network %s", (_, given) => {
  test("by the running statistics, forward and back: no mistake, and said", () => {
    const { agrees, conventions, arrays } = check(used, given);
    expect(agrees).toBe(true);
    expect(arrays.find(({ name }) => name === "grad.norm1.weight")?.status).toBe("agrees");
    expect(conventions.map(({ name }) => name)).toContain("running-statistics");
  });

  test("by the batch's own: nothing to say of running ones", () => {
    const { agrees, conventions } = check(trained, given);
    expect(agrees).toBe(true);
    expect(conventions.map(({ name }) => name)).not.toContain("running-statistics");
  });
});

test("forward by the running ones, back as in training: seen where it begins", () => {
  const grad = trained["grad.conv1.out"];
  const { agrees, first } = check({ ...used, "grad.conv1.out": grad }, true);
  expect(agrees).toBe(false);
  expect(first).toBe("grad.conv1.out");
});
