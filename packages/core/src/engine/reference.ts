import { type Augmenter, augmented, createAugmenter } from "../augment/augmenter.js";
import { resolveAugment } from "../augment/options.js";
import { loadBatch } from "../data/batch.js";
import { type Dataset, labelsAt } from "../data/dataset.js";
import { type Model, withClassWeights } from "../graph/model.js";
import { checkParameters } from "../graph/parameters.js";
import { listening } from "../listening.js";
import { rightOnes } from "../losses/labels.js";
import { averageInto } from "../optimizers/average.js";
import { clipGradients } from "../optimizers/clip.js";
import { LOOK_EVERY } from "../optimizers/flush.js";
import { decaysOf, optimizerStateCount, resolveOptimizer, updateParameter } from "../optimizers/index.js";
import { EVALUATION, logits, nextState, parameterGradients, trace } from "../reference/trace.js";
import { copyAll, type FloatArray, type NamedTensors, sizeOf, type Tensor } from "../tensor.js";
import { DivergedError } from "./diverged.js";
import type {
  Engine,
  EpochOptions,
  EpochTotals,
  InferenceOptions,
  RunState,
  TrainingOptions,
  TrainingRun,
} from "./engine.js";
import { closedError, closedRunError } from "./failures.js";
import { checkEpoch, checkInference, checkTraining } from "./inputs.js";
import { firstAverage, optimizerMemory } from "./optimizerState.js";
import { absurdLoss, firstSteps, LEARNT, NOTHING, sumOf } from "./signs.js";
import { Slices } from "./slices.js";

/** Trains with the textbook as it is, in float32, on the calling thread. */
export class ReferenceEngine implements Engine {
  readonly name = "reference";
  readonly threads = 1;
  readonly strict = true;
  readonly model: Model;
  #parameters: NamedTensors;
  readonly #state = { closed: false };

  constructor(model: Model, parameters: NamedTensors) {
    this.model = model;
    checkParameters(model, parameters);
    this.#parameters = copyAll(parameters, "float32");
  }

