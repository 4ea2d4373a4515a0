import { describe, expect, test } from "vitest";
import { few, sampleOf } from "../../../../test/support/long.js";
// threads run the built worker
import { createEngine, type EngineOptions } from "../../dist/index.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { type OptimizerSpec, resolveOptimizer } from "../../src/optimizers/index.js";
import type { Decay } from "../../src/optimizers/optimizer.js";
import type { NamedTensors } from "../../src/tensor.js";
import { bars } from "../support/bars.js";
import { checksum } from "../support/checksum.js";

/*
 * Weight decay on weights only: a step moves weights as one with decay on all does, and biases and what norms learn as one without
 * decay does, to the last bit; in every engine and on any number of threads. PyTorch's numbers are in averages.test.ts.
 */

/** Long and short stretches, also of less than a vector, and one that begins in a chunk and ends in another. */
const spec: ModelSpec = {
  input: [1, 10, 10],
  layers: [
    { type: "conv2d", filters: 6, kernel: 3 },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "conv2d", filters: 5, kernel: 3 },
    { type: "flatten" },
    { type: "dense", units: 23 },
    { type: "batchNorm1d" },
    { type: "dense", units: 4 },
  ],
};
const model = defineModel(spec);
const start = initialParameters(model, 5);
// of zero there is nothing to decay
for (const { data } of Object.values(start)) for (let k = 0; k < data.length; k++) data[k] += 0.25;
const data = bars(12);
const order = Uint32Array.from({ length: 12 }, (_, n) => n);

async function stepOf(kind: EngineOptions, spec_: OptimizerSpec, ema?: number): Promise<NamedTensors> {
  const engine = await createEngine(spec, { ...kind, parameters: start });
  const run = await engine.startTraining(data, { batchSize: 12, optimizer: resolveOptimizer(spec_), ema });
  await run.epoch(order, Float64Array.of(0.05));
  const { parameters } = await run.state();
  await engine.close();
  return parameters;
}

const optimizers = [
  { type: "sgd", momentum: 0 },
  { type: "sgd", nesterov: true },
  { type: "adam" },
  { type: "adamw" },
] as const;

const rows: readonly (readonly [string, readonly EngineOptions[]])[] = [
  ["reference", [{ engine: "reference" }]],
  ...[true, false].map(
    (strict) =>
      [
        strict ? "strict" : "relaxed",
        few(strict ? [0, 2] : [0, 3], [0, 1, 2, 3, 5]).map(
          (threads): EngineOptions => ({ engine: "wasm", threads, strict }),
        ),
      ] as const,
  ),
];

describe.each(rows)("%s", (_, [first, ...others]) => {
  test.each(sampleOf(optimizers, 1))("%o", async (optimizer) => {
    const withDecay = (decay: Decay, weightDecay = 0.5) => ({ ...optimizer, decay, weightDecay });
    const [all, none, some] = [
      await stepOf(first, withDecay("all")),
      await stepOf(first, withDecay("weights", 0)),
      await stepOf(first, withDecay("weights")),
    ];
    for (const { fullName, fanIn } of model.parameters) {
      const bits = (tensors: NamedTensors) => checksum({ [fullName]: tensors[fullName] });
      expect(bits(all), fullName).not.toBe(bits(none));
      expect(bits(some), fullName).toBe(bits(fanIn > 0 ? all : none));
    }
    for (const kind of others) {
      expect(checksum(await stepOf(kind, withDecay("weights"), 0.9))).toBe(checksum(some));
    }
  });
});

test.each(["sgd", "adam", "adamw"] as const)("%s refuses what is neither all nor weights", (type) => {
  expect(() => resolveOptimizer({ type, decay: "biases" as Decay })).toThrow(
    `The optimizer ${type}: decay must be "all" or "weights", not "biases".`,
  );
});
