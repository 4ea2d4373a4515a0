import {
  createEngine,
  type Dataset,
  DivergedError,
  type EngineOptions,
  type EpochTotals,
  type ModelSpec,
  type NamedTensors,
  type TrainingOptions,
} from "unravel-cnn";

/*
 * What is tested of the webgpu engine wherever there is WebGPU, in a browser and in Node, where all goes well.
 */

const classes = ["a", "b", "c", "d"];

/** Networks that together have all kinds of kernels. */
export const networks: Readonly<Record<string, ModelSpec>> = {
  chain: {
    input: [1, 9, 9],
    layers: [
      { type: "conv2d", filters: 5, kernel: 3, padding: 1 },
      { type: "relu" },
      { type: "maxPool2d", size: 3, stride: 2, padding: 1 },
      { type: "conv2d", filters: 6, kernel: [2, 3], stride: 2 },
      { type: "tanh" },
      { type: "flatten" },
      { type: "dense", units: 4 },
    ],
    classes,
  },
  residual: {
    input: [2, 6, 6],
    layers: [
      { type: "conv2d", filters: 4, kernel: 3, padding: 1, bias: false },
      { type: "batchNorm2d" },
      { type: "relu", name: "stem" },
      { type: "conv2d", filters: 4, kernel: 3, padding: 1, groups: 2, bias: false },
      { type: "add", from: ["conv2", "stem"] },
      { type: "globalAveragePool2d" },
      { type: "dense", units: 4 },
    ],
    classes,
  },
  dropped: {
    input: [1, 6, 6],
    layers: [
      { type: "averagePool2d", size: 3, stride: 1, padding: 1 },
      { type: "leakyRelu", name: "first" },
      { type: "dropout", rate: 0.3 },
      { type: "concat", from: ["dropout1", "first"] },
      { type: "flatten" },
      { type: "dense", units: 4 },
    ],
    classes,
    loss: { type: "binaryCrossEntropy" },
  },
};

/** The network of the fewest kernels, because each takes a while to be compiled. */
export const small: ModelSpec = {
  input: [1, 5, 5],
  layers: [{ type: "flatten" }, { type: "dense", units: 4 }],
  classes,
};

/** What each is trained with. */
export const sgd = { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0, decay: "all" } as const;

export const trainings: Readonly<Record<string, Omit<TrainingOptions, "batchSize">>> = {
  chain: { optimizer: { ...sgd, momentum: 0.9, weightDecay: 0.01, decay: "weights" }, clip: 0.5 },
  residual: { optimizer: sgd, ema: 0.9, classWeights: [1, 2, 0.5, 1] },
  dropped: {
    augment: { shift: 1, flip: 1 },
    optimizer: { type: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decay: "all" },
    seed: 3,
  },
};

const IMAGES = 41;
const BATCH = 16;

export function madeUp(spec: ModelSpec, count = IMAGES): Dataset {
  const size = spec.input.reduce((a, b) => a * b);
  return {
    name: "made up",
    shape: spec.input,
    images: Uint8Array.from({ length: size * count }, (_, k) => Math.imul(k + 1, 0x9e3779b1) >>> 24),
    labels: Uint8Array.from({ length: count }, (_, k) => (k * k) % 4),
    classes,
  };
}

interface Trained {
  readonly scoresBefore: number[];
  readonly totals: EpochTotals;
  readonly parameters: Readonly<Record<string, number[]>>;
  readonly memory: Readonly<Record<string, number[]>>;
  readonly scores: number[];
}

export const numbersOf = (tensors: NamedTensors) =>
  Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, Array.from(data)]));

/** A short training, with short batches, and what it comes to. */
export async function trainOn(name: string, options: EngineOptions): Promise<Trained> {
  const spec = networks[name];
  const data = madeUp(spec);
  const engine = await createEngine(spec, { seed: 7, ...options });
  try {
    const scoresBefore = Array.from(await engine.logits(data.images));
    const run = await engine.startTraining(data, { ...trainings[name], batchSize: BATCH });
    const order = Uint32Array.from({ length: IMAGES }, (_, k) => (k * 7) % IMAGES);
    const rates = new Float64Array(Math.ceil(IMAGES / BATCH)).fill(0.02);
    await run.epoch(order, rates);
    const totals = await run.epoch(order, rates);
    const state = await run.state();
    const scores = Array.from(await engine.logits(data.images.subarray(0, data.images.length)));
    await run.close();
    return {
      ...{ scoresBefore, totals, scores },
      parameters: numbersOf(engine.parameters()),
      memory: Object.assign({}, ...state.memory.map(numbersOf)),
    };
  } finally {
    await engine.close();
  }
}

/** Trains with a rate that is too high, after an epoch with a good one: what is said, and whether the parameters stay. */
export async function diverge(options: EngineOptions) {
  const spec = { ...small, layers: [...small.layers, { type: "dense", units: 4 }] } as const; // multiplies twice
  const engine = await createEngine(spec, { seed: 7, ...options });
  try {
    const data = madeUp(spec);
    const order = Uint32Array.from({ length: IMAGES }, (_, k) => k);
    const run = await engine.startTraining(data, {
      batchSize: BATCH,
      optimizer: sgd,
    });
    await run.epoch(order, new Float64Array(3).fill(0.01));
    const error = await run
      .epoch(order, new Float64Array([0.01, 1e30, 1e30]))
      .catch((error: unknown) => error);
    return {
      diverged: error instanceof DivergedError,
      message: error instanceof Error ? error.message : "",
      finite: Object.values(engine.parameters()).every(({ data }) => data.every(Number.isFinite)),
    };
  } finally {
    await engine.close();
  }
}

const said = (work: Promise<unknown>) =>
  work.then(
    () => "it went on",
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );

/** What is said when the engine is closed in the middle of an epoch, and of what is asked later. */
export async function closeEngine(options: EngineOptions): Promise<string[]> {
  const engine = await createEngine(small, options);
  const data = madeUp(small, 1000);
  const run = await engine.startTraining(data, { batchSize: 8, optimizer: sgd });
  const order = Uint32Array.from({ length: 1000 }, (_, k) => k);
  const rates = new Float64Array(125).fill(0.01);
  const first = await said(run.epoch(order, rates, { onProgress: () => void engine.close() }));
  return [first, await said(run.epoch(order, rates)), await said(engine.logits(data.images))];
}
