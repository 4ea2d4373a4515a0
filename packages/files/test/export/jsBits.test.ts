import { builtIn, type ModelSpec, sizeOf } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { few, sampleOf } from "../../../../test/support/long.js";
import { losses, smallNetworks } from "../../../core/test/support/engineCases.js";
import { drawnImages, drawnNetwork, imported, strictEngine, strictly } from "../support/exported.js";

/* An exported module computes what a strict engine computes, to the last bit: one image, and several. */

const networks: Readonly<Record<string, ModelSpec>> = {
  "one-conv": builtIn("one-conv"),
  lenet5: builtIn("lenet5", { input: few([1, 16, 16], [1, 28, 28]) }),
  convnet: builtIn("convnet", { input: [3, 12, 14] }),
  resnet: builtIn("resnet", { width: 4, input: [3, 16, 16] }),
  ...smallNetworks,
};
const seeds = few([1], [1, 2, 3]);
const builtIns = Object.keys(networks).slice(0, 4);
const cases = [...sampleOf(builtIns, 2), ...sampleOf(Object.keys(networks).slice(4), 3)].flatMap((name) =>
  seeds.map((seed) => [name, seed] as const),
);

describe("the bits of a strict engine", () => {
  test.each(cases)("%s, seed %i", async (name, seed) => {
    const saved = drawnNetwork(networks[name], seed);
    const says = await strictEngine(saved);
    const module = await imported(saved);
    const size = sizeOf(saved.model.inputShape);
    const images = drawnImages(saved.model, 11, seed);
    const one = images.subarray(0, size);
    const [alone] = await says(one);
    // probabilities that are 1 and 0 would hide what the scores are
    expect(alone.probability).toBeLessThan(1);
    expect(module.predict(one)).toEqual(alone);
    for (const count of [11, 2]) {
      const several = images.subarray(0, count * size);
      expect(module.predictBatch(several)).toEqual(await says(several));
    }
    // and again, after batches, from numbers, and from clamped bytes
    expect(module.predict(Float32Array.from(one, (value) => value / 255))).toEqual(alone);
    expect(module.predict(new Uint8ClampedArray(one))).toEqual(alone);
    expect(module.predictBatch(one)).toEqual([alone]);
    const numbers = Float32Array.from(images, (value) => value / 255);
    expect(module.predictBatch(numbers)).toEqual(module.predictBatch(images));
  });

  test.each(losses)("the loss $type", async (loss) => {
    const saved = drawnNetwork({ ...builtIn("one-conv", { input: [1, 8, 8] }), loss }, 5);
    const images = drawnImages(saved.model, 3, 5);
    const module = await imported(saved);
    expect(module.predictBatch(images)).toEqual(await strictly(saved, images));
  });

  test("each channel's own mean and deviation", async () => {
    const normalize = { mean: [0.1, 0, 0.33], std: [1, 0.27, 0.5] };
    const saved = drawnNetwork({ ...builtIn("one-conv", { input: [3, 7, 9] }), normalize }, 6);
    const images = drawnImages(saved.model, 9, 6);
    const module = await imported(saved);
    expect(module.predictBatch(images)).toEqual(await strictly(saved, images));
    expect(module.predictBatch(Float32Array.from(images, (value) => value / 255))).toEqual(
      await strictly(saved, images),
    );
  });
});
