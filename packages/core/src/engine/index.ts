import { type Convolution, convolutions } from "../compiler/convolution.js";
import { hasRelaxedSimd, hasSimd } from "../compiler/features.js";
import { InputError } from "../errors.js";
import { defineModel, type Model, type ModelSpec } from "../graph/model.js";
import { type Init, initialParameters, inits } from "../graph/parameters.js";
import { type Checks, callback, checkOptions, elsewhere, flag, oneOf, SEED } from "../options.js";
import type { NamedTensors } from "../tensor.js";
import { type AutoTraining, autoTrainingCheck, chooseEngine } from "./auto.js";
import type { AutoChoice, Engine, EngineChange, EngineName } from "./engine.js";
import { FallbackEngine } from "./fallback.js";
import { ReferenceEngine } from "./reference.js";
import { checkThreads, WasmEngine } from "./wasm/engine.js";
import type { StartWorker } from "./wasm/engineWorker.js";
import { defaultThreads } from "./wasm/host.js";
import { WebGpuEngine } from "./webgpu/engine.js";
import type { Gpu } from "./webgpu/gpu.js";
import { GpuError } from "./webgpu/gpuError.js";

/** All engines, the default first. */
export const engineNames: readonly EngineName[] = ["wasm", "webgpu", "reference"];

/** An engine by its name, or that of `wasm` and `webgpu` which is faster here. */
export type EngineRequest = EngineName | "auto";

/** Which engine is made, and on what it runs. */
export interface EngineOptions {
  /**
   * Default `wasm`: compiled for the network. `webgpu`: compute shaders on a GPU. `reference`: the textbook as it is, much
   * slower. `auto`: a few steps of `training` are done with `wasm` and with `webgpu`, on made-up images and copies of the
   * weights, and the faster one is taken; without a GPU it is `wasm`. The engine's `choice` says why.
   */
  readonly engine?: EngineRequest | undefined;
  /** What is measured for `engine: "auto"`; default: batches of 32 with Adam. */
  readonly training?: AutoTraining | undefined;
  /**
   * Hears that the webgpu engine went on in WebAssembly, because the GPU was lost, has too little memory or refuses the network.
   * A training then goes on from what was read back of it last, some steps ago, and does the steps since then again. The
   * engine's `changes` has the same.
   */
  readonly onChange?: ((change: EngineChange) => void) | undefined;
  /** The GPU of the webgpu engine. Default: `navigator.gpu`; in Node, that of a package that has one, such as `webgpu`. */
  readonly gpu?: Gpu | undefined;
  /**
   * How many worker threads the wasm engine trains on. The results are the same bits with any number. Default: as many
   * as there are cores; 1 on pages without cross-origin isolation, because they can't share memory between threads; 0
   * where there are no workers. With 0 the calling thread works by itself, in slices of less than 30 ms, unless one
   * step for 8 images takes longer. Threads start when they are needed first and stay until `close`; they keep no
   * process alive while nothing is asked of them.
   */
  readonly threads?: number | undefined;
  /**
   * Starts the wasm engine's workers: a function that returns a `Worker` of the module `unravel-cnn/worker`. It is needed
   * where the bundler has not taken the worker's file along, or the workers must be started by another thread
   * (`borrowWorkers`). With Vite, for example:
   *
   *     import EngineWorker from "unravel-cnn/worker?worker";
   *     const engine = await createEngine(spec, { startWorker: () => new EngineWorker() });
   *
   * With others, bundle `unravel-cnn/worker` into a file of its own: `() => new Worker("/engine-worker.js", { type: "module" })`.
   * Default: from the file that lies beside the library's.
   */
  readonly startWorker?: StartWorker | undefined;
  /**
   * Whether the wasm engine's results must be the same bits on every machine. Default: no. Then it multiplies and adds
   * in one instruction, which is faster, if the JavaScript engine has relaxed SIMD (`hasRelaxedSimd`), and the results
   * are the same bits only where the processor rounds that in the same way. Node 22 and Chromium 114 have it; Node 20
   * only with the flag `--experimental-wasm-relaxed-simd`, which the command line sets but this library doesn't.
   */
  readonly strict?: boolean | undefined;
  /**
   * How the wasm engine computes convolutions. `direct`: as they are written. `auto`, the default: those with 3x3 kernels
   * and at least 8 channels and filters by Winograd's method, with a quarter of the multiplications. The results differ by
   * roundings, somewhat larger ones (docs/performance.md).
   */
  readonly convolution?: Convolution | undefined;
  /** Start from these, not from fresh weights. */
  readonly parameters?: NamedTensors | undefined;
  /** Of the fresh weights; default 0. */
  readonly seed?: number | undefined;
  /** Of the fresh weights; default `he`. */
  readonly init?: Init | undefined;
}

const engineChecks: Checks<EngineOptions> = {
  engine: oneOf([...engineNames, "auto"]),
  training: autoTrainingCheck,
  onChange: callback,
  gpu: elsewhere,
  threads: elsewhere,
  startWorker: callback,
  strict: flag,
  convolution: oneOf(convolutions),
  parameters: elsewhere,
  seed: SEED,
  init: oneOf(inits),
};

/**
 * An engine for a network, with fresh weights or with given ones.
 * @throws InputError if the spec, the seed, the parameters or an option is wrong, or the engine can't run here.
 */
export async function createEngine(spec: ModelSpec, options: EngineOptions = {}): Promise<Engine> {
  checkOptions("The engine", options, engineChecks);
  const model = defineModel(spec);
  const parameters = options.parameters ?? initialParameters(model, options.seed ?? 0, options.init);
  const { engine = "wasm" } = options;
  if (engine === "reference") return new ReferenceEngine(model, parameters);
  if (engine === "wasm") return wasmEngine(model, parameters, options);
  checkWasm(options); // it may have to go on
  const { gpu = globalThis.navigator?.gpu } = options;
  const open = () => WebGpuEngine.open(model, parameters, gpu);
  const other = (now: NamedTensors) => wasmEngine(model, now, options);
  const withFallback = (opened: Engine, choice?: AutoChoice) =>
    new FallbackEngine(opened, { other, onChange: options.onChange, choice });
  if (engine === "auto") {
    const { strict = false, training = {} } = options;
    const chosen = await chooseEngine({ model, parameters, strict, open, other, training });
    return withFallback(chosen.engine, chosen.choice);
  }
  try {
    return withFallback(await open());
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    const change = { from: engine, to: "wasm", step: null, reason: error.reason } as const;
    options.onChange?.(change);
    const none = withFallback(other(parameters));
    none.changes.push(change);
    return none;
  }
}

function wasmEngine(model: Model, parameters: NamedTensors, options: EngineOptions): WasmEngine {
  const { startWorker, threads = defaultThreads(startWorker), convolution = "auto" } = options;
  checkWasm(options);
  return new WasmEngine(model, parameters, {
    threads,
    strict: options.strict === true || !hasRelaxedSimd(),
    convolution,
    startWorker,
  });
}

/** @throws InputError unless there can be a wasm engine here */
function checkWasm({ startWorker, threads = defaultThreads(startWorker) }: EngineOptions): void {
  checkThreads(threads, startWorker);
  if (hasSimd()) return;
  throw new InputError(
    "This JavaScript engine has no WebAssembly SIMD, which the wasm engine needs; use the reference engine.",
  );
}
