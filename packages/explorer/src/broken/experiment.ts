import {
  conv2d,
  type DataPair,
  DivergedError,
  defineModel,
  dense,
  type Engine,
  evaluate,
  FailureError,
  flatten,
  initialParameters,
  type Model,
  maxPool2d,
  type OptimizerSpec,
  ReferenceEngine,
  relu,
  sequential,
  type Tensor,
  Training,
} from "unravel-cnn";
import type { LabMistake } from "./mistakes.js";

/*
 * The experiment: a small network with two convolutions, because some mistakes show only where one convolution is behind
 * another, on digits drawn by the program. It is trained with the textbook, on whose layers the mistakes are put.
 */

export interface LabSettings {
  readonly optimizer: LabOptimizer;
  /** Of the digits, the first weights and the order of the images. */
  readonly seed: number;
}

export type LabOptimizer = "sgd" | "adam";

export const TRAIN_COUNT = 1000;
export const TEST_COUNT = 500;
export const EPOCHS = 3;
export const BATCH_SIZE = 10;
export const STEPS = (EPOCHS * TRAIN_COUNT) / BATCH_SIZE;
/** How many steps lie between two reports. */
const REPORT = 10;

/** Plain gradient descent, as in the lines of NumPy, or Adam; with learning rates that suit the right network. */
export const optimizers: Readonly<
  Record<LabOptimizer, { readonly title: string; readonly rate: number; readonly spec: OptimizerSpec }>
> = {
  sgd: { title: "plain gradient descent", rate: 0.1, spec: { type: "sgd", momentum: 0 } },
  adam: { title: "Adam", rate: 0.01, spec: { type: "adam" } },
};

export const labSpec = sequential(
  [1, 28, 28],
  [
    conv2d({ filters: 4, kernel: 5, stride: 2 }),
    relu(),
    maxPool2d({ size: 2 }),
    conv2d({ filters: 8, kernel: 3 }),
    relu(),
    flatten(),
    dense({ units: 10 }),
  ],
);

/** What is told of a training while it goes on. */
export interface Report {
  readonly steps: number;
  /** Mean over the images since the last report. */
  readonly loss: number;
  /** Share of the test digits that it gets right; told when an epoch ends, and at the start. */
  readonly accuracy?: number;
  /** `conv1.weight`, `[4, 1, 5, 5]`. */
  readonly filters: Tensor;
  /** Why it can't go on. */
  readonly problem?: string;
}

/** One network on its way, right or with a mistake. */
export class Learner {
  readonly #engine: Engine;
  readonly #training: Training;
  readonly #data: DataPair;
  #failed = false;

  private constructor(engine: Engine, training: Training, data: DataPair) {
    this.#engine = engine;
    this.#training = training;
    this.#data = data;
  }

  /** @param mistake undefined: none */
  static async open(
    mistake: LabMistake | undefined,
    data: DataPair,
    settings: LabSettings,
  ): Promise<Learner> {
    const { model: broken, start, data: spoilt, rate = 1 } = mistake?.change ?? {};
    const right: Model = defineModel(labSpec);
    const parameters = start ? start(right, settings.seed) : initialParameters(right, settings.seed);
    const engine = new ReferenceEngine(broken ? broken(right) : right, parameters);
    const { spec, rate: usual } = optimizers[settings.optimizer];
    const train = spoilt ? spoilt(data.train, settings.seed) : data.train;
    const training = await Training.open(engine, train, {
      epochs: EPOCHS,
      batchSize: BATCH_SIZE,
      optimizer: spec,
      learningRate: rate * usual,
      schedule: "constant",
      seed: settings.seed,
    });
    return new Learner(engine, training, data);
  }

  get done(): boolean {
    return this.#failed || this.#training.done;
  }

  /** Before the first step. */
  async begin(): Promise<Report> {
    const { loss, accuracy } = await evaluate(this.#engine, this.#data.test);
    return { steps: 0, loss, accuracy, filters: this.#filters() };
  }

  /** Some steps further, to the next report. */
  async advance(): Promise<Report> {
    const before = this.#training.steps;
    try {
      const { loss, images } = await this.#training.advance(REPORT);
      const report = { steps: this.#training.steps, loss: loss / images, filters: this.#filters() };
      if (this.#training.steps % this.#training.stepsPerEpoch !== 0) return report;
      const { accuracy } = await evaluate(this.#engine, this.#data.test);
      return { ...report, accuracy };
    } catch (error) {
      if (!(error instanceof FailureError)) throw error; // it diverged, or its scores overflow when they are measured
      this.#failed = true;
      const steps = error instanceof DivergedError ? Math.max(before, error.step - 1) : this.#training.steps;
      return { steps, loss: Number.NaN, filters: this.#filters(), problem: error.message };
    }
  }

  async close(): Promise<void> {
    await this.#training.close();
    await this.#engine.close();
  }

  #filters(): Tensor {
    return this.#engine.parameters()["conv1.weight"];
  }
}
