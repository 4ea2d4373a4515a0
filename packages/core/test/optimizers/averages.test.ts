import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
// threads run the built worker
import { createEngine, type Engine, type EngineOptions, evaluate, fit } from "../../dist/index.js";
import type { Dataset } from "../../src/data/dataset.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import { tensorsOfModel } from "../../src/graph/parameters.js";
import { averageInto } from "../../src/optimizers/average.js";
import { type OptimizerSpec, resolveOptimizer } from "../../src/optimizers/index.js";
import { copyAll, type NamedTensors } from "../../src/tensor.js";
import { bars } from "../support/bars.js";
import { checksum } from "../support/checksum.js";
import { expectTensor } from "../support/compare.js";
import { readGolden } from "../support/goldenFile.js";

/* Moving averages of weights and running statistics: PyTorch's, and the same bits in every engine and on any number of threads. */

interface Averages {
  readonly spec: ModelSpec;
  readonly labels: readonly number[];
  readonly order: readonly number[];
  readonly batchSize: number;
  readonly learningRate: number;
  readonly cases: readonly {
    readonly name: string;
    readonly optimizer: Exclude<OptimizerSpec, string>;
    readonly ema: number;
  }[];
}

const { about, tensors: golden } = readGolden<Averages>("averages");
const { order, batchSize } = about;
const model = defineModel(about.spec);
const data: Dataset = {
  name: "golden",
  shape: model.inputShape,
  images: Uint8Array.from(golden.images.data),
  labels: Uint8Array.from(about.labels),
  classes: model.classes,
};

const at = (prefix: string): NamedTensors =>
  Object.fromEntries(
    tensorsOfModel(model).map(({ fullName }) => [fullName, golden[`${prefix}/${fullName}`]]),
  );

describe.each(about.cases)("$name, ema $ema", ({ name, optimizer, ema }) => {
  /* As in goldenModes.test.ts: of float32's 1e-7 a network with norms leaves 1e-4 of the largest number of a tensor. */
  test.each([
    { engine: "reference" },
    { engine: "wasm", threads: 0, strict: true },
    { engine: "wasm", threads: 0, strict: false },
  ] as const)("PyTorch's weights and averages, by %o", async (options) => {
    const start = copyAll(at("start"), "float32");
    const engine = await createEngine(about.spec, { ...options, parameters: start });
    const run = await engine.startTraining(data, {
      batchSize,
      optimizer: resolveOptimizer(optimizer),
      ema,
    });
    expect(checksum(engine.parameters())).toBe(checksum(start));
    const rates = new Float64Array(order.length / batchSize).fill(about.learningRate);
    await run.epoch(Uint32Array.from(order), rates);
    const { parameters, average = {} } = await run.state();
    expect(checksum(engine.parameters())).toBe(checksum(average));
    for (const { fullName } of tensorsOfModel(model)) {
      expectTensor(fullName, parameters[fullName], golden[`${name}/${fullName}`], 1e-4);
      expectTensor(`average of ${fullName}`, average[fullName], golden[`${name}/average/${fullName}`], 1e-4);
    }
    await engine.close();
  });
});

/** More parameters than a chunk has, state, and a dense layer whose gradients are computed for the whole batch. */
const spec: ModelSpec = {
  input: [1, 10, 10],
  layers: [
    { type: "conv2d", filters: 6, kernel: 3 },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "flatten" },
    { type: "dense", units: 20 },
    { type: "batchNorm1d" },
    { type: "dense", units: 4 },
  ],
};
const STEPS = 17; // beyond the 16th, after which small numbers become zero

/** So many steps, one by one, after each of which the average is to be what the formula makes of the weights. */
async function averagesOf(engine: Engine, ema: number): Promise<string> {
  const images = bars(24);
  const expected = engine.parameters();
  const options = { batchSize: 9, optimizer: resolveOptimizer({ type: "sgd" }), ema };
  const run = await engine.startTraining(images, options);
  for (let step = 0; step < STEPS; step++) {
    const batch = Uint32Array.from({ length: 9 }, (_, k) => (9 * step + k) % 24);
    await run.epoch(batch, Float64Array.of(0.02));
    const { parameters, average = {} } = await run.state();
    for (const [name, { data: numbers }] of Object.entries(parameters)) {
      averageInto(expected[name].data, numbers, ema);
      const isSame = average[name].data.every((value, k) => value === expected[name].data[k]);
      if (!isSame) expect.fail(`another average of ${name} after step ${step + 1}`);
    }
  }
  const bits = checksum(engine.parameters());
  await engine.close();
  return bits;
}

