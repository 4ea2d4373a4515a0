import { expect, test } from "vitest";
// threads run the built worker
import { createEngine, type EngineOptions, type FitOptions, fit, Training } from "../../dist/index.js";
import { augmented, createAugmenter } from "../../src/augment/augmenter.js";
import { resolveAugment } from "../../src/augment/options.js";
import type { Dataset } from "../../src/data/dataset.js";
import { bars, barsNetwork } from "../support/bars.js";
import { checksum } from "../support/checksum.js";

/*
 * Images that are changed inside the training threads: the same bits on any number of them, in pieces, and with what the library
 * gives for an epoch's images.
 */

const data = bars(45);
const settings = {
  ...{ epochs: 2, learningRate: 0.02, seed: 4, batchSize: 20 },
  augment: { shift: 1, rotate: 20, flip: true, erase: 0.3, contrast: 0.2 },
} satisfies FitOptions;

async function train(options: EngineOptions, more: FitOptions = {}, from: Dataset = data) {
  const engine = await createEngine(barsNetwork, { strict: true, ...options });
  try {
    const { epochs } = await fit(engine, from, { ...settings, ...more });
    return { sum: checksum(engine.parameters()), losses: epochs.map(({ loss }) => loss) };
  } finally {
    await engine.close();
  }
}

test.each([{ batchSize: 20 }, { batchSize: 1, epochs: 1 }, { batchSize: 7, epochs: 1 }])(
  "%o: the same bits on any number of threads",
  async (more) => {
    const none = await train({ threads: 0 }, more);
    expect(await train({ threads: 3 }, more)).toEqual(none);
  },
);

test("other bits than without, but none of it gives those", async () => {
  const plain = await train({ threads: 0 }, { augment: undefined });
  expect((await train({ threads: 0 })).sum).not.toBe(plain.sum);
  expect(await train({ threads: 0 }, { augment: { shift: 0, flip: false } })).toEqual(plain);
});

/** The data as an epoch sees them, in the library's words. */
function changedBy(epoch: number): Dataset {
  const augmentation = resolveAugment(settings.augment, data.shape) ?? {};
  const augment = createAugmenter(augmentation, data.shape, settings.seed);
  return { ...data, images: augmented(augment, data.images, data.shape, [...data.labels.keys()], epoch) };
}

test.each([
  ["reference", { engine: "reference" }],
  ["wasm", { threads: 2 }],
] as const)("%s: as trained on images that were changed before", async (_, options) => {
  const first = await train(options, { epochs: 1, schedule: "constant" });
  const before = await train(options, { epochs: 1, schedule: "constant", augment: undefined }, changedBy(1));
  expect(first).toEqual(before);
});

test("each epoch sees other ones, and in pieces the same", async () => {
  expect(changedBy(1).images).not.toEqual(changedBy(2).images);
  const whole = await train({ threads: 2 });
  const engine = await createEngine(barsNetwork, { threads: 1, strict: true });
  const first = await Training.open(engine, data, settings);
  await first.advance();
  await first.advance(1);
  const state = structuredClone(await first.state());
  await first.close();
  const training = await Training.open(engine, data, settings, state);
  while (!training.done) await training.advance(1);
  await training.close();
  expect(checksum(engine.parameters())).toBe(whole.sum);
  await engine.close();
});

test("what can't be done to such images is refused in a sentence", async () => {
  const wrong = (augment: FitOptions["augment"]) => train({ engine: "reference" }, { augment });
  await expect(wrong({ shift: 10 })).rejects.toThrow(
    /^Training: augment.shift must be below 10, the images' smaller side, not 10\.$/,
  );
  await expect(wrong({ rotate: 200 })).rejects.toThrow(/^Training: augment.rotate must be .* not 200\.$/);
});
