import { describe, expect, test } from "vitest";
import { loadBatch } from "../../src/data/batch.js";
import type { Dataset } from "../../src/data/dataset.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import { initialParameters, tensorsOfModel } from "../../src/graph/parameters.js";
import { type AnyLayer, layerKinds } from "../../src/layers/index.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { nextState, type Trace, tensorsOf, trace, withUpdate } from "../../src/reference/trace.js";
import { copyAll, type DType, type NamedTensors } from "../../src/tensor.js";
import { expectTensor, expectWithin } from "../support/compare.js";
import { goldenFiles, readGolden } from "../support/goldenFile.js";
import { createReferenceEngine } from "../support/referenceEngine.js";

/*
 * Networks with layers that do something else in training than in evaluation, against PyTorch's (golden/make_golden.py): every
 * number of the first step, parameters and running statistics after each of four, of which the last has two images only, and
 * every number of a step in evaluation after that. Dropout's masks were computed once more in Python.
 *
 * Batch normalisation divides by a deviation, so what was lost in the mean is made larger by it; of float64's 2e-16 these
 * networks leave 1e-12 of the largest number of a tensor, of float32's 1e-7 they leave 1e-4.
 */

interface Modal {
  readonly spec: ModelSpec;
  readonly labels: readonly number[];
  readonly order: readonly number[];
  readonly batchSize: number;
  readonly seed: number;
  readonly learningRate: number;
}

const TOLERANCE: Record<DType, number> = { float64: 1e-12, float32: 1e-4 };

const files = goldenFiles("modal-");

test("there are golden files with every layer that looks at the mode", () => {
  const types = files.flatMap((file) => readGolden<Modal>(file).about.spec.layers.map(({ type }) => type));
  const modal = Object.values(layerKinds).filter((kind: AnyLayer) => kind.looksAtContext);
  expect(types).toEqual(expect.arrayContaining(modal.map(({ type }) => type)));
  for (const file of files) {
    const { order, batchSize } = readGolden<Modal>(file).about;
    expect(order.length % batchSize).toBe(2);
  }
});