const wasm = (strict: boolean) =>
  few(strict ? [0, 3] : [2], [0, 1, 2, 3, 5]).map(
    (threads): EngineOptions => ({ engine: "wasm", threads, strict }),
  );

describe("the textbook's bits, on any number of threads", () => {
  test.each([
    ["reference", [{ engine: "reference" }]],
    ["strict", wasm(true)],
    ["relaxed", wasm(false)],
  ] as const)("%s", async (_, rows) => {
    const bits = new Set<string>();
    for (const options of rows) bits.add(await averagesOf(await createEngine(spec, options), 0.9));
    expect(bits.size).toBe(1);
  });
});

test.each([{ engine: "reference" }, { engine: "wasm", threads: 0 }] as const)(
  "%o: a weight that never moves has itself as average; one that is 0 an average that becomes 0",
  async (options) => {
    const engine = await createEngine(spec, options);
    const images = bars(3);
    const still = { batchSize: 3, optimizer: resolveOptimizer({ type: "sgd", momentum: 0 }) };
    const all = Uint32Array.from({ length: 3 * 64 }, (_, k) => k % 3);
    const before = engine.parameters();
    const run = await engine.startTraining(images, { ...still, ema: 0.999 });
    await run.epoch(all, new Float64Array(64));
    const { "fc1.weight": weight } = engine.parameters();
    expect(weight.data.every((value, k) => value === before["fc1.weight"].data[k])).toBe(true);
    await run.close();

    const zero = structuredClone(before);
    zero["fc1.weight"].data.fill(0);
    engine.setParameters(zero);
    const resume = { steps: 0, memory: [], average: before };
    const fading = await engine.startTraining(images, { ...still, ema: 0.25, resume });
    await fading.epoch(all, new Float64Array(64));
    expect(engine.parameters()["fc1.weight"].data.every((value) => value === 0)).toBe(true);
    await engine.close();
  },
);

test("what fit measures after an epoch, and what is left in the end, is the average", async () => {
  const images = bars(40);
  const engine = await createEngine(spec, { threads: 0, strict: true });
  const { epochs } = await fit(engine, images, { epochs: 2, validation: 10, ema: 0.9 });
  const raw = await createEngine(spec, { threads: 0, strict: true });
  const { epochs: others } = await fit(raw, images, { epochs: 2, validation: 10 });
  // the same weights were trained
  expect(epochs.map(({ loss }) => loss)).toEqual(others.map(({ loss }) => loss));
  expect(epochs[1].valLoss).not.toBe(others[1].valLoss);
  expect(checksum(engine.parameters())).not.toBe(checksum(raw.parameters()));
  const copy = await createEngine(spec, { threads: 0, strict: true, parameters: engine.parameters() });
  expect(await evaluate(copy, images)).toEqual(await evaluate(engine, images));
  for (const one of [engine, raw, copy]) await one.close();
});

describe("what is refused", () => {
  test.each([0, 1, -0.5, Number.NaN, 1 - 2 ** -30, "0.9"])("ema %s", async (ema) => {
    const engine = await createEngine(spec, { engine: "reference" });
    const wrong = ema as number;
    await expect(fit(engine, bars(8), { ema: wrong })).rejects.toThrow(
      /^Training: ema must be a number above 0 and below 1, not /,
    );
    const options = { batchSize: 8, optimizer: resolveOptimizer("sgd"), ema: wrong };
    await expect(engine.startTraining(bars(8), options)).rejects.toThrow("ema must be a number");
  });

  test.each([{ engine: "reference" }, { engine: "wasm", threads: 0 }] as const)(
    "%o: an average that is missing, not wanted, or of another network",
    async (kind) => {
      const engine = await createEngine(spec, kind);
      const options = { batchSize: 8, optimizer: resolveOptimizer({ type: "sgd", momentum: 0 }) };
      const start = (ema: number | undefined, average: NamedTensors | undefined) =>
        engine.startTraining(bars(8), {
          ...options,
          ema,
          resume: { steps: 1, memory: [], ...(average && { average }) },
        });
      await expect(start(0.9, undefined)).rejects.toThrow("began without ema");
      await expect(start(undefined, engine.parameters())).rejects.toThrow("began with ema");
      const { "fc1.bias": _bias, ...rest } = engine.parameters();
      await expect(start(0.9, rest)).rejects.toThrow("The average: The parameter fc1.bias is missing.");
      await engine.close();
    },
  );
});
