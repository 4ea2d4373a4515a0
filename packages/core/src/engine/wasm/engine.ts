import { resolveAugment } from "../../augment/options.js";
import { BLOCK } from "../../compiler/block.js";
import type { Convolution } from "../../compiler/convolution.js";
import { type Plan, type PlanOptions, planModel } from "../../compiler/plan.js";
import { type Dataset, labelsPerImage } from "../../data/dataset.js";
import { InputError, show } from "../../errors.js";
import { type Folding, foldParameters, planFolding } from "../../graph/fold.js";
import { type Model, withClassWeights } from "../../graph/model.js";
import { checkParameters } from "../../graph/parameters.js";
import { listening, withAnyOf } from "../../listening.js";
import { totalTarget } from "../../losses/softmaxCrossEntropy.js";
import { resolveOptimizer } from "../../optimizers/index.js";
import { MOST_THREADS } from "../../options.js";
import { copyAll, type NamedTensors } from "../../tensor.js";
import { DivergedError } from "../diverged.js";
import type {
  Engine,
  EpochOptions,
  EpochTotals,
  InferenceOptions,
  RunState,
  TrainingOptions,
  TrainingRun,
} from "../engine.js";
import { closedError, closedRunError } from "../failures.js";
import { checkEpoch, checkInference, checkTraining } from "../inputs.js";
import { firstAverage, optimizerMemory } from "../optimizerState.js";
import { NOTHING } from "../signs.js";
import type { StartWorker } from "./engineWorker.js";
import { canShareMemory, hasWorkers } from "./host.js";
import { layoutOf } from "./layout.js";
import { LocalPool } from "./localPool.js";
import type { InferenceProgram, Pool, TrainingProgram } from "./pool.js";
import { compileFor, createPool } from "./pools.js";
import { memoryOf, memoryRowOf, parametersOf, rowOf } from "./row.js";

/** Fewer images than this are computed on the calling thread: waking the others would take longer. */
const FEW_IMAGES = 64;

/** How many images are computed at a time: each has a program of its own. */
type Amount = "one" | "few" | "many";

interface LoadedInference {
  readonly plan: Plan;
  readonly program: InferenceProgram;
  /** Those that the program was given last: they are sent again only when they have changed. */
  parameters: NamedTensors | undefined;
}

export interface WasmOptions {
  /** Number of threads; 0: no workers, the calling thread works in slices. */
  readonly threads: number;
  readonly strict: boolean;
  readonly convolution?: Convolution | undefined;
  readonly startWorker?: StartWorker | undefined;
}

