import type { Convolution } from "../compiler/convolution.js";
import type { Dataset } from "../data/dataset.js";
import type { Model } from "../graph/model.js";
import type { NamedTensors } from "../tensor.js";
import type {
  AutoChoice,
  Engine,
  EngineChange,
  EngineName,
  EpochOptions,
  EpochTotals,
  InferenceOptions,
  RunState,
  TrainingOptions,
  TrainingRun,
} from "./engine.js";
import { NOTHING } from "./signs.js";
import { GpuError } from "./webgpu/gpuError.js";
import { WebGpuTraining } from "./webgpu/training.js";

/** A change in a sentence. */
export function describeChange({ reason, step }: EngineChange): string {
  return step === null
    ? `${reason}; WebAssembly goes on.`
    : `${reason}; training goes on in WebAssembly after step ${step.toLocaleString("en-US")}.`;
}

interface FallbackOptions {
  /** The engine that goes on, with these parameters. */
  readonly other: (parameters: NamedTensors) => Engine;
  readonly onChange?: ((change: EngineChange) => void) | undefined;
  readonly choice?: AutoChoice | undefined;
}

/**
 * A GPU, and if it is lost, has too little memory or refuses a network, another engine from then on. A training goes on from
 * what was read back of it last, and does the steps since then again, so that none is left out.
 */
export class FallbackEngine implements Engine {
  readonly model: Model;
  readonly changes: EngineChange[] = [];
  readonly choice: AutoChoice | undefined;
  readonly #options: FallbackOptions;
  readonly #first: Engine;
  #engine: Engine;
  #run: FallbackRun | undefined;

  constructor(first: Engine, options: FallbackOptions) {
    this.#first = first;
    this.#engine = first;
    this.#options = options;
    this.model = first.model;
    this.choice = options.choice;
  }

  get name(): EngineName {
    return this.#engine.name;
  }

  get threads(): number {
    return this.#engine.threads;
  }

  get strict(): boolean {
    return this.#engine.strict;
  }

  get convolution(): Convolution | undefined {
    return this.#engine.convolution;
  }

  get adapter(): string | undefined {
    return this.#engine.adapter;
  }

  /** The engine that computes now. */
  get current(): Engine {
    return this.#engine;
  }

  parameters(): NamedTensors {
    return this.#engine.parameters();
  }

  setParameters(parameters: NamedTensors): void {
    this.#engine.setParameters(parameters);
  }

  async startTraining(data: Dataset, options: TrainingOptions): Promise<TrainingRun> {
    const steps = options.resume?.steps ?? 0;
    const run = await this.do((engine) => engine.startTraining(data, options), steps);
    this.#run = new FallbackRun(this, run, data, options);
    return this.#run;
  }

  logits(images: Uint8Array, options?: InferenceOptions): Promise<Float32Array> {
    return this.do((engine) => engine.logits(images, options), this.#run?.steps ?? null);
  }

  async close(): Promise<void> {
    await Promise.all([...new Set([this.#engine, this.#first])].map((engine) => engine.close()));
  }

  /** Does work on the engine that there is; if that is a GPU that fails, on the other one. */
  async do<Result>(work: (engine: Engine) => Promise<Result>, step: number | null): Promise<Result> {
    const engine = this.#engine;
    try {
      return await work(engine);
    } catch (error) {
      if (!(error instanceof GpuError)) throw error;
      this.change(engine, error, step);
      return work(this.#engine);
    }
  }

  /** Goes on with the other engine, unless it has done so already. */
  change(failed: Engine, { reason }: GpuError, step: number | null): void {
    if (failed !== this.#engine) return;
    this.#engine = this.#options.other(failed.parameters());
    // a run that is on it follows when it comes to that
    if (this.#run === undefined) void failed.close();
    const change: EngineChange = { from: failed.name, to: this.#engine.name, step, reason };
    this.changes.push(change);
    this.#options.onChange?.(change);
  }

  /** Another run has taken its place, or none. */
  forget(run: FallbackRun): void {
    if (this.#run === run) this.#run = undefined;
  }
}

class FallbackRun implements TrainingRun {
  readonly #owner: FallbackEngine;
  /** On which `#run` runs. */
  #engine: Engine;
  #run: TrainingRun;
  readonly #data: Dataset;
  readonly #options: TrainingOptions;
  #closed = false;

  constructor(owner: FallbackEngine, run: TrainingRun, data: Dataset, options: TrainingOptions) {
    this.#owner = owner;
    this.#engine = owner.current;
    this.#run = run;
    this.#data = data;
    this.#options = options;
  }

  /** After how many steps another engine could go on. */
  get steps(): number | null {
    return this.#run instanceof WebGpuTraining ? this.#run.kept.steps : null;
  }

  async epoch(
    order: Uint32Array,
    learningRates: Float64Array,
    options: EpochOptions = {},
  ): Promise<EpochTotals> {
    await this.#follow();
    const run = this.#run;
    if (!(run instanceof WebGpuTraining)) return run.epoch(order, learningRates, options);
    const begin = run.kept.steps;
    try {
      const totals = await run.epoch(order, learningRates, options);
      await this.#follow();
      return totals;
    } catch (error) {
      if (!(error instanceof GpuError) || this.#closed) throw error;
      const { kept } = run;
      this.#owner.change(this.#engine, error, kept.steps);
      await this.#follow();
      const done = kept.steps - begin;
      const from = done * this.#options.batchSize;
      if (done > 0 && kept.totals && from >= order.length) return kept.totals;
      const idle = { ...NOTHING, idleSteps: kept.totals?.idleSteps ?? 0 };
      return this.#run.epoch(order.subarray(from), learningRates.subarray(done), {
        ...options,
        // what was read back last may be of the epoch before
        before: (done > 0 ? kept.totals : options.before) ?? idle,
      });
    }
  }

  /** Goes on on the engine that its owner has, from what was read back last. */
  async #follow(): Promise<void> {
    const engine = this.#owner.current;
    const left = this.#run;
    if (engine === this.#engine || !(left instanceof WebGpuTraining) || this.#closed) return;
    const state = await left.state();
    engine.setParameters(state.parameters);
    this.#run = await engine.startTraining(this.#data, { ...this.#options, resume: state });
    await left.close();
    await this.#engine.close();
    this.#engine = engine;
  }

  async state(): Promise<RunState> {
    return this.#run.state();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#owner.forget(this);
    await this.#run.close();
  }
}
