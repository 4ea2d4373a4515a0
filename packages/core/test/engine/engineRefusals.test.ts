import { describe, expect, onTestFinished, test, vi } from "vitest";
import { compilePlan } from "../../src/compiler/compile.js";
import { planModel } from "../../src/compiler/plan.js";
import type { Dataset } from "../../src/data/dataset.js";
import { DivergedError } from "../../src/engine/diverged.js";
import type { Engine } from "../../src/engine/engine.js";
import { createEngine } from "../../src/engine/index.js";
import { InputError } from "../../src/errors.js";
import { defineModel, type Model, type ModelSpec } from "../../src/graph/model.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { tensor } from "../../src/tensor.js";

/* What the wasm engine can't do, it says; and it ends where the reference ends when the loss is no number any more. */

const small: ModelSpec = {
  input: [1, 1, 2],
  layers: [{ type: "flatten" }, { type: "dense", units: 2, bias: false }],
};
const plain = { batchSize: 2, optimizer: resolveOptimizer({ type: "sgd", momentum: 0 }), clip: undefined };

describe("refuses", () => {
  test.each([-1, 1.5, 257, 1000, Number.NaN, Number.POSITIVE_INFINITY])("%d threads", async (threads) => {
    await expect(createEngine(small, { threads })).rejects.toThrow(InputError);
    await expect(createEngine(small, { threads })).rejects.toThrow(`not ${threads}.`);
  });

  test("threads, where there is nothing to start or share them with", async () => {
    onTestFinished(() => void vi.unstubAllGlobals());
    vi.stubGlobal("SharedArrayBuffer", undefined);
    await expect(createEngine(small, { threads: 2 })).rejects.toThrow(
      /^More than one thread needs shared memory/,
    );
    vi.stubGlobal("process", { ...process, getBuiltinModule: undefined });
    vi.stubGlobal("Worker", undefined); // onnxruntime-web leaves Node's there
    await expect(createEngine(small, { threads: 1 })).rejects.toThrow(
      /^There are no workers here; use threads: 0/,
    );
  });

  test("a JavaScript engine without vectors", async () => {
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    onTestFinished(() => validate.mockRestore());
    await expect(createEngine(small, { threads: 0 })).rejects.toThrow(
      /^This JavaScript engine has no WebAssembly SIMD, .* use the reference engine\.$/,
    );
  });

  test("an engine that there isn't", async () => {
    const engine = "cuda" as never;
    await expect(createEngine(small, { engine })).rejects.toThrow(
      /^The engine: engine must be "wasm", "webgpu", "reference" or "auto", not "cuda"/,
    );
  });

  test.each([
    [{ training: { batch: 2 } }, /^The engine: unknown option of training "batch"; known are batchSize, .*/],
    [{ training: { batchSize: 0 } }, /^The engine: training\.batchSize must be a whole number/],
    [{ training: { optimizer: "adamm" } }, /"adamm" \(did you mean "adam"\?\)/],
    [{ onChange: "console" }, /^The engine: onChange must be a function/],
  ])("what auto can't measure, with or without a GPU: %o", async (options, message) => {
    const error = await createEngine(small, { engine: "auto", threads: 0, ...(options as object) }).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
  });

  test("a layer without a kernel, by its name, forward and backward", () => {
    const model = defineModel({ input: [1, 2, 2], layers: [{ type: "relu" }, { type: "flatten" }] });
    const [relu, flatten] = model.layers;
    const strange = {
      ...relu,
      name: "swish1",
      kind: { ...relu.kind, type: "swish" },
      spec: { type: "swish" },
    } as unknown as Model["layers"][number];
    const unknown: Model = { ...model, layers: [strange, flatten] };
    expect(() => planModel(unknown)).toThrow(InputError);
    expect(() => planModel(unknown)).toThrow(
      /^swish1: the wasm engine has no kernel for layers of type swish/,
    );
  });

  test("a network that doesn't fit into 4 GiB, with the layer and the bytes", () => {
    const model = defineModel({
      input: [1, 64, 64],
      layers: [{ type: "flatten" }, { type: "dense", units: 49_999 }, { type: "dense", units: 2 }],
    });
    const plan = planModel(model, {
      batchSize: 64,
      optimizer: resolveOptimizer({ type: "adam" }),
      clip: false,
    });
    expect(() => compilePlan(plan, 2, true, { relaxed: false })).toThrow(InputError);
    // parameters, two that Adam remembers, 8 slots (49,999 is no multiple of 4): eleven times 49,999 x 4,096 numbers
    expect(() => compilePlan(plan, 2, true, { relaxed: false })).toThrow(
      /^fc1 is too large: with 2 threads the network needs 9,0\d\d,\d{3},\d{3} bytes/,
    );
    const { memory } = planModel(model);
    expect(memory.workspaces).toBeLessThan(2 ** 30); // for inference it would fit
  });

  test("threads that together need too much, by the layer that needs most of a workspace", () => {
    const model = defineModel({
      input: [1, 500, 500],
      layers: [{ type: "conv2d", filters: 4, kernel: 3 }, { type: "flatten" }, { type: "dense", units: 2 }],
    });
    const plan = planModel(model, { ...plain, clip: false });
    expect(() => compilePlan(plan, 256, true, { relaxed: false })).toThrow(
      /^(conv1|fc1) is too large: with 256 threads/,
    );
    expect(compilePlan(plan, 1, true, { relaxed: false }).pages).toBeLessThan(65536);
  });
});

