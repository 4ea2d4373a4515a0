import { expect } from "vitest";
import { few } from "../../../../test/support/long.js";
import { testWithMnist } from "../../../../test/support/needs.js";
import { oneConv } from "../../src/builtIn.js";
import { firstOf, subset } from "../../src/data/dataset.js";
import { loadDataset } from "../../src/node/datasets.js";
import { evaluate } from "../../src/training/evaluate.js";
import { fit } from "../../src/training/fit.js";
import { createReferenceEngine } from "../support/referenceEngine.js";

const COUNT = few(800, 4_000);

testWithMnist(
  `one-conv learns MNIST's digits from ${COUNT} images in one epoch`,
  async () => {
    const { train } = await loadDataset("mnist");
    const engine = await createReferenceEngine(oneConv({ filters: few(4, 8) }));
    const { epochs } = await fit(engine, firstOf(train, COUNT), { epochs: 1, batchSize: few(8, 16) });
    // on training images that it hasn't seen: the test set is for the end
    const others = Array.from({ length: few(300, 1_000) }, (_, k) => 50_000 + k);
    const { accuracy, loss } = await evaluate(engine, subset(train, others));
    expect(epochs[0].accuracy).toBeGreaterThan(few(0.6, 0.75));
    expect(accuracy).toBeGreaterThan(few(0.8, 0.9));
    expect(loss).toBeLessThan(few(0.6, 0.4));
  },
  300_000,
);
