import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { oneConv } from "../../src/builtIn.js";
import { fold } from "../../src/graph/fold.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import { EVALUATION, logits } from "../../src/reference/trace.js";
import { copyAll } from "../../src/tensor.js";
import { randomParameters } from "../support/networks.js";
import { normNetworks } from "../support/normNetworks.js";
import { cases, seeds } from "../support/properties.js";
import { normals } from "../support/values.js";

const folded = (spec: ModelSpec, seed = 1) => {
  const model = defineModel(spec);
  return fold({ model, parameters: randomParameters(model, seed) });
};

test("a folded network gives the scores of the whole one, and has no dropout and no norm that a layer before it can do", () => {
  let without = 0;
  fc.assert(
    fc.property(normNetworks, seeds, (model, seed) => {
      const parameters = copyAll(randomParameters(model, seed), "float64");
      const before = copyAll(parameters);
      const small = fold({ model, parameters });
      expect(parameters).toEqual(before);
      const x = normals([3, ...model.inputShape], seed, "x");
      const right = logits(model, parameters, x, EVALUATION);
      const own = logits(small.model, small.parameters, x, EVALUATION);
      const size = Array.from(right.data).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      for (const [k, value] of right.data.entries())
        expect(Math.abs(own.data[k] - value)).toBeLessThan(1e-11 * size);
      for (const { spec, inputs } of small.model.layers) {
        expect(spec.type).not.toBe("dropout");
        if (!spec.type.startsWith("batchNorm")) continue;
        const giver = small.model.producers.get(inputs[0]);
        const users = small.model.uses.get(inputs[0]) ?? [];
        const canBeMerged = giver && ["conv2d", "dense"].includes(giver.spec.type) && users.length === 1;
        // of two norms in a row only the first is merged
        if (canBeMerged) expect(hasNormBefore(model, giver?.name ?? "")).toBe(true);
      }
      if (small.model.layers.every(({ state }) => state.length === 0)) without += 1;
    }),
    cases(few(20, 60)),
  );
  expect(without).toBeGreaterThan(few(2, 8));
});

/** Whether a norm stood right behind a layer before folding. */
const hasNormBefore = (model: ReturnType<typeof defineModel>, name: string) =>
  model.layers.some(({ spec, inputs }) => spec.type.startsWith("batchNorm") && inputs[0] === `${name}.out`);

describe("what a folded network looks like", () => {
  test("a bias where there was none, numbers without gaps, names as they were given", () => {
    const { model, parameters } = folded({
      input: [1, 6, 6],
      layers: [
        { type: "conv2d", filters: 2, kernel: 3, padding: 1, bias: false },
        { type: "batchNorm2d" },
        { type: "relu", name: "stem" },
        { type: "batchNorm2d" },
        { type: "dropout" },
        { type: "conv2d", filters: 2, kernel: 1 },
        { type: "batchNorm2d" },
        { type: "add", from: ["norm3", "stem", "dropout1"] },
        { type: "flatten" },
        { type: "dense", units: 3 },
      ],
    });
    expect(model.spec.layers).toEqual([
      { type: "conv2d", filters: 2, kernel: 3, padding: 1, bias: true },
      { type: "relu", name: "stem" },
      { type: "batchNorm2d" },
      { type: "conv2d", filters: 2, kernel: 1, bias: true },
      { type: "add", from: ["conv2", "stem", "norm1"] },
      { type: "flatten" },
      { type: "dense", units: 3 },
    ]);
    expect(Object.keys(parameters).sort()).toEqual(
      [
        ...["conv1.bias", "conv1.weight", "conv2.bias", "conv2.weight", "fc1.bias", "fc1.weight"],
        ...["norm1.bias", "norm1.running_mean", "norm1.running_var", "norm1.weight"],
      ].sort(),
    );
  });

  test("a norm stays where somebody else takes what is before it", () => {
    const { model } = folded({
      input: [1, 4, 4],
      layers: [
        { type: "conv2d", filters: 2, kernel: 1 },
        { type: "batchNorm2d" },
        { type: "add", from: ["conv1", "norm1"] },
        { type: "flatten" },
        { type: "dense", units: 2 },
      ],
    });
    expect(model.layers.map(({ name }) => name)).toEqual(["conv1", "norm1", "add1", "flatten1", "fc1"]);
  });

  test("without such layers it is the very same", () => {
    const model = defineModel(oneConv());
    const parameters = randomParameters(model, 1);
    const same = fold({ model, parameters });
    expect(same.model).toBe(model);
    expect(same.parameters).toBe(parameters);
  });
});
