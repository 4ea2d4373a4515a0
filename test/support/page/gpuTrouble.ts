import {
  createEngine,
  type EngineChange,
  type EngineOptions,
  formatCheckpoint,
  type Gpu,
  type ModelSpec,
  parseCheckpoint,
  profileOnGpu,
  fit as train,
} from "unravel-cnn";
import { closeEngine, diverge, madeUp, networks, numbersOf, sgd, small, trainings, trainOn } from "./gpu.js";

/*
 * What is tested of the webgpu engine where its GPU is lost or can't be used, how it is chosen, and what memory it takes.
 */

/** A GPU whose adapters and devices are seen, and changed, before the engine gets them. */
function tapped(
  gpu: Gpu,
  { adapter: onAdapter = () => {}, device: onDevice = () => {} }: Partial<Taps>,
): Gpu {
  return {
    async requestAdapter(options) {
      const adapter = (await gpu.requestAdapter(options)) as GPUAdapter | null;
      if (adapter === null) return null;
      const request = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor) => {
        const device = await request(descriptor);
        onDevice(device);
        return device;
      };
      onAdapter(adapter);
      return adapter;
    },
  };
}

interface Taps {
  adapter(adapter: GPUAdapter): void;
  device(device: GPUDevice): void;
}

const EPOCH = 400;
const BATCH = 8;
const STEPS = EPOCH / BATCH;

/**
 * Two epochs of a training with all that depends on the step, the second one with the GPU lost after four fifths of it.
 * @param gpu undefined: without a GPU
 */
export async function lose(gpu?: Gpu) {
  const spec = networks.dropped;
  const data = madeUp(spec, EPOCH);
  const told: EngineChange[] = [];
  let device: GPUDevice | undefined;
  const options: EngineOptions = gpu
    ? { engine: "webgpu", gpu: tapped(gpu, { device: (given) => (device = given) }) }
    : {};
  const engine = await createEngine(spec, {
    ...options,
    ...{ seed: 7, threads: 0, onChange: (change) => told.push(change) },
  });
  const restore = gpu && hurryClock();
  try {
    const run = await engine.startTraining(data, { ...trainings.dropped, batchSize: BATCH, ema: 0.9 });
    const order = Uint32Array.from({ length: EPOCH }, (_, k) => (k * 7) % EPOCH);
    const rates = new Float64Array(STEPS).fill(0.002);
    await run.epoch(order, rates, { epoch: 1 });
    const totals = await run.epoch(order, rates, {
      epoch: 2,
      onProgress: ({ images }) => {
        if (images >= 0.8 * EPOCH) device?.destroy();
      },
    });
    const state = await run.state();
    const scores = Array.from(await engine.logits(data.images.subarray(0, 36 * 9)));
    const again = await run.epoch(order, rates, { epoch: 3 });
    await run.close();
    return {
      ...{ totals, scores, told, again: again.steps },
      name: engine.name,
      changes: [...(engine.changes ?? [])],
      steps: state.steps,
      trained: Object.values(numbersOf(state.parameters)).flat(),
      average: Object.values(numbersOf(state.average ?? {})).flat(),
      remembered: state.memory.flatMap((tensors) => Object.values(numbersOf(tensors)).flat()),
    };
  } finally {
    restore?.();
    await engine.close();
  }
}

/** Lets the clock run so fast that what is done every quarter of a second is done all the time. */
function hurryClock(): () => void {
  const own = performance.now.bind(performance);
  performance.now = () => 1000 * own();
  return () => {
    performance.now = own;
  };
}

/** Lost between two epochs of three; and what comes of a checkpoint that was made after that, in WebAssembly alone. */
export async function loseBetween(gpu: Gpu) {
  let device: GPUDevice | undefined;
  const data = madeUp(small, 40);
  const options = { threads: 0, seed: 7 };
  const settings = { epochs: 3, batchSize: 8, optimizer: "sgd" } as const;
  const files: Uint8Array[] = [];
  const engine = await createEngine(small, {
    ...options,
    ...{ engine: "webgpu", gpu: tapped(gpu, { device: (given) => (device = given) }) },
  });
  await train(engine, data, {
    ...settings,
    checkpoint: { every: { epochs: 1 }, save: (checkpoint) => void files.push(formatCheckpoint(checkpoint)) },
    onEpoch: (_, epoch) => epoch === 1 && device?.destroy(),
  });
  const checkpoints = files.map((file, k) => parseCheckpoint(file, `checkpoint ${k}`));
  const other = await createEngine(small, options);
  await train(other, data, { ...settings, resume: checkpoints[2] });
  const scores = await engine.logits(data.images);
  const [changes, parameters, resumed] = [engine.changes, engine.parameters(), other.parameters()];
  await Promise.all([engine.close(), other.close()]);
  return {
    ...{ changes, scores: scores.length, parameters: numbersOf(parameters), resumed: numbersOf(resumed) },
    kept: checkpoints.map(({ about, state, changes }) => ({
      ...{ engine: about.engine.name, steps: state.steps, changes },
    })),
  };
}

