import { expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
// threads run the built worker
import {
  createEngine,
  defineModel,
  initialParameters,
  type LossSpec,
  withClassWeights,
} from "../../dist/index.js";
import { loadBatch } from "../../src/data/batch.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { trace } from "../../src/reference/trace.js";
import { copyAll } from "../../src/tensor.js";
import { checksum } from "../support/checksum.js";
import { expectWithin } from "../support/compare.js";
import { randomImages } from "../support/engineCases.js";

/*
 * Two steps of plain descent with each loss and its options, on every engine and on threads: the steps are the textbook's, to a
 * few roundings, and the same bits on any number of threads; in whole and short batches and with one image at a time. `npm test`
 * takes each loss with one of these sizes, each size with some losses.
 */

const LEARNING_RATE = 0.25;

const losses: readonly (readonly [LossSpec, readonly number[] | undefined])[] = [
  [{ type: "softmaxCrossEntropy", labelSmoothing: 0.2 }, undefined],
  [{ type: "softmaxCrossEntropy" }, [0.5, 2, 1.25, 4, 1]],
  [{ type: "softmaxCrossEntropy", labelSmoothing: 0.3 }, [0.5, 2, 1.25, 4, 1]],
  [{ type: "meanSquaredError" }, undefined],
  [{ type: "meanSquaredError" }, [0.5, 2, 1.25, 4, 1]],
  [{ type: "binaryCrossEntropy" }, undefined],
  [{ type: "binaryCrossEntropy" }, [0.5, 2, 1.25, 4, 1]],
];

const rows = losses.flatMap(([loss, weights], k) =>
  few([[1, 3, 20][k % 3]], [1, 3, 20]).map((batchSize) => [loss, weights, batchSize] as const),
);

test.each(rows)("%j, class weights %j, batches of %i", async (loss, classWeights, batchSize) => {
  const model = defineModel({
    input: [1, 6, 5],
    layers: [
      { type: "conv2d", filters: 4, kernel: 3 },
      { type: "tanh" },
      { type: "flatten" },
      { type: "dense", units: 5 },
    ],
    loss,
  });
  const start = initialParameters(model, 7);
  const count = batchSize === 1 ? 2 : 2 * batchSize - 1;
  const data = randomImages(model, count, 3);
  const order = Uint32Array.from({ length: count }, (_, n) => count - 1 - n);

  const weighted = classWeights ? withClassWeights(model, classWeights) : model;
  const parameters = copyAll(start, "float64");
  let total = 0;
  for (let from = 0; from < count; from += batchSize) {
    const indices = order.subarray(from, from + batchSize);
    const x = loadBatch(data.images, model.inputShape, indices, model.normalize, "float64");
    const step = trace(
      weighted,
      parameters,
      x,
      Array.from(indices, (index) => data.labels[index]),
    );
    total += step.loss * indices.length;
    for (const [name, { data: w }] of Object.entries(parameters)) {
      for (let k = 0; k < w.length; k++) w[k] -= LEARNING_RATE * step.tensors[`grad.${name}`].data[k];
    }
  }

  const bits = new Set<string>();
  for (const options of [
    { engine: "reference" },
    ...[0, ...few(batchSize === 3 ? [1] : [3], [1, 3])].map(
      (threads) => ({ engine: "wasm", threads, strict: true }) as const,
    ),
    { engine: "wasm", threads: 0 },
  ] as const) {
    const engine = await createEngine(model.spec, { ...options, parameters: start });
    const run = await engine.startTraining(data, {
      batchSize,
      optimizer: resolveOptimizer({ type: "sgd", momentum: 0 }),
      classWeights,
    });
    const totals = await run.epoch(order, new Float64Array(2).fill(LEARNING_RATE));
    expectWithin("loss", [totals.loss], [total], 2e-6 * total);
    const trained = engine.parameters();
    for (const [name, { data: w }] of Object.entries(parameters)) {
      expectWithin(name, trained[name].data, w, 2e-6);
    }
    if (engine.name === "wasm" && engine.strict) bits.add(checksum(trained));
    await run.close();
    await engine.close();
  }
  expect(bits.size).toBe(1);
});
