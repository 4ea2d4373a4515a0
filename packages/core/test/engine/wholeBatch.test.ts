import { setFlagsFromString } from "node:v8";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
// threads run the built worker
import { createEngine, type EngineOptions, hasRelaxedSimd } from "../../dist/index.js";
import { loadBatch } from "../../src/data/batch.js";
import type { Dataset } from "../../src/data/dataset.js";
import { branchesOf } from "../../src/explain/finiteDifference.js";
import { defineModel, type Model, type ModelLayer, type ModelSpec } from "../../src/graph/model.js";
import { type BatchNorm, statisticsOf } from "../../src/layers/batchStatistics.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { randomStream } from "../../src/random.js";
import { EVALUATION, inputsOf, logits, nextState, trace } from "../../src/reference/trace.js";
import { copyAll, type NamedTensors, type Tensor } from "../../src/tensor.js";
import { EPSILON } from "../support/compare.js";
import { randomImages } from "../support/engineCases.js";
import { randomParameters } from "../support/networks.js";
import { normNetworks } from "../support/normNetworks.js";
import { cases, seeds } from "../support/properties.js";

/*
 * Networks in which blocks of images wait for each other, and in which chance draws masks, against the textbook in float64: scores,
 * losses, parameters and running statistics after some steps of SGD, on both paths and on many threads, whose bits are the same.
 *
 * A normalised number is divided by a deviation that may be small, so bounds can't follow from the lengths of sums alone. Here the
 * textbook runs again with everything that goes in moved at random by some roundings, and results may differ by a multiple of what that
 * does. Where that opens or closes a ReLU, or another cell wins a pool, nothing can be compared.
 */

setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 has it behind this flag

interface Case {
  readonly model: Model;
  readonly images: number;
  readonly batchSize: number;
  readonly seed: number;
}

interface Result {
  readonly parameters: NamedTensors;
  readonly loss: number;
  readonly logits: ArrayLike<number>;
  /** What may be left in parameters of gradients that cancel: before a norm, a bias has none. By their layers' names. */
  readonly rests: Readonly<Record<string, number>>;
  /** Whether numbers were divided by a deviation so small that gradients are little else than rounding errors, enlarged. */
  readonly isSteep: boolean;
  /** Which ways kinked layers went. */
  readonly branches: string;
}

const LEARNING_RATE = 0.02;

/** Numbers are moved by so many roundings. */
const ROUNDINGS = 64;

/** Trains in float64, the start and the images moved a little if `move` is given. */
function trainExactly(
  { model, batchSize, seed }: Case,
  start: NamedTensors,
  data: Dataset,
  move?: number,
): Result {
  const moved = (tensors: NamedTensors) => {
    for (const [name, { data }] of Object.entries(move === undefined ? {} : tensors)) {
      const random = randomStream(move ?? 0, name);
      for (let k = 0; k < data.length; k++)
        data[k] *= 1 + (random.uniform(k) < 0.5 ? -1 : 1) * ROUNDINGS * EPSILON.float32;
    }
    return tensors;
  };
  const load = (indices: readonly number[]) => ({
    x: loadBatch(data.images, model.inputShape, indices, model.normalize, "float64"),
  });
  const parameters = moved(copyAll(start, "float64"));
  const all = Array.from(data.labels.keys());
  let loss = 0;
  const branches: string[] = [];
  const rests: Record<string, number> = {};
  let isSteep = false;
  for (let step = 1, from = 0; from < all.length; step++, from += batchSize) {
    const indices = all.slice(from, from + batchSize);
    const { x } = moved(load(indices));
    const labels = indices.map((n) => data.labels[n]);
    const done = trace(model, parameters, x, labels, { seed, step });
    loss += done.loss * indices.length;
    for (const layer of model.layers) {
      const inputs = inputsOf(layer, done.tensors);
      branches.push(`${branchesOf(layer, inputs)}`);
      isSteep ||= layer.kind.affine !== undefined && smallestDeviation(layer, inputs[0]) < SMALL;
      const rest =
        EPSILON.float32 * sumOfSizes(done.tensors[`grad.${layer.output}`]) * largest(inputs[0].data);
      rests[layer.name] = (rests[layer.name] ?? 0) + LEARNING_RATE * rest;
    }
    const state = nextState(done);
    for (const { fullName } of model.parameters) {
      const gradient = done.tensors[`grad.${fullName}`].data;
      for (let k = 0; k < gradient.length; k++) parameters[fullName].data[k] -= LEARNING_RATE * gradient[k];
    }
    Object.assign(parameters, state);
  }
  const { x } = moved(load(all));
  return {
    parameters,
    loss,
    rests,
    isSteep,
    logits: logits(model, parameters, x, EVALUATION).data,
    branches: branches.join("/"),
  };
}