/** Two images: the first has only its second pixel, the second only its first. */
const data: Dataset = {
  name: "pixels",
  shape: [1, 1, 2],
  classes: ["0", "1"],
  images: Uint8Array.of(0, 255, 255, 0),
  labels: Uint8Array.of(0, 1),
};

const engines = [{ engine: "reference" }, { engine: "wasm", threads: 0, strict: true }] as const;

async function outcome(engine: Engine, images: Dataset, order: number[], rates: number[]): Promise<unknown> {
  const run = await engine.startTraining(images, plain);
  try {
    const { steps, loss } = await run.epoch(Uint32Array.from(order), Float64Array.from(rates));
    return {
      steps,
      finite: Number.isFinite(loss),
      weight: Array.from(engine.parameters()["fc1.weight"].data),
    };
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    return {
      step: error.step,
      message: error.message,
      weight: Array.from(engine.parameters()["fc1.weight"].data),
    };
  } finally {
    await run.close();
    await engine.close();
  }
}

async function bothOutcomes(
  spec: ModelSpec,
  weight: number[],
  images: Dataset,
  order: number[],
  rates: number[],
) {
  const parameters = { "fc1.weight": tensor([2, 2], weight) };
  const outcomes: unknown[] = [];
  for (const options of engines) {
    outcomes.push(await outcome(await createEngine(spec, { ...options, parameters }), images, order, rates));
  }
  return outcomes;
}

describe("a loss that is no number", () => {
  test("stops at the same step as the reference, with the same words", async () => {
    const spec = { ...small, normalize: { mean: [0], std: [0.01] } };
    const weight = [0.5, -0.5, 0.1, 0.2];
    const rates = [1e-4, 1e-4, 1e37, 1, 1];
    const [reference, wasm] = (await bothOutcomes(
      spec,
      weight,
      data,
      [0, 1, 1, 0, 0, 0, 1, 1, 0, 1],
      rates,
    )) as {
      step: number;
      message: string;
    }[];
    expect(reference.step).toBe(4);
    expect([wasm.step, wasm.message]).toEqual([reference.step, reference.message]);
  });

  test("scores that overflow give the same outcome", async () => {
    const spec = { ...small, normalize: { mean: [0], std: [0.01] } };
    for (const weight of [
      [3e38, 3e38, 0, 0],
      [-3e38, -3e38, 0, 0],
      [3e38, 3e38, 3e38, 3e38],
    ]) {
      const [reference, wasm] = await bothOutcomes(spec, weight, data, [0, 1], [1]);
      expect(wasm).toEqual(reference);
    }
  });

  /*
   * A block is 8 images. Where a batch has fewer, the rest of it is computed too, and must not be seen: here the last batch
   * has one image, whose gradient is finite, while the second image would overflow with the parameters as they are then.
   */
  test("of an image that isn't in the batch has no part in it", async () => {
    const spec = { ...small, normalize: { mean: [0], std: [0.1] } };
    const images = { ...data, images: Uint8Array.of(0, 1, 255, 0) };
    const outcomes = await bothOutcomes(spec, [0, 0, 0, 0], images, [0, 1, 0], [1e38, 0]);
    for (const { steps, finite, weight } of outcomes as {
      steps: number;
      finite: boolean;
      weight: number[];
    }[]) {
      expect([steps, finite]).toEqual([2, true]);
      expect(weight[0]).toBeCloseTo(-2.5e38, -33);
      expect(weight.every(Number.isFinite)).toBe(true);
    }
  });
});

test("a batch may be larger than the data, and one image is enough", async () => {
  const [reference, wasm] = await bothOutcomes(small, [0.5, -0.5, 0.1, 0.2], data, [1], [0.5]);
  const { weight } = reference as { weight: number[] };
  for (const [k, value] of (wasm as { weight: number[] }).weight.entries())
    expect(value).toBeCloseTo(weight[k], 6);
});

test("fresh engines of the same seed give the same scores, again and again, and those of another seed others", async () => {
  const scoresOf = async (seed: number) => {
    const engine = await createEngine(small, { threads: 0, seed });
    const scores = await engine.logits(data.images);
    expect(await engine.logits(data.images)).toEqual(scores);
    await engine.close();
    return scores;
  };
  const first = await scoresOf(3);
  expect(await scoresOf(3)).toEqual(first);
  expect(await scoresOf(4)).not.toEqual(first);
});