  parameters(): NamedTensors {
    return copyAll(this.#parameters);
  }

  setParameters(parameters: NamedTensors): void {
    checkOpen(this.#state);
    checkParameters(this.model, parameters);
    this.#parameters = copyAll(parameters, "float32");
  }

  async startTraining(data: Dataset, options: TrainingOptions): Promise<TrainingRun> {
    checkOpen(this.#state);
    checkTraining(this.model, data, options);
    const optimizer = resolveOptimizer(options.optimizer);
    const start = copyAll(this.#parameters);
    return new ReferenceTraining(
      this.model,
      start,
      data,
      { ...options, optimizer },
      this.#state,
      (trained) => {
        this.#parameters = trained;
      },
    );
  }

  async logits(images: Uint8Array, options: InferenceOptions = {}): Promise<Float32Array> {
    checkOpen(this.#state);
    checkInference(this.model, images, options);
    const { batchSize } = options;
    return listening(options, (listeners) => this.#infer(images, { ...listeners, batchSize }));
  }

  async #infer(
    images: Uint8Array,
    { batchSize = 64, signal, onProgress }: InferenceOptions,
  ): Promise<Float32Array> {
    const { model } = this;
    const count = images.length / sizeOf(model.inputShape);
    const classes = model.classes.length;
    const all = new Float32Array(count * classes);
    const slices = new Slices(signal);
    for (let from = 0; from < count; from += batchSize) {
      const indices = Array.from({ length: Math.min(batchSize, count - from) }, (_, k) => from + k);
      const x = loadBatch(images, model.inputShape, indices, model.normalize);
      all.set(logits(model, this.#parameters, x, EVALUATION).data, from * classes);
      if (!(await slices.rest())) continue;
      checkOpen(this.#state);
      onProgress?.(from + indices.length);
    }
    return all;
  }

  async close(): Promise<void> {
    this.#state.closed = true;
  }
}

/** Shared by an engine and its training runs. */
interface EngineState {
  readonly closed: boolean;
}

function checkOpen({ closed }: EngineState): void {
  if (closed) throw closedError();
}

class ReferenceTraining implements TrainingRun {
  readonly #model: Model;
  /** The run's own, which change from step to step. */
  readonly #parameters: NamedTensors;
  /** Hands a copy of them to the engine. */
  readonly #keep: (parameters: NamedTensors) => void;
  readonly #data: Dataset;
  readonly #options: TrainingOptions;
  /** What the optimizer remembers of each parameter. */
  readonly #state: Record<string, FloatArray[]>;
  /** With `ema`: of the parameters, and of what layers keep besides. */
  readonly #average: NamedTensors | undefined;
  readonly #engine: EngineState;
  readonly #augment: Augmenter | undefined;
  #step = 0;
  #idleSteps = 0;
  #closed = false;

  constructor(
    model: Model,
    parameters: NamedTensors,
    data: Dataset,
    options: TrainingOptions,
    engine: EngineState,
    keep: (parameters: NamedTensors) => void,
  ) {
    this.#engine = engine;
    this.#keep = keep;
    this.#model = options.classWeights ? withClassWeights(model, options.classWeights) : model;
    this.#parameters = parameters;
    this.#data = data;
    this.#options = options;
    const augment = resolveAugment(options.augment, model.inputShape);
    this.#augment = augment && createAugmenter(augment, model.inputShape, options.seed ?? 0);
    const memory = optimizerMemory(model, options);
    this.#step = options.resume?.steps ?? 0;
    this.#state = Object.fromEntries(
      model.parameters.map(({ fullName }) => [fullName, memory.map((tensors) => tensors[fullName].data)]),
    );
    this.#average = firstAverage(model, parameters, options);
    if (this.#average) keep(copyAll(this.#average));
  }

  async epoch(
    order: Uint32Array,
    learningRates: Float64Array,
    options: EpochOptions = {},
  ): Promise<EpochTotals> {
    this.#checkOpen();
    checkEpoch(this.#model, this.#data, this.#options.batchSize, order, learningRates, options);
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
    const { batchSize } = this.#options;
    const slices = new Slices(signal);
    this.#idleSteps = before.idleSteps;
    let totals = before;
    try {
      for (let from = 0; from < order.length && !pause?.aborted; from += batchSize) {
        const indices = order.subarray(from, from + batchSize);
        totals = sumOf(totals, this.#trainOn(indices, epoch, learningRates[totals.steps - before.steps]));
        if (!(await slices.rest())) continue;
        this.#checkOpen();
        onProgress?.(totals);
      }
      return totals;
    } finally {
      // what was learnt before an abort or a divergence stays, too
      this.#keep(copyAll(this.#average ?? this.#parameters));
    }
  }

  async state(): Promise<RunState> {
    this.#checkOpen();
    const count = optimizerStateCount(this.#options.optimizer);
    const memory = Array.from({ length: count }, (_, k) =>
      copyAll(
        Object.fromEntries(
          this.#model.parameters.map(({ fullName, shape }) => [
            fullName,
            { shape, data: this.#state[fullName][k] },
          ]),
        ),
      ),
    );
    const average = this.#average && { average: copyAll(this.#average) };
    return { steps: this.#step, memory, parameters: copyAll(this.#parameters), ...average };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    checkOpen(this.#engine);
    if (this.#closed) throw closedRunError();
  }

  /** One step. Returns sums over the batch, from before the update. */
  #trainOn(indices: Uint32Array, epoch: number, learningRate: number): EpochTotals {
    const labels = labelsAt(this.#data, indices);
    const model = this.#model;
    const x = this.#load(indices, epoch);
    this.#step += 1;
    const step = trace(model, this.#parameters, x, labels, {
      inputGradient: false,
      seed: this.#options.seed ?? 0,
      step: this.#step,
    });
    if (!Number.isFinite(step.loss)) {
      throw DivergedError.notFinite("loss", step.loss, { ...this.#options, step: this.#step, learningRate });
    }

    const gradients = parameterGradients(step);
    if (this.#options.clip !== undefined) {
      clipGradients(
        Object.values(gradients).map(({ data }) => data),
        this.#options.clip,
      );
    }
    this.#update(gradients, nextState(step), learningRate);
    if (this.#step % LOOK_EVERY === 0) {
      const alive = step.loss < LEARNT || this.#moves(gradients);
      this.#idleSteps = alive ? 0 : this.#idleSteps + LOOK_EVERY;
    }
    return {
      steps: 1,
      images: indices.length,
      loss: step.loss * indices.length,
      correct: rightOnes(step.tensors[model.output], labels, step.tensors.probs).filter(Boolean).length,
      firstLoss: this.#step <= firstSteps(this.#options.batchSize) ? step.loss : 0,
      absurdSteps: step.loss > absurdLoss(model) ? 1 : 0,
      idleSteps: this.#idleSteps,
    };
  }

  /** The images of a batch. */
  #load(indices: Uint32Array, epoch: number): Tensor {
    const { inputShape, normalize } = this.#model;
    const { images } = this.#data;
    if (this.#augment === undefined) return loadBatch(images, inputShape, indices, normalize);
    const changed = augmented(this.#augment, images, inputShape, indices, epoch);
    return loadBatch(changed, inputShape, [...indices.keys()], normalize);
  }

  /** Takes the step: parameters, what layers keep besides, and their average. */
  #update(gradients: NamedTensors, state: NamedTensors, learningRate: number): void {
    const { optimizer, ema = 0 } = this.#options;
    for (const parameter of this.#model.parameters) {
      const { fullName: name } = parameter;
      const at = { step: this.#step, learningRate, decays: decaysOf(optimizer, parameter) };
      const average = this.#average && { numbers: this.#average[name].data, ema };
      const numbers = this.#parameters[name].data;
      updateParameter(optimizer, numbers, gradients[name].data, this.#state[name], at, average);
    }
    Object.assign(this.#parameters, state);
    if (this.#average === undefined) return;
    for (const [name, { data }] of Object.entries(state)) averageInto(this.#average[name].data, data, ema);
  }

  /** Whether a weight has a gradient other than zero. */
  #moves(gradients: NamedTensors): boolean {
    const weights = this.#model.parameters.filter(({ fanIn }) => fanIn > 0);
    const moves = ({ fullName }: (typeof weights)[number]) =>
      gradients[fullName].data.some((gradient) => gradient !== 0);
    return weights.length === 0 || weights.some(moves);
  }
}