const largest = (numbers: ArrayLike<number>) =>
  Array.from(numbers).reduce((a, b) => Math.max(a, Math.abs(b)), 0);

const SMALL = 1 / 64;

/** Of a norm's channels. */
function smallestDeviation({ resolved }: ModelLayer, x: Tensor): number {
  const norm = resolved as BatchNorm;
  return Math.min(...statisticsOf(norm, x).variance.map((value) => Math.sqrt(value + norm.eps)));
}

const sumOfSizes = ({ data }: Tensor) => Array.from(data).reduce((sum, value) => sum + Math.abs(value), 0);

/** How far the furthest number is off, in units of what is allowed; undefined: can't be compared. */
async function compare(one: Case, rows: readonly EngineOptions[]): Promise<number | undefined> {
  const { model, images, batchSize, seed } = one;
  const start = copyAll(randomParameters(model, seed), "float32");
  const data = randomImages(model, images, seed);
  const exact = trainExactly(one, start, data);
  if (exact.isSteep || exact.loss > 30 * images) return undefined;
  const others: Result[] = [];
  for (const move of [1, 2, 3]) {
    const other = trainExactly(one, start, data, move);
    if (other.branches !== exact.branches) return undefined; // it goes another way
    others.push(other);
  }

  let worst = 0;
  const look = (
    what: string,
    actual: ArrayLike<number>,
    of: (result: Result) => ArrayLike<number>,
    rest = 0,
  ) => {
    const right = of(exact);
    expect(actual.length, what).toBe(right.length);
    const moved = others.map((other) => largest(Array.from(of(other), (value, k) => value - right[k])));
    const allowed = 2 * largest(moved) + 8 * EPSILON.float32 * largest(right) + rest;
    const off = largest(Array.from(right, (value, k) => value - actual[k]));
    if (!(off <= allowed)) expect.fail(`${what} is off by ${off}, allowed are ${allowed}`);
    if (off > 0) worst = Math.max(worst, off / allowed);
  };
  const bits = new Map<string, string>();
  for (const row of rows) {
    const engine = await createEngine(model.spec, { ...row, parameters: start });
    const name = JSON.stringify(row);
    try {
      const run = await engine.startTraining(data, {
        batchSize,
        optimizer: resolveOptimizer({ type: "sgd", momentum: 0 }),
        seed,
      });
      const steps = Math.ceil(images / batchSize);
      const { loss } = await run.epoch(
        Uint32Array.from(data.labels.keys()),
        new Float64Array(steps).fill(LEARNING_RATE),
      );
      await run.close();
      const parameters = engine.parameters();
      const scores = await engine.logits(data.images);
      look(`${name}: loss`, [loss], (result) => [result.loss]);
      look(`${name}: scores`, scores, (result) => result.logits);
      for (const [tensor, { data }] of Object.entries(parameters))
        look(
          `${name}: ${tensor}`,
          data,
          (result) => result.parameters[tensor].data,
          exact.rests[tensor.split(".")[0]],
        );
      const here = [...Object.values(parameters).map(({ data }) => data), scores].map((numbers) =>
        Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("base64"),
      );
      const path = `${row.engine} ${row.strict}`;
      const before = bits.get(path);
      const now = `${here.join()} ${loss}`;
      if (before !== undefined && before !== now) expect.fail(`${name} gives other bits than fewer threads`);
      bits.set(path, now);
    } finally {
      await engine.close();
    }
  }
  return worst;
}

const onCallingThread: EngineOptions[] = [
  { engine: "wasm", strict: true, threads: 0 },
  ...(hasRelaxedSimd() ? [{ engine: "wasm", strict: false, threads: 0 } as const] : []),
];