/** Trains with kernels compiled for the network's shapes, on resident threads. */
export class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly model: Model;
  readonly strict: boolean;
  readonly #planOptions: PlanOptions;
  /** The threads on which it trains; what measures them may use them, too. */
  readonly pool: Pool;
  readonly #startWorker: StartWorker | undefined;
  readonly #local = new LocalPool();
  #one: Pool | undefined;
  #parameters: NamedTensors;
  /** The network as it is used after training: with norms merged into other layers, without dropout. */
  readonly #folding: Folding;
  readonly #inference = new Map<Amount, Promise<LoadedInference>>();
  #closed = false;

  constructor(model: Model, parameters: NamedTensors, options: WasmOptions) {
    const { threads, strict, convolution, startWorker } = options;
    checkParameters(model, parameters);
    this.model = model;
    this.#folding = planFolding(model);
    this.strict = strict;
    this.#planOptions = convolution === undefined ? {} : { convolution };
    this.#parameters = copyAll(parameters, "float32");
    this.#startWorker = startWorker;
    this.pool = threads === 0 ? this.#local : createPool(threads, startWorker);
  }

  get threads(): number {
    return this.pool.threads;
  }

  get convolution(): Convolution | undefined {
    return this.#planOptions.convolution;
  }

  parameters(): NamedTensors {
    return copyAll(this.#parameters);
  }

  setParameters(parameters: NamedTensors): void {
    this.#checkOpen();
    checkParameters(this.model, parameters);
    this.#parameters = copyAll(parameters, "float32");
  }

  async startTraining(data: Dataset, options: TrainingOptions): Promise<TrainingRun> {
    this.#checkOpen();
    checkTraining(this.model, data, options);
    const { batchSize, clip, ema, resume } = options;
    const optimizer = resolveOptimizer(options.optimizer);
    const memory = resume ? optimizerMemory(this.model, options) : [];
    const average = firstAverage(this.model, this.#parameters, options);
    const augment = resolveAugment(options.augment, this.model.inputShape);
    const pool = batchSize > BLOCK ? this.pool : this.#poolOfOne();
    pool.start();
    const model = options.classWeights ? withClassWeights(this.model, options.classWeights) : this.model;
    const each = labelsPerImage(data);
    const training = { batchSize, optimizer, clip: clip !== undefined, ema, several: each > 1 };
    const plan = planModel(model, training, this.#planOptions);
    const program = await pool.loadTraining(
      await compileFor(pool, plan, { relaxed: !this.strict }),
      layoutOf(plan, {
        ...{ batchSize, optimizer, clip, seed: options.seed ?? 0, labelsPerImage: each },
        ...(augment && { augment }),
        ...(options.classWeights && {
          weights: {
            counts: options.classWeights,
            totals: options.classWeights.map((_, k) => totalTarget(model.loss, k)),
          },
        }),
      }),
      {
        parameters: rowOf(plan, this.#parameters),
        average: average && rowOf(plan, average),
        memory: memory.map((tensors) => memoryRowOf(plan, tensors)),
        images: data.images,
        labels: data.labels,
      },
    );
    if (average) this.#parameters = average;
    return new WasmTraining(plan, program, data, options, (parameters) => {
      this.#parameters = parameters;
    });
  }

  async logits(images: Uint8Array, options: InferenceOptions = {}): Promise<Float32Array> {
    this.#checkOpen();
    const count = checkInference(this.model, images, options);
    options.signal?.throwIfAborted();
    const loaded = await this.#inferenceProgram(count === 1 ? "one" : count < FEW_IMAGES ? "few" : "many");
    const parameters = this.#parameters;
    const row =
      loaded.parameters === parameters
        ? undefined
        : rowOf(loaded.plan, foldParameters(this.#folding, parameters));
    return listening(options, async ({ signal, onProgress }) => {
      const logits = await loaded.program.infer(row, images, { signal, onProgress });
      loaded.parameters = parameters;
      signal?.throwIfAborted();
      return logits;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.pool.close(), this.#local.close(), this.#one?.close()]);
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError();
  }

  /** For batches of one block, on which several threads would only wait for each other. */
  #poolOfOne(): Pool {
    if (this.pool.threads === 1) return this.pool;
    this.#one ??= createPool(1, this.#startWorker);
    return this.#one;
  }

  #inferenceProgram(amount: Amount): Promise<LoadedInference> {
    const load = async (): Promise<LoadedInference> => {
      const pool = amount === "many" ? this.pool : this.#local;
      const plan = planModel(this.#folding.model, undefined, {
        ...this.#planOptions,
        oneImage: amount === "one",
      });
      const program = await pool.loadInference(
        await compileFor(pool, plan, { relaxed: !this.strict }),
        layoutOf(plan),
      );
      return { plan, program, parameters: undefined };
    };
    let loaded = this.#inference.get(amount);
    if (loaded === undefined) {
      loaded = load();
      this.#inference.set(amount, loaded);
      // one that failed, for want of memory perhaps, is tried anew
      loaded.catch(() => this.#inference.delete(amount));
    }
    return loaded;
  }
}

class WasmTraining implements TrainingRun {
  readonly #plan: Plan;
  readonly #program: TrainingProgram;
  /** Hands the parameters to the engine. */
  readonly #keep: (parameters: NamedTensors) => void;
  readonly #data: Dataset;
  readonly #options: TrainingOptions;
  #step: number;
  #idleSteps = 0;
  #closed = false;

  constructor(
    plan: Plan,
    program: TrainingProgram,
    data: Dataset,
    options: TrainingOptions,
    keep: (parameters: NamedTensors) => void,
  ) {
    this.#plan = plan;
    this.#program = program;
    this.#data = data;
    this.#options = options;
    this.#step = options.resume?.steps ?? 0;
    this.#keep = keep;
  }

  async epoch(
    order: Uint32Array,
    learningRates: Float64Array,
    options: EpochOptions = {},
  ): Promise<EpochTotals> {
    this.#checkOpen();
    checkEpoch(this.#plan.model, this.#data, this.#options.batchSize, order, learningRates, options);
    options.signal?.throwIfAborted();
    return listening(options, (listeners) => this.#train(order, learningRates, { ...options, ...listeners }));
  }

  async #train(
    order: Uint32Array,
    learningRates: Float64Array,
    {
      signal,
      pause,
      epoch = 1,
      before = { ...NOTHING, idleSteps: this.#idleSteps },
      onProgress,
    }: EpochOptions,
  ): Promise<EpochTotals> {
    const request = { order, learningRates, firstStep: this.#step, epoch, before };
    const tell = onProgress && ((soFar: EpochTotals) => soFar.images > before.images && onProgress(soFar));
    const { totals, badLoss, parameters } = await withAnyOf([signal, pause], (stop) =>
      this.#program.epoch(request, { signal: stop, onProgress: tell }),
    );
    this.#keep(parametersOf(this.#plan, parameters));
    const steps = totals.steps - before.steps;
    this.#step += steps;
    this.#idleSteps = totals.idleSteps;
    if (badLoss !== undefined) {
      const learningRate = learningRates[steps];
      throw DivergedError.notFinite("loss", badLoss, {
        ...this.#options,
        step: this.#step + 1,
        learningRate,
      });
    }
    signal?.throwIfAborted();
    return totals;
  }

  async state(): Promise<RunState> {
    this.#checkOpen();
    const { parameters, average, memory } = await this.#program.rows();
    return {
      steps: this.#step,
      memory: memory.map((row) => memoryOf(this.#plan, row)),
      parameters: parametersOf(this.#plan, parameters),
      ...(average && { average: parametersOf(this.#plan, average) }),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#program.unload();
  }

  #checkOpen(): void {
    if (this.#closed) throw closedRunError();
  }
}

/** @throws InputError unless there can be so many threads here: a whole number from 0 to 256 */
export function checkThreads(threads: number, startWorker?: StartWorker): void {
  if (!Number.isInteger(threads) || threads < 0 || threads > MOST_THREADS) {
    throw new InputError(
      `The number of threads must be a whole number from 1 to ${MOST_THREADS}, not ${show(threads)}.`,
    );
  }
  if (threads > 0 && !hasWorkers(startWorker)) {
    throw new InputError("There are no workers here; use threads: 0, the calling thread alone.");
  }
  if (threads > 1 && !canShareMemory()) {
    throw new InputError(
      "More than one thread needs shared memory, which a page has only with cross-origin isolation (served with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp); use threads: 1.",
    );
  }
}