/** GPUs that can't be used, each in another way. */
const unusable: Readonly<Record<string, Partial<Taps>>> = {
  opened: {
    adapter: (adapter) => {
      adapter.requestDevice = () => Promise.reject(new TypeError("no such limit.\nAnd more."));
    },
  },
  limits: {
    device: (device) => {
      const { limits } = device;
      Object.defineProperty(device, "limits", {
        value: { ...limits, maxBufferSize: 2000, maxStorageBufferBindingSize: 2000 },
      });
    },
  },
  memory: {
    device: (device) => {
      let scopes = 0;
      // the second that is taken away is that of the memory
      device.popErrorScope = async () => (scopes++ % 2 === 1 ? ({ message: "none" } as GPUError) : null);
    },
  },
  // while it trains
  later: {
    device: (device) => {
      const submit = device.queue.submit.bind(device.queue);
      let submissions = 0;
      device.queue.submit = (buffers) => {
        submit(buffers);
        if (++submissions !== 4) return;
        const error = { message: "Out of memory.\nSo it is." };
        device.dispatchEvent(
          Object.assign(new Event("uncapturederror"), { error }) as GPUUncapturedErrorEvent,
        );
      };
    },
  },
};

/** What comes of a short training on such a GPU. */
export async function struggle(kind: string, gpu: Gpu) {
  const data = madeUp(small, 40);
  const engine = await createEngine(small, {
    ...{ engine: "webgpu", threads: 0 },
    gpu: tapped(gpu, unusable[kind]),
  });
  try {
    const run = await engine.startTraining(data, { batchSize: 8, optimizer: sgd });
    const order = Uint32Array.from({ length: 40 }, (_, k) => k);
    const { steps } = await run.epoch(order, new Float64Array(5).fill(0.01));
    return { steps, name: engine.name, changes: engine.changes };
  } finally {
    await engine.close();
  }
}

/** What `auto` chooses, as if SwiftShader were a GPU, and whether the training is that of the engine which it has chosen. */
export async function choose(gpu: Gpu) {
  const hidden = tapped(gpu, {
    adapter: (adapter) =>
      Object.defineProperty(adapter, "info", { value: { vendor: "a", architecture: "b" } }),
  });
  const data = madeUp(small, 40);
  const trained = async (options: EngineOptions) => {
    const engine = await createEngine(small, { seed: 7, threads: 0, ...options });
    const before = numbersOf(engine.parameters());
    const run = await engine.startTraining(data, { batchSize: 8, optimizer: sgd });
    await run.epoch(
      Uint32Array.from({ length: 40 }, (_, k) => k),
      new Float64Array(5).fill(0.01),
    );
    const after = numbersOf(engine.parameters());
    const { name, choice, changes } = engine;
    await engine.close();
    return { before, after, name, choice, changes };
  };
  const measured = await trained({ engine: "auto", gpu: hidden, training: { batchSize: 8, optimizer: sgd } });
  const own = await trained({ engine: measured.name, gpu });
  const software = await trained({ engine: "auto", gpu });
  const strict = await trained({ engine: "auto", gpu: hidden, strict: true });
  const none = await trained({ engine: "auto", gpu: { requestAdapter: async () => null } });
  return { measured, own, others: [software, strict, none].map(({ name, choice }) => ({ name, choice })) };
}

/** How many buffers, and bytes in them, a training has before and after so many steps. */
export async function memory(gpu: Gpu, steps: number) {
  let [buffers, bytes] = [0, 0];
  const counted = tapped(gpu, {
    device: (device) => {
      const create = device.createBuffer.bind(device);
      device.createBuffer = (descriptor) => {
        const buffer = create(descriptor);
        buffers++;
        bytes += descriptor.size;
        const destroy = buffer.destroy.bind(buffer);
        buffer.destroy = () => {
          bytes -= descriptor.size;
          destroy();
        };
        return buffer;
      };
    },
  });
  const data = madeUp(small, 200);
  const engine = await createEngine(small, { engine: "webgpu", gpu: counted, threads: 0 });
  try {
    const run = await engine.startTraining(data, { batchSize: 8, optimizer: sgd, ema: 0.9 });
    const before = { buffers, bytes };
    const order = Uint32Array.from({ length: 200 }, (_, k) => k);
    for (let done = 0; done < steps; done += 25) await run.epoch(order, new Float64Array(25).fill(0.001));
    await run.state();
    const after = { buffers, bytes };
    await run.close();
    return { before, after, left: bytes, name: engine.name };
  } finally {
    await engine.close();
  }
}

/** What is measured of the kernels, on a GPU with a clock for them, or without. */
export function profile(gpu: Gpu, canTime: boolean) {
  const blind = tapped(gpu, {
    adapter: (adapter) => Object.defineProperty(adapter, "features", { value: new Set() }),
  });
  const convolution: ModelSpec = {
    ...small,
    layers: [{ type: "conv2d", filters: 2, kernel: 3 }, { type: "relu" }, ...small.layers],
  };
  return profileOnGpu(canTime ? convolution : small, {
    gpu: canTime ? gpu : blind,
    batchSize: 8,
    rounds: 1,
  });
}

const page = {
  ...{ trainOn, diverge, closeEngine },
  lose: (onGpu = true) => lose(onGpu ? navigator.gpu : undefined),
  loseBetween: () => loseBetween(navigator.gpu),
  struggle: (kind: string) => struggle(kind, navigator.gpu),
  choose: () => choose(navigator.gpu),
  memory: (steps: number) => memory(navigator.gpu, steps),
  profile: (canTime: boolean) => profile(navigator.gpu, canTime),
};

export type GpuPage = typeof page;

Object.assign(globalThis, { gpuPage: page });
