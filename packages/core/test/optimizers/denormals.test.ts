import { expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { conv2d, dense, flatten, relu, sequential } from "../../src/builders.js";
import type { Engine, OptimizerState } from "../../src/engine/engine.js";
import { createEngine } from "../../src/engine/index.js";
import { SMALLEST_NORMAL } from "../../src/float32.js";
import { type OptimizerSpec, resolveOptimizer } from "../../src/optimizers/index.js";
import type { NamedTensors } from "../../src/tensor.js";
import { bars } from "../support/bars.js";

/*
 * Below the smallest normal number float32 has others, with which many processors compute a hundred times as slowly. A network
 * whose gradients are zero used to end with all of its optimizer's memory there, and to stay there for good.
 */

const network = sequential(
  [1, 10, 10],
  [conv2d({ filters: 2, kernel: 3 }), relu(), flatten(), dense({ units: 4 })],
);
const data = bars(64);

/** So many steps of a run. */
async function steps(
  engine: Engine,
  spec: OptimizerSpec,
  count: number,
  batchSize: number,
  learningRate: number,
  resume?: OptimizerState,
  images = data,
): Promise<OptimizerState> {
  const run = await engine.startTraining(images, { batchSize, optimizer: resolveOptimizer(spec), resume });
  const order = Uint32Array.from({ length: count * batchSize }, (_, k) => k % data.labels.length);
  await run.epoch(order, new Float64Array(count).fill(learningRate));
  const state = await run.state();
  await run.close();
  return state;
}

/** The name of a tensor with a denormal number in it, if there is one. */
const denormal = (tensors: NamedTensors) =>
  Object.keys(tensors).find((name) =>
    tensors[name].data.some((value) => value !== 0 && Math.abs(value) < SMALLEST_NORMAL),
  );

const isZero = (tensors: NamedTensors) =>
  ["conv1.weight", "fc1.weight"].every((name) => tensors[name].data.every((value) => value === 0));

/** What is at zero after so many steps: of weight decay so much, that the weights are, too. */
const STEPS = 1600;
const cases: readonly [OptimizerSpec, batchSize: number, what: "memory" | "weights" | "nothing"][] = [
  [{ type: "sgd", momentum: 0.9 }, 1, "memory"],
  [{ type: "sgd", momentum: 0.9 }, 8, "memory"],
  [{ type: "sgd", momentum: 0.5, nesterov: true, weightDecay: 2 }, 1, "weights"],
  [{ type: "sgd", momentum: 0, weightDecay: 5 }, 1, "weights"],
  [{ type: "adam", beta2: 0.9 }, 1, "memory"],
  // the smaller a weight becomes, the larger Adam's steps are beside it: it goes to and fro
  [{ type: "adam", beta2: 0.9, weightDecay: 0.1 }, 1, "nothing"],
  [{ type: "adamw", beta2: 0.9, weightDecay: 5 }, 1, "weights"],
];

/** The textbook takes its time: two of its rows, drawn by a seed. */
const rows = [
  ...sampleOf(cases, 2).map((one) => ["reference", ...one] as const),
  ...cases.map((one) => ["wasm", ...one] as const),
];

test.each(rows)(
  "%s, %o, batches of %i: once it is dead, zero is where it ends (%s), and no number just above",
  async (name, optimizer, batchSize, what) => {
    const engine = await createEngine(network, { engine: name, threads: 0, strict: true });
    const alive = await steps(engine, optimizer, 50, 1, 0.02);
    const weights = engine.parameters();
    weights["conv1.bias"].data.fill(-1e3); // no image passes the ReLU
    if (what === "weights") weights["conv1.bias"].data.fill(-1e36); // nor when it has decayed for long
    engine.setParameters(weights);
    const { memory, steps: done } = await steps(engine, optimizer, STEPS, batchSize, 0.02, alive);
    expect(done).toBe(50 + STEPS);
    for (const tensors of [engine.parameters(), ...memory]) expect(denormal(tensors)).toBeUndefined();
    if (what === "memory") expect(memory.length).toBeGreaterThan(0);
    if (what !== "nothing") expect(memory.every(isZero)).toBe(true);
    if (what === "weights") expect(isZero(engine.parameters())).toBe(true);
    await engine.close();
  },
);

test("a network that is very sure and very wrong has gradients that are normal numbers, or zero", async () => {
  const engine = await createEngine(sequential([1, 10, 10], [flatten(), dense({ units: 4 })]), {
    threads: 0,
  });
  const weights = engine.parameters();
  weights["fc1.bias"].data.set([200, 100, 0, 0]);
  engine.setParameters(weights);
  const wrong = { ...data, labels: new Uint8Array(64).fill(1) };
  const { memory } = await steps(engine, { type: "sgd", momentum: 0.9 }, 1, 64, 1e-3, undefined, wrong);
  expect(denormal(memory[0])).toBeUndefined();
  expect(Array.from(memory[0]["fc1.bias"].data)).toEqual([1, -1, 0, 0]);
  await engine.close();
});
