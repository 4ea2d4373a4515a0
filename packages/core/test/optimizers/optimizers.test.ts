import { describe, expect, test } from "vitest";
import { loadBatch } from "../../src/data/batch.js";
import type { Dataset } from "../../src/data/dataset.js";
import { createEngine } from "../../src/engine/index.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import { clipGradients } from "../../src/optimizers/clip.js";
import {
  type OptimizerSpec,
  optimizerNames,
  optimizerStateCount,
  resolveOptimizer,
  updateParameter,
} from "../../src/optimizers/index.js";
import { learningRateAt, type Schedule } from "../../src/optimizers/schedules.js";
import { parameterGradients, trace } from "../../src/reference/trace.js";
import { copyAll, type FloatArray, type NamedTensors } from "../../src/tensor.js";
import { EPSILON, expectTensor, expectWithin } from "../support/compare.js";
import { readGolden } from "../support/goldenFile.js";

/*
 * Seven steps of training against PyTorch, from the same bytes and the same first parameters: every optimizer, with the
 * schedules, with and without clipping. The last batch is short. First the parts by hand in float64, then the engine.
 */

interface Case {
  readonly name: string;
  readonly optimizer: Exclude<OptimizerSpec, string>;
  readonly schedule: Schedule;
  readonly peak: number;
  readonly clip: number | null;
}

interface Training {
  readonly spec: ModelSpec;
  readonly labels: readonly number[];
  readonly order: readonly number[];
  readonly batchSize: number;
  readonly keptSteps: readonly number[];
  readonly cases: readonly Case[];
}

const { about, tensors: golden } = readGolden<Training>("training");
const { order, batchSize } = about;
const model = defineModel(about.spec);
const images = Uint8Array.from(golden.images.data);
const steps = Math.ceil(order.length / batchSize);

const data: Dataset = {
  name: "golden",
  shape: model.inputShape,
  images,
  labels: Uint8Array.from(about.labels),
  classes: model.classes,
};

/** The parameters in the golden file under a prefix. */
function parametersAt(prefix: string): NamedTensors {
  return Object.fromEntries(
    model.parameters.map(({ fullName }) => [fullName, golden[`${prefix}/${fullName}`]]),
  );
}

function rates({ schedule, peak }: Case): Float64Array {
  return Float64Array.from({ length: steps }, (_, step) => learningRateAt(schedule, peak, step, steps));
}

/** Trains in float64 with the parts by hand. */
function trainByHand(one: Case): { kept: NamedTensors[]; losses: number[]; norms: number[] } {
  const parameters = copyAll(parametersAt("start"));
  const options = resolveOptimizer(one.optimizer);
  const state: Record<string, FloatArray[]> = {};
  for (const [name, { data }] of Object.entries(parameters)) {
    state[name] = Array.from({ length: optimizerStateCount(options) }, () => new Float64Array(data.length));
  }
  const kept: NamedTensors[] = [];
  const losses: number[] = [];
  const norms: number[] = [];
  for (const [index, learningRate] of rates(one).entries()) {
    const indices = order.slice(index * batchSize, (index + 1) * batchSize);
    const x = loadBatch(images, model.inputShape, indices, model.normalize, "float64");
    const step = trace(
      model,
      parameters,
      x,
      indices.map((image) => about.labels[image]),
    );
    losses.push(step.loss);
    const gradients = parameterGradients(step);
    if (one.clip !== null) {
      norms.push(
        clipGradients(
          Object.values(gradients).map(({ data }) => data),
          one.clip,
        ),
      );
    }
    for (const [name, { data }] of Object.entries(gradients)) {
      updateParameter(options, parameters[name].data, data, state[name], { step: index + 1, learningRate });
    }
    kept.push(copyAll(parameters));
  }
  return { kept, losses, norms };
}

test("every optimizer has golden steps", () => {
  expect([...new Set(about.cases.map(({ optimizer }) => optimizer.type))].sort()).toEqual(
    [...optimizerNames].sort(),
  );
  expect(order.length % batchSize).toBe(2);
  expect(about.keptSteps.length).toBeGreaterThan(1);
});

