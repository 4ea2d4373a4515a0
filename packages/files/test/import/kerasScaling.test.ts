import { expect, test } from "vitest";
import type { ImportedModel } from "../../src/import/format.js";
import { entry, importKeras, type KerasEntry, modelJson, sequential } from "../support/kerasJson.js";
import { expectRefused } from "../support/refused.js";

/* Layers of Keras that scale pixels before the network: what they make of pixels from 0 to 1 is the normalisation here. */

const input = entry("InputLayer", { batch_shape: [null, 3, 3, 2] });
const end = [entry("Flatten"), entry("Dense", { units: 3, use_bias: false })];
const kernel = { "dense/kernel": [18, 3] };
const importAll = (layers: readonly KerasEntry[], shapes = {}) =>
  importKeras(sequential(input, ...layers, ...end), { ...shapes, ...kernel });

function expectNormalize({ model }: ImportedModel, mean: readonly number[], std: readonly number[]): void {
  for (const [c, wanted] of mean.entries()) expect(model.normalize.mean[c]).toBeCloseTo(wanted, 6);
  for (const [c, wanted] of std.entries()) expect(model.normalize.std[c]).toBeCloseTo(wanted, 6);
}

const cases: readonly [string, KerasEntry[], number[], number[], white: number][] = [
  [
    "means and variances of bytes",
    [entry("Normalization", { axis: [-1], mean: [120, 102], variance: [3600, 2500] })],
    [120 / 255, 0.4],
    [60 / 255, 50 / 255],
    255,
  ],
  [
    "of numbers from 0 to 1, one for all channels",
    [entry("Normalization", { axis: -1, mean: 0.5, variance: 0.0625 })],
    [0.5, 0.5],
    [0.25, 0.25],
    1,
  ],
  [
    "of what Rescaling made of bytes, as Keras's EfficientNet has it",
    [
      entry("Rescaling", { scale: 1 / 255 }),
      entry("Normalization", { axis: 3, mean: [[[[0.485, 0.456]]]], variance: [0.229 ** 2, 0.224 ** 2] }),
    ],
    [0.485, 0.456],
    [0.229, 0.224],
    255,
  ],
  [
    "a variance of 0 counts as 1e-14, behind it a Rescaling",
    [
      entry("Normalization", { axis: -1, mean: 51, variance: [0, 2601] }),
      entry("Rescaling", { scale: 1e-7, offset: 1 }),
    ],
    [0.2 - 1 / 255, 0.2 - 51e7 / 255],
    [1 / 255, 51e7 / 255],
    255,
  ],
];

test.each(cases)("%s", async (_, layers, mean, std, white) => {
  const read = await importAll(layers);
  expectNormalize(read, mean, std);
  expect(read.remarks).toContain(
    `Layers at the start that scale pixels from 0 to ${white} became the normalisation of pixels.`,
  );
});

test("means and variances that were measured are weights", async () => {
  const shapes = { "normalization/mean": [2], "normalization/variance": [2] };
  const layers = [entry("Normalization", { axis: [-1], mean: null, variance: null, invert: false })];
  const { weights } = modelJson(undefined, shapes);
  const [a, b, c, d] = new Float32Array(weights.buffer);
  const isSmall = Math.max(c, d) <= 0.25 && Math.max(a, b) <= 1;
  const white = isSmall ? 1 : 255;
  const std = [Math.sqrt(c), Math.sqrt(d)];
  expectNormalize(
    await importAll(layers, shapes),
    [a / white, b / white],
    std.map((one) => one / white),
  );
});

test("what isn't at the start, or turns numbers back, is refused", async () => {
  const norm = (options: object) => entry("Normalization", { mean: 1, variance: 1, ...options });
  await expectRefused(
    importAll([entry("ReLU"), norm({})]),
    /layer "normalization" \(Normalization\): it can only be taken at the start/,
  );
  await expectRefused(importAll([norm({ invert: true })]), /its invert is true, which can't be taken/);
  await expectRefused(importAll([norm({ axis: 1 })]), /its axis is 1, but the channels' is 3/);
  await expectRefused(
    importAll([norm({ variance: -1 })]),
    /its variance is \[-1, ?-1\], but none is below 0/,
  );
  await expectRefused(importAll([norm({ mean: [1, 2, 3] })]), /its mean is .* one for each channel/);
});