/** The networks that are looked at on every row. */
const networks: Readonly<Record<string, ModelSpec>> = {
  "norms of images and of rows, dropout": {
    input: [2, 6, 6],
    layers: [
      { type: "conv2d", filters: 3, kernel: 3 },
      { type: "batchNorm2d" },
      { type: "relu" },
      { type: "dropout", rate: 0.3 },
      { type: "flatten" },
      { type: "dense", units: 5 },
      { type: "batchNorm1d" },
      { type: "dense", units: 3 },
    ],
  },
  "a residual block with norms, pools with borders, Winograd's tiles, and weights whose gradients wait": {
    input: [3, 9, 9],
    layers: [
      { type: "batchNorm2d" },
      { type: "conv2d", filters: 16, kernel: 3, padding: 1 },
      { type: "batchNorm2d", momentum: 0.3, eps: 0.01 },
      { type: "relu", name: "stem" },
      { type: "maxPool2d", size: 3, stride: 1, padding: 1 },
      { type: "conv2d", filters: 16, kernel: 3, padding: 1 },
      { type: "batchNorm2d" },
      { type: "add", from: ["norm3", "stem", "x"].slice(0, 2) },
      { type: "batchNorm2d" },
      { type: "relu" },
      { type: "flatten" },
      { type: "dense", units: 32 },
      { type: "batchNorm1d" },
      { type: "dropout" },
      { type: "dense", units: 3 },
    ],
  },
};

describe.each(Object.entries(networks))("%s", (_name, spec) => {
  const sizes = [
    { images: 17, batchSize: 12 },
    { images: 37, batchSize: 17 },
    { images: 70, batchSize: 66 },
  ];
  test.each(few([{ images: 11, batchSize: 9 }], sizes))(
    "$images images by $batchSize, on all rows",
    async (sizes) => {
      const wasm = few(onCallingThread.slice(0, 1), onCallingThread);
      const rows: EngineOptions[] = [
        { engine: "reference" },
        ...wasm.flatMap((row) => few([0, 3], [0, 1, 2, 3, 5]).map((threads) => ({ ...row, threads }))),
      ];
      let worst: number | undefined;
      for (let seed = 0; worst === undefined && seed < 60; seed++)
        worst = await compare({ model: defineModel(spec), seed, ...sizes }, rows);
      expect(worst).toBeGreaterThan(0);
    },
  );
});

/** Of fewer images' numbers a norm makes little else than 1 and -1, and of gradients nothing but their rounding errors. */
const FEWEST = 5;

test("random networks on the calling thread", async () => {
  let [all, compared] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      normNetworks,
      fc.integer({ min: FEWEST, max: 20 }),
      fc.integer({ min: FEWEST, max: 20 }),
      seeds,
      async (model, images, batchSize, seed) => {
        all += 1;
        const last = images % Math.min(images, batchSize);
        const one = { model, images: last < FEWEST ? images - last : images, batchSize, seed };
        const worst = await compare(one, onCallingThread);
        if (worst !== undefined) compared += 1;
      },
    ),
    cases(few(4, 300)),
  );
  expect(compared).toBeGreaterThan(all / 3);
});

describe.each(["reference", "wasm"] as const)("the %s engine", (name) => {
  const spec = networks["norms of images and of rows, dropout"];
  const engineOf = () =>
    createEngine(spec, { engine: name, seed: 1, ...(name === "wasm" && { threads: 0, strict: true }) });

  test("refuses a last batch of which a norm would have one number only, before it trains", async () => {
    const engine = await engineOf();
    const run = await engine.startTraining(randomImages(engine.model as Model, 9, 1), {
      batchSize: 4,
      optimizer: resolveOptimizer({ type: "sgd" }),
    });
    const before = engine.parameters();
    const order = Uint32Array.from({ length: 9 }, (_, n) => n);
    await expect(run.epoch(order, new Float64Array(3).fill(0.1))).rejects.toThrow(
      /^norm2 needs at least 2 images in a batch to train on, not 1/,
    );
    expect(engine.parameters()).toEqual(before);
    await engine.close();
  });
});
