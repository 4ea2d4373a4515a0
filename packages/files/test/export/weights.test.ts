import { builtIn, fold, type SavedModel } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { toHalf, withWeights } from "../../src/export/js/pack.js";
import { fromHalf } from "../../src/export/js/runtime/weights.js";
import { drawnImages, drawnNetwork, imported, strictly } from "../support/exported.js";

const resnet = () => drawnNetwork(builtIn("resnet", { width: 4, input: [3, 16, 16] }), 4);

describe("float16", () => {
  test("each finite one is what IEEE 754 says, and comes back", () => {
    for (let half = 0; half < 0x8000; half++) {
      const [exponent, fraction] = [half >> 10, half & 1023];
      if (exponent === 31) continue;
      const value = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
      if (fromHalf(half) !== value || fromHalf(half | 0x8000) !== -value) expect.fail(`half ${half}`);
      if (toHalf(value, "w") !== half || toHalf(-value, "w") !== (half | 0x8000)) expect.fail(`of ${value}`);
    }
  });

  test("what lies between two becomes the nearer, and the middle the even one", () => {
    for (let half = 0; half < 0x7bff; half++) {
      const [below, above] = [fromHalf(half), fromHalf(half + 1)];
      const middle = (below + above) / 2;
      const nearer = [
        Math.fround(below + 0.49 * (above - below)),
        Math.fround(below + 0.51 * (above - below)),
      ];
      const even = half % 2 === 0 ? half : half + 1;
      if (toHalf(middle, "w") !== even) expect.fail(`the middle above half ${half}`);
      if (toHalf(nearer[0], "w") !== half || toHalf(nearer[1], "w") !== half + 1) expect.fail(`near ${half}`);
    }
  });

  test("a weight beyond the largest is refused, by its name", async () => {
    const saved = drawnNetwork(builtIn("one-conv"), 1);
    saved.parameters["fc1.weight"].data[7] = -65520;
    await expect(imported(saved, { weights: "f16" })).rejects.toThrow(
      "fc1.weight has a weight of -6.55e+4, beyond 65504, the largest that a float16 holds; keep the weights as f32.",
    );
    saved.parameters["fc1.weight"].data[7] = -65519;
    expect(withWeights(saved, "f16").parameters["fc1.weight"].data[7]).toBe(-65504);
  });
});

describe("int8", () => {
  test("each output channel in whole steps of its largest weight's 127th part, biases as they were", () => {
    const saved = resnet();
    const { model, parameters } = fold(saved);
    const { parameters: kept } = withWeights(saved, "int8");
    let weights = 0;
    for (const { fullName, shape, fanIn } of model.parameters) {
      const [before, after] = [parameters[fullName].data, kept[fullName].data];
      if (fanIn === 0) {
        expect(after).toEqual(before);
        continue;
      }
      const length = before.length / shape[0];
      for (let row = 0; row < shape[0]; row++) {
        const own = before.subarray(row * length, (row + 1) * length);
        const scale = Math.fround(Math.max(...own.map(Math.abs)) / 127);
        own.forEach((value, k) => {
          const whole = Math.max(-127, Math.min(127, Math.round(value / scale)));
          if (after[row * length + k] !== Math.fround(whole * scale)) expect.fail(`${fullName}, row ${row}`);
          weights++;
        });
      }
    }
    expect(weights).toBeGreaterThan(5000);
  });

  test("a channel that is all zero stays so", async () => {
    const saved = drawnNetwork(builtIn("one-conv", { input: [1, 8, 8] }), 2);
    saved.parameters["conv1.weight"].data.fill(0, 9, 18);
    saved.parameters["conv1.weight"].data.fill(1e-45, 18, 27);
    const data = withWeights(saved, "int8").parameters["conv1.weight"].data;
    expect(data.every(Number.isFinite)).toBe(true);
    expect(data.subarray(9, 18).every((value) => value === 0)).toBe(true);
  });
});

test.each(["f16", "int8"] as const)(
  "a module computes with just the weights that it keeps: %s",
  async (weights) => {
    const networks: SavedModel[] = [resnet(), ...few([], [drawnNetwork(builtIn("lenet5"), 3)])];
    for (const saved of networks) {
      const images = drawnImages(saved.model, 9, 3);
      const kept = withWeights(saved, weights);
      const module = await imported(saved, { weights });
      expect(module.predictBatch(images)).toEqual(await strictly(kept, images));
      expect(module.predictBatch(images)).not.toEqual(await strictly(saved, images));
    }
  },
);

test.each([
  ["f32", 90_000],
  ["f16", 50_000],
  ["int8", 35_000],
] as const)("one-conv with weights as %s takes at most %i bytes", async (weights, most) => {
  const { defineModel, initialParameters } = await import("unravel-cnn");
  const { exportModel } = await import("../../src/index.js");
  for (const seed of [0, 1, 2]) {
    const model = defineModel(builtIn("one-conv"));
    const saved = { model, parameters: initialParameters(model, seed) };
    const [module] = await exportModel(saved, "js", { weights });
    expect(module.bytes.length).toBeLessThanOrEqual(most);
  }
});