describe.each(files)("%s", (file) => {
  const { about, tensors: golden } = readGolden<Modal>(file);
  const { order, batchSize, seed, learningRate } = about;
  const model = defineModel(about.spec);
  const images = Uint8Array.from(golden.images.data);
  const steps = Math.ceil(order.length / batchSize);
  const first4 = [0, 1, 2, 3];

  const at = (prefix: string): NamedTensors =>
    Object.fromEntries(
      Object.entries(golden)
        .filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, value]) => [name.slice(prefix.length + 1), value]),
    );
  const batch = (images: Uint8Array, indices: readonly number[], dtype: DType) =>
    loadBatch(images, model.inputShape, indices, model.normalize, dtype);
  const labelsOf = (indices: readonly number[]) => indices.map((image) => about.labels[image]);

  /** Every tensor of a trace that PyTorch has, too: all but the state. */
  function expectTrace(step: Trace, prefix: string, dtype: DType) {
    const expected = at(prefix);
    const own = tensorsOf(step);
    const others = ["y", ...model.state.map(({ fullName }) => fullName)];
    expect(Object.keys(own).sort()).toEqual([...Object.keys(expected), ...others].sort());
    for (const [name, value] of Object.entries(expected)) {
      // a gradient that is 0 but for rounding is as exact as what it was added up from
      const floor = name.startsWith("grad.") ? gradientFloor(expected) * TOLERANCE[dtype] : 0;
      const bound = Math.max(floor, TOLERANCE[dtype] * Math.max(...value.data.map(Math.abs)));
      if (name !== "loss") expect(own[name].shape, name).toEqual(value.shape);
      expectWithin(`${prefix}: ${name}`, own[name].data, value.data, bound);
    }
  }

  test.each(["float64", "float32"] as const)("every step of the textbook, in %s", (dtype) => {
    let parameters = copyAll(at("start"), dtype);
    const losses: number[] = [];
    for (let step = 1; step <= steps; step++) {
      const indices = order.slice((step - 1) * batchSize, step * batchSize);
      const now = trace(model, parameters, batch(images, indices, dtype), labelsOf(indices), { seed, step });
      if (step === 1) expectTrace(now, "training", dtype);
      losses.push(now.loss);
      const updated = withUpdate(now, learningRate).tensors;
      const learnt = model.parameters.map(({ fullName }) => [fullName, updated[`new.${fullName}`]]);
      parameters = { ...Object.fromEntries(learnt), ...nextState(now) };
      const expected = at(`step${step}`);
      expect(Object.keys(parameters)).toEqual(tensorsOfModel(model).map(({ fullName }) => fullName));
      expect(Object.keys(parameters).sort()).toEqual(Object.keys(expected).sort());
      for (const [name, value] of Object.entries(expected)) {
        expectTensor(`${name} after step ${step}`, parameters[name], value, TOLERANCE[dtype]);
      }
    }
    expectWithin("losses", losses, golden.losses.data, TOLERANCE[dtype] * Math.max(...golden.losses.data));
    const evaluated = trace(model, parameters, batch(images, first4, dtype), labelsOf(first4), {
      mode: "evaluation",
    });
    expectTrace(evaluated, "evaluation", dtype);
  });

  test("the reference engine's training, and its scores", async () => {
    const engine = await createReferenceEngine(about.spec, { parameters: copyAll(at("start"), "float32") });
    const data: Dataset = {
      name: "golden",
      shape: model.inputShape,
      images,
      labels: Uint8Array.from(about.labels),
      classes: model.classes,
    };
    const optimizer = resolveOptimizer({ type: "sgd", momentum: 0 });
    const run = await engine.startTraining(data, { batchSize, optimizer, seed });
    const rates = new Float64Array(steps).fill(learningRate);
    const totals = await run.epoch(Uint32Array.from(order), rates);
    const sizes = Array.from({ length: steps }, (_, k) => Math.min(batchSize, order.length - k * batchSize));
    const loss = sizes.reduce((sum, size, k) => sum + size * golden.losses.data[k], 0);
    expectWithin("loss", [totals.loss], [loss], TOLERANCE.float32 * loss);
    const moved = engine.parameters();
    for (const [name, value] of Object.entries(at(`step${steps}`))) {
      expectTensor(name, moved[name], value, TOLERANCE.float32);
    }
    const size = images.length / about.labels.length;
    const scores = await engine.logits(images.subarray(0, first4.length * size));
    const expected = golden[`evaluation/${model.output}`].data;
    expectWithin("scores", scores, expected, TOLERANCE.float32 * Math.max(...expected.map(Math.abs)));
    await run.close();
    await engine.close();
  });

  test("moves the running statistics much further than the bounds, unless the momentum is 0", () => {
    const [before, after] = [at("start"), at(`step${steps}`)];
    for (const { name, state, spec } of model.layers) {
      for (const { fullName } of state) {
        const distance = Math.max(
          ...after[fullName].data.map((value, k) => Math.abs(value - before[fullName].data[k])),
        );
        if ("momentum" in spec && spec.momentum === 0) expect(distance, name).toBe(0);
        else expect(distance, name).toBeGreaterThan(0.03);
      }
    }
  });

  test("begins with the state that fresh weights have", () => {
    const fresh = initialParameters(model, 0, "he", "float64");
    for (const { fullName } of model.state)
      expectTensor(fullName, golden[`start/${fullName}`], fresh[fullName], 0);
  });
});

/** The largest gradient of a layer's output. */
function gradientFloor(tensors: NamedTensors): number {
  const gradients = Object.entries(tensors).filter(([name]) => /^grad\..*\.out$/.test(name));
  return Math.max(...gradients.flatMap(([, { data }]) => Array.from(data, Math.abs)));
}