describe.each(about.cases)("$name", (one) => {
  test("in float64, step by step", () => {
    const { kept, losses, norms } = trainByHand(one);
    for (const step of about.keptSteps) {
      const expected = parametersAt(`${one.name}/step${step}`);
      expect(Object.keys(expected).sort()).toEqual(Object.keys(kept[step - 1]).sort());
      for (const name of Object.keys(expected)) {
        expectTensor(`${name} after step ${step}`, kept[step - 1][name], expected[name], 1e-13);
      }
    }
    expectWithin("losses", losses, golden[`${one.name}/losses`].data, 1e-12);
    if (one.clip !== null) expectWithin("gradient norms", norms, golden[`${one.name}/norms`].data, 1e-11);
  });

  /*
   * In float32 a gradient is off by some roundings of the largest one (see goldenNetworks.test.ts), and a step is a
   * small part of a gradient, so that seven steps stay within a few roundings of the parameter: 8. Adam divides by the
   * gradient's own size: one that is much smaller than the largest is off by more of itself, and so is its step of one
   * learning rate, which is why it gets 32.
   */
  test.each([
    { engine: "reference" },
    { engine: "wasm", threads: 0, strict: true },
    { engine: "wasm", threads: 0, strict: false },
  ] as const)("in float32, by $engine, strict: $strict", async (options) => {
    const start = copyAll(parametersAt("start"), "float32");
    const engine = await createEngine(about.spec, { ...options, parameters: start });
    expect(engine.name).toBe(options.engine);
    const run = await engine.startTraining(data, {
      batchSize,
      optimizer: resolveOptimizer(one.optimizer),
      clip: one.clip ?? undefined,
    });
    const totals = await run.epoch(Uint32Array.from(order), rates(one));

    expect(totals.steps).toBe(steps);
    expect(totals.images).toBe(order.length);
    const sizes = Array.from({ length: steps }, (_, k) => Math.min(batchSize, order.length - k * batchSize));
    const means = Array.from(golden[`${one.name}/losses`].data);
    const loss = means.reduce((sum, mean, k) => sum + mean * sizes[k], 0);
    expectWithin("loss", [totals.loss], [loss], 1e-5 * loss);

    const expected = parametersAt(`${one.name}/step${steps}`);
    const moved = engine.parameters();
    const bound = one.optimizer.type === "sgd" ? 8 * EPSILON.float32 : 32 * EPSILON.float32;
    for (const name of Object.keys(expected)) expectTensor(name, moved[name], expected[name], bound);
    expect(start).toEqual(copyAll(parametersAt("start"), "float32")); // the caller's own are left alone
  });

  test("moves every parameter much further than the bounds", () => {
    const before = parametersAt("start");
    const after = parametersAt(`${one.name}/step${steps}`);
    for (const [name, { data }] of Object.entries(before)) {
      const distance = Math.max(...Array.from(data, (value, k) => Math.abs(value - after[name].data[k])));
      expect(distance, name).toBeGreaterThan(0.003);
    }
  });
});

describe("clipping", () => {
  test("leaves gradients alone that are short enough", () => {
    const gradients = [Float64Array.of(3, 0), Float64Array.of(4)];
    expect(clipGradients(gradients, 5.1)).toBe(5);
    expect(gradients).toEqual([Float64Array.of(3, 0), Float64Array.of(4)]);
  });

  test("scales all together to the length, and keeps the direction", () => {
    const gradients = [Float64Array.of(3, 0), Float64Array.of(4)];
    expect(clipGradients(gradients, 1)).toBe(5);
    expectWithin(
      "gradients",
      gradients.flatMap((g) => Array.from(g)),
      [0.6, 0, 0.8],
      1e-6,
    );
  });

  test("can be given gradients of 0", () => {
    const gradient = new Float64Array(3);
    expect(clipGradients([gradient], 1)).toBe(0);
    expect(gradient).toEqual(new Float64Array(3));
  });
});

describe("by hand", () => {
  const at = { step: 1, learningRate: 0.5 };

  test("plain gradient descent is p - rate * g and needs no memory", () => {
    const options = resolveOptimizer({ type: "sgd", momentum: 0 });
    const parameter = Float64Array.of(1, 2);
    expect(optimizerStateCount(options)).toBe(0);
    updateParameter(options, parameter, Float64Array.of(2, -4), [], at);
    expect(Array.from(parameter)).toEqual([0, 4]);
  });

  test("Adam's first step is one learning rate long, whatever the gradient's size", () => {
    const options = resolveOptimizer({ type: "adam" });
    const parameter = Float64Array.of(1, 1);
    const state = [new Float64Array(2), new Float64Array(2)];
    updateParameter(options, parameter, Float64Array.of(1e-3, -1e3), state, at);
    expectWithin("parameter", parameter, [0.5, 1.5], 1e-4);
  });

  test.each([
    [{ type: "sgd" }, { type: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0, decay: "all" }],
    [
      { type: "adam" },
      { type: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decay: "all" },
    ],
    [
      { type: "adamw" },
      { type: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, decay: "all" },
    ],
  ] as const)("the defaults of %j", (spec, complete) => {
    expect(resolveOptimizer(spec)).toEqual(complete);
  });
});
