import { type AugmentSpec, augmentCheck, resolveAugment } from "../augment/options.js";
import { noise } from "../data/noise.js";
import { InputError } from "../errors.js";
import type { Model } from "../graph/model.js";
import { emaCheck } from "../optimizers/average.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import {
  type Check,
  type Checks,
  checkKeys,
  elsewhere,
  kindOf,
  LARGEST_BATCH,
  number,
  whole,
} from "../options.js";
import type { NamedTensors } from "../tensor.js";
import { DivergedError } from "./diverged.js";
import type { AutoChoice, Engine } from "./engine.js";
import type { WebGpuEngine } from "./webgpu/engine.js";
import { GpuError, NoGpuError } from "./webgpu/gpuError.js";

/*
 * Which of two engines trains a network faster, found by trying it: on made-up images, with copies of the weights, so that
 * nothing of the training itself is changed by it.
 */

/** The training for which an engine is chosen, where it isn't as usual. */
export interface AutoTraining {
  /** Default 32. */
  readonly batchSize?: number | undefined;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec | undefined;
  readonly clip?: number | undefined;
  readonly ema?: number | undefined;
  readonly augment?: AugmentSpec | undefined;
}

const checks: Checks<AutoTraining> = {
  batchSize: whole(1, LARGEST_BATCH),
  optimizer: elsewhere,
  clip: number(0, { above: true, infinite: true }),
  ema: emaCheck,
  augment: augmentCheck,
};

/** For a table of checks. */
export const autoTrainingCheck: Check = (name, value) => {
  if (typeof value !== "object" || value === null) {
    throw new InputError(`${name} must be an object like { batchSize: 64 }, not ${kindOf(value)}`);
  }
  checkKeys(value, Object.keys(checks), `option of ${name}`);
  for (const [key, check] of Object.entries(checks)) {
    const given = (value as Record<string, unknown>)[key];
    if (given !== undefined) check(`${name}.${key}`, given);
  }
};

interface Candidates {
  readonly model: Model;
  readonly parameters: NamedTensors;
  /** Whether the results must be the same bits on every machine. */
  readonly strict: boolean;
  readonly training: AutoTraining;
  /** Opens the GPU. */
  readonly open: () => Promise<WebGpuEngine>;
  /** The engine without one. */
  readonly other: (parameters: NamedTensors) => Engine;
}

/** The faster engine, as new, and why it is that. */
export async function chooseEngine(
  candidates: Candidates,
): Promise<{ readonly engine: Engine; readonly choice: AutoChoice }> {
  const { parameters, strict, other } = candidates;
  resolveOptimizer(candidates.training.optimizer ?? "adam"); // a wrong one is refused with or without a GPU
  const wasm = other(parameters);
  const none = { wasm: null, webgpu: null };
  const without = (reason: string, milliseconds: AutoChoice["milliseconds"] = none) => ({
    engine: wasm,
    choice: { engine: "wasm", reason, milliseconds } as const,
  });
  if (strict) return without("Only WebAssembly gives the same bits on every machine");
  let gpu: WebGpuEngine | undefined;
  try {
    gpu = await candidates.open();
    if (gpu.isSoftware) return without(`The only WebGPU here (${gpu.adapter}) computes on the processor`);
    // the GPU first: if it has too little memory nobody need wait for the other
    const webgpu = await millisecondsPerStep(gpu, candidates);
    const milliseconds = { wasm: await millisecondsPerStep(wasm, candidates), webgpu };
    const reason = `A step takes ${shown(milliseconds.wasm)} ms in WebAssembly and ${shown(webgpu)} ms on the GPU (${gpu.adapter})`;
    if (milliseconds.wasm <= webgpu) return without(reason, milliseconds);
    const engine = gpu;
    gpu = undefined;
    await wasm.close();
    return { engine, choice: { engine: "webgpu", reason, milliseconds } };
  } catch (error) {
    if (error instanceof GpuError || error instanceof NoGpuError) return without(error.reason);
    if (error instanceof DivergedError) return without("The loss of the given weights is no number");
    await wasm.close();
    throw error;
  } finally {
    await gpu?.close();
  }
}

/** So long an engine is measured, if a step doesn't take longer. */
const MEASURED_MS = 250;
const WARM_UP_STEPS = 3;
const MOST_STEPS = 256;
/** Batches of made-up images. */
const BATCHES = 4;

/** The engine has the weights that it had, afterwards. */
async function millisecondsPerStep(
  engine: Engine,
  { model, parameters, training }: Pick<Candidates, "model" | "parameters" | "training">,
): Promise<number> {
  const { batchSize = 32, optimizer = "adam", augment, clip, ema } = training;
  const count = BATCHES * batchSize;
  const run = await engine.startTraining(noise(model, count), {
    ...{ batchSize, clip, ema, optimizer: resolveOptimizer(optimizer) },
    augment: resolveAugment(augment, model.inputShape),
  });
  try {
    const train = async (steps: number) => {
      const order = Uint32Array.from({ length: steps * batchSize }, (_, k) => k % count);
      const begin = performance.now();
      // without a rate no weight is changed, and so none can become too large
      await run.epoch(order, new Float64Array(steps));
      return performance.now() - begin;
    };
    // what comes first has to compile, and to start threads
    const first = await train(1);
    if (first > MEASURED_MS) return Math.min(first, await train(1));
    await train(WARM_UP_STEPS);
    let [milliseconds, done] = [0, 0];
    for (let steps = WARM_UP_STEPS; milliseconds < MEASURED_MS; steps = Math.min(2 * steps, MOST_STEPS)) {
      milliseconds += await train(steps);
      done += steps;
    }
    return milliseconds / done;
  } finally {
    await run.close();
    engine.setParameters(parameters);
  }
}

const shown = (milliseconds: number): string => String(Number(milliseconds.toPrecision(2)));
